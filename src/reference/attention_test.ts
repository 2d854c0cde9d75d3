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
import { plainDenseProducts as products } from "./dense.ts";

const features = 4;
const randomFeatures = 6;

function randomInputs(random: () => number, atoms: number): AttentionInputs {
  const rows = () => randomArray(random, atoms * features, 2);
  return { queries: rows(), keys: rows(), values: rows() };
}

const keys = ["queries", "keys", "values"] as const;

for (const atoms of [1, 5]) {
  Deno.test(`linearAttention of ${atoms} atoms has the adjoint of its value, through the maxima`, () => {
    const random = createRandom(atoms);
    const omega = { omega: randomArray(random, features * randomFeatures, 2), randomFeatures };
    const inputs = randomInputs(random, atoms), adjoint = randomArray(random, atoms * features);
    const { tape } = linearAttention(products, omega, inputs, atoms);
    const found = linearAttentionAdjoint(products, omega, inputs, tape, adjoint, atoms);
    for (const key of keys) {
      const f = (at: Float64Array) =>
        dot(linearAttention(products, omega, { ...inputs, [key]: at }, atoms).value, adjoint);
      // a single atom sees only itself: its queries and keys matter by the 1e-8 alone
      assertClose(found[key], centralDifferences(f, inputs[key]), 1e-8, { name: key, scale: 1e-4 });
    }
  });

  Deno.test(`exactAttention of ${atoms} atoms has the adjoint of its value, through the maximum`, () => {
    const random = createRandom(atoms);
    const inputs = randomInputs(random, atoms), adjoint = randomArray(random, atoms * features);
    const { tape } = exactAttention(products, inputs, atoms);
    const found = exactAttentionAdjoint(products, inputs, tape, adjoint, atoms);
    for (const key of keys) {
      const f = (at: Float64Array) => dot(exactAttention(products, { ...inputs, [key]: at }, atoms).value, adjoint);
      assertClose(found[key], centralDifferences(f, inputs[key]), 1e-8, { name: key, scale: 1e-4 });
    }
  });
}

Deno.test("linearAttention approaches exactAttention with many random features", () => {
  const random = createRandom(3);
  const atoms = 4, count = 40000;
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const omega = Float64Array.from({ length: features * count }, gaussian);
  const inputs = randomInputs(random, atoms);
  const exact = exactAttention(products, inputs, atoms).value;
  const linear = linearAttention(products, { omega, randomFeatures: count }, inputs, atoms).value;
  // the error falls like 1/√count, with a large variance factor; the 1e-4 in the map adds some
  assertClose(linear, exact, 0.1);
});

Deno.test("linearAttention of atoms with equal keys is the mean of their values", () => {
  const omega = { omega: randomArray(createRandom(4), features * randomFeatures), randomFeatures };
  const inputs = randomInputs(createRandom(5), 2);
  const key = inputs.keys.slice(0, features);
  const same = { ...inputs, keys: Float64Array.of(...key, ...key) };
  const { value } = linearAttention(products, omega, same, 2);
  const mean = inputs.values.subarray(0, features).map((v, f) => (v + inputs.values[features + f]!) / 2);
  assertClose(value, [...mean, ...mean], 1e-5); // 1e-8 in the norms, which are some thousandths
  assert.equal(value.length, 2 * features);
});
