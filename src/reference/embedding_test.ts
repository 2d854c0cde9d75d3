import assert from "node:assert/strict";
import { assertClose } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { plainDenseProducts } from "./dense.ts";
import { electronicEmbedding, inputFeatures, nuclearEmbedding } from "./embedding.ts";
import { type Layers, residualMlp } from "./residual.ts";
import { columnSums } from "./rows.ts";

const layers: Layers = { products: plainDenseProducts, activation: "swish" };
const numbers = Uint8Array.of(8, 1, 1, 17);

Deno.test("nuclearEmbedding gives equal features to equal elements only", () => {
  const network = buildNetwork(tinyModel());
  const rows = nuclearEmbedding(plainDenseProducts, network, numbers);
  const row = (i: number) => rows.subarray(i * network.features, (i + 1) * network.features);
  assert.deepEqual(row(1), row(2));
  assert.notDeepEqual(row(0), row(3));
});

Deno.test("electronicEmbedding of the linear kind adds nothing to neutral singlets and tells the sign of a charge", () => {
  const network = buildNetwork(tinyModel());
  const nuclear = nuclearEmbedding(plainDenseProducts, network, numbers);
  const charge = (amount: number) => electronicEmbedding(layers, network.chargeEmbedding, nuclear, "charge", amount);
  const spin = (amount: number) => electronicEmbedding(layers, network.spinEmbedding, nuclear, "spin", amount);
  assert.ok(charge(0).every((feature) => feature === 0));
  assert.ok(spin(0).every((feature) => feature === 0));
  assert.notDeepEqual(charge(1), charge(-1));
  assert.deepEqual(spin(2), spin(-2));
});

Deno.test("electronicEmbedding of the nonlinear kind shares out its value without loss", () => {
  const network = buildNetwork(tinyModel({ nonlinearEmbedding: true }));
  const nuclear = nuclearEmbedding(plainDenseProducts, network, numbers);
  const embedding = network.chargeEmbedding;
  assert.equal(embedding.kind, "nonlinear");
  if (embedding.kind !== "nonlinear") return;
  const shares = electronicEmbedding(layers, embedding, nuclear, "charge", -2);
  const whole = residualMlp(
    layers,
    embedding.resblockValue,
    plainDenseProducts.linear(embedding.featurizeValue, Float64Array.of(-2), 1),
    1,
  );
  // the weights sum to 1 but for the 1e-8 added to their sum, which is at least 1
  assertClose(columnSums(shares, network.features), whole.value, 1e-8);
});

Deno.test("inputFeatures follow a permutation of the atoms", () => {
  for (const nonlinearEmbedding of [false, true]) {
    const network = buildNetwork(tinyModel({ nonlinearEmbedding }));
    const { features } = network;
    const forward = inputFeatures(layers, network, numbers, 1, 1);
    const backward = inputFeatures(layers, network, numbers.toReversed(), 1, 1);
    for (let i = 0; i < numbers.length; i++) {
      const mirrored = (numbers.length - 1 - i) * features;
      assertClose(
        forward.slice(i * features, (i + 1) * features),
        backward.slice(mirrored, mirrored + features),
        1e-13, // only the order of the sum over atoms differs
      );
    }
  }
});
