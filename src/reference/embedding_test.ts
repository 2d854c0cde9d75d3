import assert from "node:assert/strict";
import { assertClose } from "../../tests/fixtures/central_differences.ts";
import { tinyModel, type TinyModelOptions } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { electronicEmbedding, inputFeatures, nuclearEmbedding } from "./embedding.ts";
import { placeNetwork } from "./place_network.ts";
import { linear } from "./plain_functions.ts";
import { layersFor, residualMlp } from "./residual.ts";
import { columnSums } from "./rows.ts";
import { soloExecution } from "./solo_execution.ts";

const numbers = Uint8Array.of(8, 1, 1, 17);

function placed(options: TinyModelOptions = {}) {
  const execution = soloExecution();
  const network = placeNetwork(buildNetwork(tinyModel(options)), execution.workspace);
  return { network, layers: layersFor(execution, "swish", numbers.length, network.features) };
}

Deno.test("nuclearEmbedding gives equal features to equal elements only", () => {
  const { network, layers } = placed();
  const rows = nuclearEmbedding(layers, network, numbers);
  const row = (i: number) => rows.subarray(i * network.features, (i + 1) * network.features);
  assert.deepEqual(row(1), row(2));
  assert.notDeepEqual(row(0), row(3));
});

Deno.test("electronicEmbedding of the linear kind adds nothing to neutral singlets and tells the sign of a charge", () => {
  const { network, layers } = placed();
  const nuclear = nuclearEmbedding(layers, network, numbers);
  const charge = (amount: number) => electronicEmbedding(layers, network.chargeEmbedding, nuclear, "charge", amount);
  const spin = (amount: number) => electronicEmbedding(layers, network.spinEmbedding, nuclear, "spin", amount);
  assert.ok(charge(0).every((feature) => feature === 0));
  assert.ok(spin(0).every((feature) => feature === 0));
  assert.notDeepEqual(charge(1), charge(-1));
  assert.deepEqual(spin(2), spin(-2));
});

Deno.test("electronicEmbedding of the nonlinear kind shares out its value without loss", () => {
  const { network, layers } = placed({ nonlinearEmbedding: true });
  const nuclear = nuclearEmbedding(layers, network, numbers);
  const embedding = network.chargeEmbedding;
  assert.equal(embedding.kind, "nonlinear");
  if (embedding.kind !== "nonlinear") return;
  const shares = electronicEmbedding(layers, embedding, nuclear, "charge", -2);
  const whole = residualMlp(
    layers,
    embedding.resblockValue,
    linear(embedding.featurizeValue, Float64Array.of(-2), 1),
    1,
  );
  // the weights sum to 1 but for the 1e-8 added to their sum, which is at least 1
  const sums = new Float64Array(network.features);
  columnSums(shares, numbers.length, network.features, sums, { from: 0, to: network.features });
  assertClose(sums, whole.value, 1e-8);
});

Deno.test("inputFeatures follow a permutation of the atoms", () => {
  for (const nonlinearEmbedding of [false, true]) {
    const { network, layers } = placed({ nonlinearEmbedding });
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
