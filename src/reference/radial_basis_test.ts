import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { cutoffFunction } from "./cutoff_function.ts";
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

  Deno.test(`radialFunctions (${name}) are the basis functions times the cutoff function, one by one`, () => {
    const distances = Float64Array.from({ length: 200 }, (_, i) => 1e-3 + i * (cutoff - 2e-3) / 199);
    const found = radialFunctions(execution, radialBasis, basisFunctions, cutoff, distances);
    const expected = Array.from(distances, (r) => {
      const envelope = cutoffFunction(r, cutoff);
      return Array.from({ length: basisFunctions }, (_, k) => {
        const { value, slope } = basisFunction(radialBasis, k, r);
        return [value * envelope.value, slope * envelope.value + value * envelope.slope] as const;
      });
    }).flat();
    // products in place of exponentials: an error of a rounding or two for each of up to K factors
    assertClose(found.values, expected.map(([value]) => value), 1e-14);
    assertClose(found.derivatives, expected.map(([, slope]) => slope), 1e-14);
  });

  Deno.test(`radialFunctions (${name}) are finite at the closest approach and 0 from the cutoff on`, () => {
    const distances = Float64Array.of(1e-3, cutoff * (1 - 1e-15), cutoff, 2 * cutoff);
    const { values, derivatives } = radialFunctions(execution, radialBasis, basisFunctions, cutoff, distances);
    assert.ok(values.every(Number.isFinite) && derivatives.every(Number.isFinite));
    assert.ok(values.subarray(2 * basisFunctions).every((value) => value === 0));
    assert.ok(derivatives.subarray(2 * basisFunctions).every((value) => value === 0));
  });
}

Deno.test("radialFunctions take Bernstein polynomials with any powers", () => {
  const whole = {
    kind: "bernstein",
    cutoff: 5,
    logc: Float64Array.of(0.3, 0, 1),
    n: Float64Array.of(0, 1, 2),
    v: Float64Array.of(2, 1, 0),
  } as const;
  const broken = { ...whole, n: Float64Array.of(0, 1, 2.5), v: Float64Array.of(2, 1.5, 0) };
  const distances = Float64Array.of(0.4, 2.2, 4.9);
  const found = radialFunctions(execution, broken, 3, 5, distances),
    near = radialFunctions(execution, whole, 3, 5, distances);
  distances.forEach((r, u) => {
    const [first, second, third] = found.values.subarray(3 * u, 3 * u + 3);
    const [same, lessSteep, lower] = near.values.subarray(3 * u, 3 * u + 3);
    assert.ok(Math.abs(first! / same! - 1) < 1e-14);
    assert.ok(Math.abs(second! / lessSteep! / Math.sqrt(1 - r / 5) - 1) < 1e-14);
    assert.ok(Math.abs(third! / lower! / Math.sqrt(r / 5) - 1) < 1e-14);
  });
});

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
