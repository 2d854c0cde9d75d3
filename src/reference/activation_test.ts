import assert from "node:assert/strict";
import { assertClose, randomArray } from "../../tests/fixtures/central_differences.ts";
import { activate } from "./plain_functions.ts";
import { createRandom } from "../structure/random.ts";

const kinds = ["swish", "ssp"] as const;

Deno.test("activate differentiates both activations, a vanishing beta included", () => {
  const random = createRandom(1);
  const alpha = randomArray(random, 4), beta = Float64Array.of(1.7, -0.8, 0, 0.01);
  const x = randomArray(random, 12, 3);
  const h = 1e-3;
  for (const kind of kinds) {
    const at = (steps: number) => activate(kind, { alpha, beta }, x.map((element) => element + steps * h)).value;
    const [p2, p1, m1, m2] = [at(2), at(1), at(-1), at(-2)];
    const slopes = x.map((_, i) => (8 * (p1[i]! - m1[i]!) - (p2[i]! - m2[i]!)) / (12 * h));
    // rounding of values around 1 over a step of 1e-3; for beta = 0.01 ssp loses two digits to its division by beta
    assertClose(activate(kind, { alpha, beta }, x).derivative, slopes, 1e-10, { name: kind });
  }
});

Deno.test("activate stays finite where the exponential overflows", () => {
  const parameters = { alpha: Float64Array.of(1), beta: Float64Array.of(2) };
  for (const kind of kinds) {
    const { value, derivative } = activate(kind, parameters, Float64Array.of(-1e4, 1e4));
    assert.ok(value.every(Number.isFinite), kind);
    assert.deepEqual([...derivative].map(Math.abs), [0, 1], kind);
  }
});

Deno.test("activate takes the limit of ssp at beta = 0", () => {
  const x = Float64Array.of(0.7);
  const at = (beta: number) =>
    activate("ssp", { alpha: Float64Array.of(1.3), beta: Float64Array.of(beta) }, x).value[0]!;
  assert.equal(at(0), 1.3 * 0.7 / 2);
  // the next term of the series is alpha beta x²/8
  assert.ok(Math.abs(at(1e-6) - at(0)) < 1e-6);
});
