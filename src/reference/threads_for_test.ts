import assert from "node:assert/strict";
import { threadsFor } from "./threads_for.ts";

Deno.test("threadsFor gives small structures one thread and larger ones more, up to the limit", () => {
  assert.equal(threadsFor(1, 16), 1);
  assert.equal(threadsFor(8, 16), 2);
  assert.equal(threadsFor(8, 1), 1);
  assert.equal(threadsFor(1000, 16), 16);
});
