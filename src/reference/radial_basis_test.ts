import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { basisFunction, radialFunctions, radialFunctionsAdjoint } from "./radial_basis.ts";
import { soloExecution } from "./solo_execution.ts";
import { createRandom } from "../structure/random.ts";

const execution = soloExecution();

const variants = [
  { basis: "exp-bernstein", expWeighting: true },
  { basis: "exp-bernstein", expWeighting: false },
  { basis: "exp-gaussian", expWeighting: true },
  { basis: "exp-gaussian", expWeighting: false },
  { basis: "gaussian", expWeighting: false },
  { basis: "bernstein", expWeighting: false },
  { basis: "sinc", expWeighting: false },
] as const;

for (const variant of variants) {
  const name = `${variant.basis}${variant.expWeighting ? ", weighted" : ""}`;
  const { radialBasis, basisFunctions, hyperparameters: { cutoff } } = buildNetwork(
    tinyModel({ ...variant, basisFunctions: 5 }),
  );

  Deno.test(`radialFunctions (${name}) have the adjoint of their values`, () => {
    const distances = Float64Array.of(0.2, 0.9, 2.1, 4.2, 4.9);
    const adjoint = randomArray(createRandom(1), distances.length * basisFunctions);
    const { derivatives } = radialFunctions(execution, radialBasis, basisFunctions, cutoff, distances);
    assertClose(
      radialFunctionsAdjoint(execution, derivatives, adjoint, basisFunctions),
      centralDifferences(
        (r) => dot(radialFunctions(execution, radialBasis, basisFunctions, cutoff, r).values, adjoint),
        distances,
      ),
      1e-8,
    );
  });

  Deno.test(`radialFunctions (${name}) are finite at the closest approach and 0 from the cutoff on`, () => {
    const distances = Float64Array.of(1e-3, cutoff * (1 - 1e-15), cutoff, 2 * cutoff);
    const { values, derivatives } = radialFunctions(execution, radialBasis, basisFunctions, cutoff, distances);
    assert.ok(values.every(Number.isFinite) && derivatives.every(Number.isFinite));
    assert.ok(values.subarray(2 * basisFunctions).every((value) => value === 0));
    assert.ok(derivatives.subarray(2 * basisFunctions).every((value) => value === 0));
  });
}

Deno.test("basisFunction of Bernstein kind is 0 beyond its stored cutoff, and its first function is 1 at none", () => {
  const basis = {
    kind: "bernstein",
    cutoff: 5,
    logc: Float64Array.of(0),
    n: Float64Array.of(2),
    v: Float64Array.of(0),
  } as const;
  assert.deepEqual(basisFunction(basis, 0, 5.0000005), { value: 0, slope: 0 });
  // (r/c)² at r = c/2; the logarithm of 1 − r/c counts for nothing with v = 0
  assert.ok(Math.abs(basisFunction(basis, 0, 2.5).value - 0.25) < 1e-15);
});

Deno.test("basisFunction of sinc kind is continuous where the series takes over", () => {
  const basis = { kind: "sinc", factor: Float64Array.of(1 / Math.PI) } as const;
  const below = basisFunction(basis, 0, 0.01 * (1 - 1e-13)), above = basisFunction(basis, 0, 0.01 * (1 + 1e-13));
  assert.ok(Math.abs(below.value - above.value) < 1e-15);
  // the closed form loses four digits of a slope of 0.003 here
  assert.ok(Math.abs(below.slope - above.slope) < 1e-13);
  assert.deepEqual(basisFunction(basis, 0, 0), { value: 1, slope: -0 });
});

Deno.test("radialFunctionsAdjoint takes an empty list of pairs", () => {
  assert.equal(radialFunctionsAdjoint(execution, new Float64Array(0), new Float64Array(0), 5).length, 0);
});
