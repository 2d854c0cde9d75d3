import assert from "node:assert/strict";
import { spreadOf } from "./spread.ts";

Deno.test("spreadOf() interpolates quartiles between the values, whatever their order", () => {
  const expected = { least: 1, lower: 1.75, median: 2.5, upper: 3.25, mean: 2.5, count: 4 };
  assert.deepEqual(spreadOf([4, 1, 3, 2]), expected);
});

Deno.test("spreadOf() of one value is that value throughout", () => {
  assert.deepEqual(spreadOf([7]), { least: 7, lower: 7, median: 7, upper: 7, mean: 7, count: 1 });
});
