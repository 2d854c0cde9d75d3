import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { createRandom } from "../structure/random.ts";
import {
  type AttentionInputs,
  exactAttention,
  exactAttentionAdjoint,
  linearAttention,
  linearAttentionAdjoint,
} from "./attention.ts";
import { randomProjection } from "./place_network.ts";
import { prepareLinear } from "./plain_functions.ts";
import { soloExecution } from "./solo_execution.ts";

const features = 4;
const randomFeatures = 6;
const execution = soloExecution();

/** Of the central differences; larger than elsewhere, for what a single atom adds is lost in rounding otherwise. */
const step = 1e-3;

function projectionOf(omega: Float64Array) {
  return prepareLinear(randomProjection(omega, features, omega.length / features));
}

function randomInputs(random: () => number, atoms: number): AttentionInputs {
  const rows = () => randomArray(random, atoms * features, 2);
  return { queries: rows(), keys: rows(), values: rows() };
}

const keys = ["queries", "keys", "values"] as const;

for (const atoms of [1, 5]) {
  Deno.test(`linearAttention of ${atoms} atoms has the adjoint of its value, through the maxima`, () => {
    const random = createRandom(atoms);
    const omega = projectionOf(randomArray(random, features * randomFeatures, 2));
    const inputs = randomInputs(random, atoms), adjoint = randomArray(random, atoms * features);
    const { tape } = linearAttention(execution, omega, inputs, atoms);
    const found = linearAttentionAdjoint(execution, omega, inputs, tape, adjoint, atoms);
    for (const key of keys) {
      const f = (at: Float64Array) =>
        dot(linearAttention(execution, omega, { ...inputs, [key]: at }, atoms).value, adjoint);
      // a single atom sees only itself: its queries and keys matter by the 1e-8 alone
      assertClose(found[key], centralDifferences(f, inputs[key], step), 1e-8, { name: key, scale: 1e-4 });
    }
  });

  Deno.test(`exactAttention of ${atoms} atoms has the adjoint of its value, through the maximum`, () => {
    const random = createRandom(atoms);
    const inputs = randomInputs(random, atoms), adjoint = randomArray(random, atoms * features);
    const { tape } = exactAttention(execution, inputs, atoms);
    const found = exactAttentionAdjoint(execution, inputs, tape, adjoint, atoms);
    for (const key of keys) {
      const f = (at: Float64Array) => dot(exactAttention(execution, { ...inputs, [key]: at }, atoms).value, adjoint);
      assertClose(found[key], centralDifferences(f, inputs[key], step), 1e-8, { name: key, scale: 1e-4 });
    }
  });
}

Deno.test("linearAttention approaches exactAttention with many random features", () => {
  const random = createRandom(3);
  const atoms = 4, count = 40000;
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const omega = Float64Array.from({ length: features * count }, gaussian);
  const inputs = randomInputs(random, atoms);
  const exact = exactAttention(execution, inputs, atoms).value;
  const linear = linearAttention(execution, projectionOf(omega), inputs, atoms).value;
  // the error falls like 1/√count, with a large variance factor; the 1e-4 in the map adds some
  assertClose(linear, exact, 0.1);
});

Deno.test("linearAttention of atoms with equal keys is the mean of their values", () => {
  const omega = projectionOf(randomArray(createRandom(4), features * randomFeatures));
  const inputs = randomInputs(createRandom(5), 2);
  const key = inputs.keys.slice(0, features);
  const same = { ...inputs, keys: Float64Array.of(...key, ...key) };
  const { value } = linearAttention(execution, omega, same, 2);
  const mean = inputs.values.subarray(0, features).map((v, f) => (v + inputs.values[features + f]!) / 2);
  assertClose(value, [...mean, ...mean], 1e-5); // 1e-8 in the norms, which are some thousandths
  assert.equal(value.length, 2 * features);
});
