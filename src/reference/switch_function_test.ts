import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { switchFunction } from "./switch_function.ts";

Deno.test("switchFunction is exactly 1 before, exactly 0 after and ½ in the middle of its range", () => {
  assert.deepEqual(switchFunction(1, 1, 3), { value: 1, slope: 0 });
  assert.deepEqual(switchFunction(3, 1, 3), { value: 0, slope: 0 });
  assert.equal(switchFunction(2, 1, 3).value, 0.5);
});

Deno.test("switchFunction stays finite next to the ends, where its argument overflows", () => {
  for (const x of [5e-324, 1e-200, 1e-3, 1 - 1e-16]) {
    const { value, slope } = switchFunction(x, 0, 1);
    assert.ok(Number.isFinite(value) && Number.isFinite(slope), `${x}`);
  }
});

Deno.test("switchFunction is the published ratio of exponentials and has the slope of its value", () => {
  const g = (x: number) => Math.exp(-1 / x);
  const r = Float64Array.of(1.2, 1.5, 2, 2.3, 2.9);
  const expected = r.map((x) => (x - 1) / 2).map((x) => g(1 - x) / (g(x) + g(1 - x)));
  assertClose(r.map((x) => switchFunction(x, 1, 3).value), expected, 1e-14);
  const slopes = centralDifferences((at) => at.reduce((sum, x) => sum + switchFunction(x, 1, 3).value, 0), r);
  assertClose(r.map((x) => switchFunction(x, 1, 3).slope), slopes, 1e-8);
});
