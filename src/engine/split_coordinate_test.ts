import assert from "node:assert/strict";
import { createRandom } from "../structure/random.ts";
import { grid, longestGridVector, writeSplitVector } from "./split_coordinate.ts";

/** A vector's two parts. */
function split(x: number, y: number, z: number): { h: Float32Array; l: Float32Array } {
  const parts = new Float32Array(8);
  writeSplitVector(x, y, z, parts, 0);
  return { h: parts.subarray(0, 3), l: parts.subarray(4, 7) };
}

/** `distance_of` of kernels/radial_table.wgsl, every operation rounded to float32. */
function distanceOf(
  h: Float32Array,
  l: Float32Array,
  interval: number,
): { r: number; interval: number; delta: number } {
  const f = Math.fround;
  const dot = (a: Float32Array, b: Float32Array) => f(f(f(a[0]! * b[0]!) + f(a[1]! * b[1]!)) + f(a[2]! * b[2]!));
  const [x, y, z] = [...h].map((component) => Math.round(f(component * grid)));
  const square = (x! * x! + y! * y! + z! * z!) >>> 0;
  const k = Math.round(f(Math.sqrt(f(square)))) >>> 0;
  const rest = f(f(f((square - Math.imul(k, k)) | 0) / f(grid * grid)) + f(f(2 * dot(h, l)) + dot(l, l)));
  const coarse = f(k / grid);
  const first = f(rest / f(2 * coarse));
  const rho = f(rest / f(f(2 * coarse) + first));
  const steps = interval * grid;
  const which = Math.floor(k / steps);
  return { r: f(coarse + rho), interval: which, delta: f(f((k - (which * steps + steps / 2)) / grid) + rho) };
}

Deno.test("writeSplitVector writes two float32 vectors whose sum is the vector, the first on a grid", () => {
  const random = createRandom(11);
  for (let turn = 0; turn < 1000; turn++) {
    const vector = [0, 1, 2].map(() => 200 * (2 * random() - 1));
    const { h, l } = split(vector[0]!, vector[1]!, vector[2]!);
    vector.forEach((component, k) => {
      assert.ok(Number.isInteger(h[k]! * grid));
      // the rest is at most half a grid step, its rounding at most 2⁻²⁴ of that
      assert.ok(Math.abs(l[k]!) <= 0.5 / grid);
      assert.ok(Math.abs(h[k]! + l[k]! - component) <= 0.5 / grid * 2 ** -24);
    });
  }
});

Deno.test("writeSplitVector gives first parts whose differences and sums are exact", () => {
  const random = createRandom(12);
  for (let turn = 0; turn < 1000; turn++) {
    const [a, b, c] = [0, 1, 2].map(() => split(600 * (2 * random() - 1), 0, 0).h[0]!);
    assert.equal(Math.fround(Math.fround(b! - a!) + c!), b! - a! + c!);
  }
});

Deno.test("writeSplitVector writes where it is told, and leaves the fourth components alone", () => {
  const target = new Float32Array(24).fill(7);
  writeSplitVector(1 / 3, -2, 5.5, target, 8);
  assert.deepEqual([...target.subarray(0, 8), ...target.subarray(16)], new Array(16).fill(7));
  assert.equal(target[11], 7);
  assert.equal(target[15], 7);
  assert.deepEqual([...target.subarray(13, 15)], [0, 0]);
});

/** What the grid leaves of a distance at most, Å: half a step of the root, and the rests of three coordinates. */
const largestRest = (0.5 + 0.5 * Math.sqrt(3)) / grid;

Deno.test("distance_of recovers distances to some 1e-11 Å from split vectors, and where they stand in their interval", () => {
  const random = createRandom(13);
  const interval = 1 / 128;
  for (let turn = 0; turn < 4000; turn++) {
    // from closer than any two atoms come to the longest vector that the grid's integers hold
    const length = turn % 2 === 0 ? 0.1 + 1.5 * random() : 0.99 * longestGridVector * random() + 0.1;
    const direction = [0, 1, 2].map(() => 2 * random() - 1);
    const norm = Math.hypot(...direction);
    const vector = direction.map((component) => component / norm * length);
    const { h, l } = split(vector[0]!, vector[1]!, vector[2]!);
    const found = distanceOf(h, l, interval);
    const exact = Math.hypot(...vector);
    // r as one float32 number is right to its last bit
    assert.ok(Math.abs(found.r - exact) <= 1.01 * 2 ** -24 * exact);
    // The rest ρ, at most 3.4e-4 Å, is a sum of terms of its size with two roundings each, 4e-11 Å; its iteration stops
    // after terms of ρ³/4r²; and δ itself is one float32 number.
    const place = found.delta + (found.interval + 0.5) * interval;
    const allowed = 2 * largestRest * 2 ** -24 + largestRest ** 3 / (4 * exact ** 2) + Math.abs(found.delta) * 2 ** -24;
    assert.ok(Math.abs(place - exact) <= allowed, `${exact} Å is off by ${place - exact}`);
    assert.ok(Math.abs(found.delta) <= interval / 2 + largestRest);
  }
});
