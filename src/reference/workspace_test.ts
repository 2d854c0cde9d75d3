import { deepEqual, equal, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { soloTeam } from "./team.ts";
import { OutOfMemoryError, Workspace } from "./workspace.ts";

function workspace(): Workspace {
  return new Workspace(new WebAssembly.Memory({ initial: 1, maximum: 1000, shared: true }), soloTeam, 100);
}

Deno.test("Workspace gives arrays that do not overlap and begin at cache lines", () => {
  const space = workspace();
  const arrays = [space.float64(3), space.int32(5), space.float64(0), space.float64(20000)];
  arrays.forEach((array, i) => array.fill(i + 1));
  deepEqual(arrays.map((array) => array.byteOffset % 64), [0, 0, 0, 0]);
  arrays.forEach((array, i) => equal(array.every((value) => value === i + 1), true));
});

Deno.test("Workspace gives the same arrays again to the same requests after a reset, others to others", () => {
  const space = workspace();
  const first = space.float64(7), second = space.int32(9);
  space.reset();
  strictEqual(space.float64(7), first);
  strictEqual(space.int32(9), second);
  space.reset();
  notStrictEqual(space.float64(8), first);
  equal(space.int32(9).length, 9);
});

Deno.test("Workspace takes all the memory there is and says what is missing beyond it", () => {
  const space = new Workspace(new WebAssembly.Memory({ initial: 1, maximum: 20, shared: true }), soloTeam, 100);
  equal(space.float64(19 * 8192).fill(1).length, 19 * 8192);
  throws(() => space.float64(8192), OutOfMemoryError);
  space.reset();
  equal(space.float64(19 * 8192)[0], 1);
});
