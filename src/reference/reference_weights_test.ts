import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createRandom } from "../structure/random.ts";
import { referenceCount } from "./reference_c6.ts";
import { referenceWeights, referenceWeightsAdjoint } from "./reference_weights.ts";
import { soloExecution } from "./solo_execution.ts";

const dispersion = buildNetwork(tinyModel()).dispersion!;
const execution = soloExecution();

Deno.test("referenceWeights have the adjoints of their value, on every branch", () => {
  const numbers = Uint8Array.of(6, 8, 1, 1, 6);
  // the fourth atom has lost more than its electron, the fifth's coordination is far from any reference's
  const coordination = Float64Array.of(3.1, 1.4, 0.9, 0.5, 60);
  const charges = Float64Array.of(-0.3, 0.5, 0.2, -1.5, 0.1);
  charges[3] = -dispersion.zeff[1]! - 0.1;
  const adjoint = randomArray(createRandom(1), numbers.length * referenceCount);
  const f = (cn: Float64Array, q: Float64Array) =>
    dot(referenceWeights(execution, dispersion, numbers, cn, q).values, adjoint);
  const found = referenceWeights(execution, dispersion, numbers, coordination, charges);
  assertClose(
    referenceWeightsAdjoint(execution, found.coordinationSlopes, adjoint),
    centralDifferences((cn) => f(cn, charges), coordination),
    1e-8,
  );
  assertClose(
    referenceWeightsAdjoint(execution, found.chargeSlopes, adjoint),
    centralDifferences((q) => f(coordination, q), charges),
    1e-8,
  );
  const last = found.values.subarray(4 * referenceCount);
  const tabulated = dispersion.fixgweights.subarray(6 * referenceCount, 7 * referenceCount);
  assert.deepEqual([...last].map((weight) => weight > 0), [...tabulated].map((weight) => weight > 0));
});

Deno.test("referenceWeights of neutral references sum to the charge scaling's mean", () => {
  // with the references' own charge the scaling is 1, so that the weights themselves remain, which are normalised
  const neutral = { ...dispersion, refq: new Float64Array(dispersion.refq.length) };
  const { values } = referenceWeights(execution, neutral, Uint8Array.of(6), Float64Array.of(2.5), Float64Array.of(0));
  assert.ok(Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-14);
});
