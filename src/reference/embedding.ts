import type {
  ElectronicEmbedding,
  LinearElectronicEmbedding,
  Network,
  NonlinearElectronicEmbedding,
} from "../model/network.ts";
import { softplus } from "../model/softplus.ts";
import type { DenseProducts } from "./dense.ts";
import { accumulate, sum } from "./elementwise.ts";
import { type Layers, residualMlp } from "./residual.ts";

/** Keeps the electronic embedding's weights finite where all of them vanish. */
const smallestSum = 1e-8;

/**
 * The features a system starts with, `[N][F]`: nuclear, charge and spin embedding added up. They do not depend on the
 * positions, so they have no adjoint.
 */
export function inputFeatures(
  layers: Layers,
  network: Network,
  numbers: Uint8Array,
  charge: number,
  unpaired: number,
): Float64Array {
  const nuclear = nuclearEmbedding(layers.products, network, numbers);
  const features = sum(nuclear, electronicEmbedding(layers, network.chargeEmbedding, nuclear, "charge", charge));
  accumulate(features, electronicEmbedding(layers, network.spinEmbedding, nuclear, "spin", unpaired));
  return features;
}

/** z_i = element embedding[Z_i] + config_linear·electron configuration[Z_i], `[N][F]`. */
export function nuclearEmbedding(products: DenseProducts, network: Network, numbers: Uint8Array): Float64Array {
  const { features, elementEmbedding, configLinear } = network;
  const inputs = configLinear.inputs;
  const configurations = new Float64Array(numbers.length * inputs);
  numbers.forEach((z, i) => {
    configurations.set(network.electronConfig.subarray(z * inputs, (z + 1) * inputs), i * inputs);
  });
  const result = products.linear(configLinear, configurations, numbers.length);
  numbers.forEach((z, i) => {
    accumulate(
      result.subarray(i * features, (i + 1) * features),
      elementEmbedding.subarray(z * features, (z + 1) * features),
    );
  });
  return result;
}

/**
 * The embedding `[N][F]` of a whole system's charge (e) or number of unpaired electrons: the quantity is shared out over
 * the atoms by attention of the nuclear features `[N][F]` to it.
 */
export function electronicEmbedding(
  layers: Layers,
  embedding: ElectronicEmbedding,
  nuclear: Float64Array,
  quantity: "charge" | "spin",
  amount: number,
): Float64Array {
  return embedding.kind === "linear"
    ? linearEmbedding(layers, embedding, nuclear, quantity, amount)
    : nonlinearEmbedding(layers, embedding, nuclear, amount);
}

function linearEmbedding(
  layers: Layers,
  { query, key, value, resblock }: LinearElectronicEmbedding,
  nuclear: Float64Array,
  quantity: "charge" | "spin",
  amount: number,
): Float64Array {
  const { products } = layers;
  const atoms = nuclear.length / query.inputs;
  const electrons = quantity === "charge"
    ? Float64Array.of(Math.max(amount, 0), Math.max(-amount, 0))
    : Float64Array.of(Math.abs(amount));
  const keys = products.linear(key, electrons.map((e) => e / Math.max(e, 1)), 1);
  const values = products.linear(value, electrons, 1);
  const queries = products.linear(query, nuclear, atoms);
  const weights = products.product(queries, keys, atoms, query.outputs, 1)
    .map((logit) => softplus(logit / Math.sqrt(query.outputs)));
  return residualMlp(layers, resblock, shared(products, weights, values), atoms).value;
}

function nonlinearEmbedding(
  layers: Layers,
  { query, featurizeKey, resblockKey, featurizeValue, resblockValue }: NonlinearElectronicEmbedding,
  nuclear: Float64Array,
  amount: number,
): Float64Array {
  const { products } = layers;
  const atoms = nuclear.length / query.inputs;
  const electrons = Float64Array.of(amount);
  const keys = residualMlp(layers, resblockKey, products.linear(featurizeKey, electrons, 1), 1).value;
  const values = residualMlp(layers, resblockValue, products.linear(featurizeValue, electrons, 1), 1).value;
  const queries = products.linear(query, nuclear, atoms);
  const logits = products.product(queries, keys, atoms, query.outputs, 1);
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = logits.map((logit) => Math.exp((logit - largest) / Math.sqrt(query.outputs)));
  return shared(products, weights, values);
}

/** Each atom's share of the value, a_i/(Σ_j a_j + 1e-8)·v: a `[N]`, v `[F]` → `[N][F]`. */
function shared(products: DenseProducts, weights: Float64Array, value: Float64Array): Float64Array {
  const total = weights.reduce((a, b) => a + b, 0) + smallestSum;
  return products.product(weights.map((weight) => weight / total), value, weights.length, 1, value.length);
}
