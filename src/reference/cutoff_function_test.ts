import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { cutoffFunction } from "./cutoff_function.ts";

Deno.test("cutoffFunction starts at 1 and is exactly 0 from the cutoff on", () => {
  assert.deepEqual(cutoffFunction(0, 5), { value: 1, slope: -0 });
  assert.deepEqual(cutoffFunction(5, 5), { value: 0, slope: 0 });
  assert.deepEqual(cutoffFunction(6, 5), { value: 0, slope: 0 });
  const last = cutoffFunction(5 - 1e-15, 5);
  assert.ok(Number.isFinite(last.value) && Number.isFinite(last.slope));
});

Deno.test("cutoffFunction has the slope of its value", () => {
  const r = Float64Array.of(0.3, 1, 2.5, 4, 4.6);
  const slopes = centralDifferences((at) => at.reduce((sum, x) => sum + cutoffFunction(x, 5).value, 0), r, 1e-4);
  assertClose(r.map((x) => cutoffFunction(x, 5).slope), slopes, 1e-9);
});
