import assert from "node:assert/strict";
import { cellVolume, completeCell, invertCell, isDegenerate, signedVolume } from "./cell.ts";

const skewed = Float64Array.of(11, 0.3, -0.2, 5, -10, 0.5, -6, 4, 12);

function product(a: Float64Array, b: Float64Array): number[] {
  return Array.from(
    { length: 9 },
    (_, at) => [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(at / 3) + k]! * b[3 * k + at % 3]!, 0),
  );
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>) {
  assert.equal(found.length, expected.length);
  for (let k = 0; k < found.length; k++) assert.ok(Math.abs(found[k]! - expected[k]!) < 1e-14, `${found} ${expected}`);
}

Deno.test("signedVolume is negative for a left-handed cell and cellVolume never", () => {
  assert.equal(signedVolume(Float64Array.of(2, 0, 0, 0, 3, 0, 0, 0, 4)), 24);
  assert.equal(signedVolume(Float64Array.of(0, 3, 0, 2, 0, 0, 0, 0, 4)), -24);
  assert.equal(cellVolume(Float64Array.of(0, 3, 0, 2, 0, 0, 0, 0, 4)), 24);
});

Deno.test("invertCell gives the inverse from both sides and refuses a singular cell", () => {
  const unit = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  assertClose(product(skewed, invertCell(skewed)), unit);
  assertClose(product(invertCell(skewed), skewed), unit);
  assert.throws(() => invertCell(new Float64Array(9)), /linearly independent .* volume 0/);
});

Deno.test("completeCell keeps periodic vectors and puts perpendicular unit vectors in the place of the others", () => {
  const masks = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [0, 1, 2].map((axis) => (bits >> axis & 1) === 1));
  for (const mask of masks) {
    const periodic = mask as [boolean, boolean, boolean];
    const complete = completeCell({ cell: skewed, periodic });
    for (let axis = 0; axis < 3; axis++) {
      const vector = complete.subarray(3 * axis, 3 * axis + 3);
      if (periodic[axis]) {
        assert.deepEqual(vector, skewed.subarray(3 * axis, 3 * axis + 3));
      } else {
        for (let other = 0; other < 3; other++) {
          const dot = [0, 1, 2].reduce((sum, k) => sum + vector[k]! * complete[3 * other + k]!, 0);
          assert.ok(Math.abs(dot - (other === axis ? 1 : 0)) < 1e-14);
        }
      }
    }
  }
  assertClose(completeCell({ cell: null, periodic: [false, false, false] }), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

Deno.test("isDegenerate looks only at the periodic vectors", () => {
  const flat = Float64Array.of(9, 0, 0, 0, 9, 0, 9, 9, 0);
  assert.equal(isDegenerate({ cell: flat, periodic: [true, true, true] }), true);
  assert.equal(isDegenerate({ cell: flat, periodic: [true, true, false] }), false);
  assert.equal(isDegenerate({ cell: flat, periodic: [false, false, false] }), false);
  assert.equal(isDegenerate({ cell: null, periodic: [false, false, false] }), false);
  const missing = Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 0);
  assert.equal(isDegenerate({ cell: missing, periodic: [true, true, false] }), false);
  assert.equal(isDegenerate({ cell: missing, periodic: [true, true, true] }), true);
  const parallel = Float64Array.of(3, 0, 0, -6, 0, 0, 0, 0, 5);
  assert.equal(isDegenerate({ cell: parallel, periodic: [true, true, false] }), true);
  const tiny = Float64Array.of(0.01, 0, 0, 0, 0, 0, 0, 0, 0);
  assert.equal(isDegenerate({ cell: tiny, periodic: [true, false, false] }), true);
  for (const wrong of [NaN, Infinity, 1e200]) {
    const cell = Float64Array.of(wrong, 0, 0, 0, wrong, 0, 0, 0, wrong);
    assert.equal(isDegenerate({ cell, periodic: [true, true, true] }), true);
  }
});
