import assert from "node:assert/strict";
import { constantBytes } from "./simd_operations.ts";
import { stateOf, TeamControl } from "./team_control.ts";
import { ThreadTeam } from "./thread_team.ts";

function createControl(threads: number): TeamControl {
  assert.ok(TeamControl.end(threads) < 65536);
  return new TeamControl(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
}

Deno.test("ThreadTeam does not wait where one thread works alone", () => {
  const team = new ThreadTeam(createControl(1), 0);
  assert.equal(team.size, 1);
  team.barrier();
});

Deno.test("ThreadTeam says why another thread cannot come to the barrier", () => {
  const control = createControl(2);
  const team = new ThreadTeam(control, 0);
  team.begin(2);
  control.fail("Expected α but found ß");
  control.fail("a later reason");
  assert.throws(
    () => team.barrier(),
    /^Error: Expected all threads to compute but one failed: Expected α but found ß$/,
  );
});

Deno.test("TeamControl keeps what can be said in its room of a long reason", () => {
  const control = createControl(2);
  assert.equal(control.failure, null);
  control.fail("x".repeat(10_000));
  assert.match(control.failure!, /^x{500,}$/);
});

Deno.test("TeamControl has room for the states of all threads", () => {
  for (const threads of [1, 2, 64]) assert.ok(constantBytes + 4 * stateOf(threads - 1) + 4 <= TeamControl.end(threads));
});
