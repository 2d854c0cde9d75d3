import type { ElectronicEmbedding, LinearElectronicEmbedding, NonlinearElectronicEmbedding } from "../model/network.ts";
import { softplus } from "../model/softplus.ts";
import type { Execution } from "./execution.ts";
import type { Placed, PlacedNetwork } from "./place_network.ts";
import { type Layers, layersFor, residualMlp } from "./residual.ts";
import { share } from "./team.ts";
import { total } from "./total.ts";

/** Keeps the electronic embedding's weights finite where all of them vanish. */
const smallestSum = 1e-8;

/**
 * The features a system starts with, `[N][F]`: nuclear, charge and spin embedding added up. They do not depend on the
 * positions, so they have no adjoint.
 */
export function inputFeatures(
  layers: Layers,
  network: PlacedNetwork,
  numbers: Uint8Array,
  charge: number,
  unpaired: number,
): Float64Array {
  const nuclear = nuclearEmbedding(layers, network, numbers);
  return total(layers, numbers.length, [
    nuclear,
    electronicEmbedding(layers, network.chargeEmbedding, nuclear, "charge", charge),
    electronicEmbedding(layers, network.spinEmbedding, nuclear, "spin", unpaired),
  ]);
}

/** z_i = element embedding[Z_i] + config_linear·electron configuration[Z_i], `[N][F]`. */
export function nuclearEmbedding(
  { workspace, team, operations }: Execution,
  { features, elementEmbedding, electronConfig, configLinear }: PlacedNetwork,
  numbers: Uint8Array,
): Float64Array {
  const { inputs } = configLinear;
  const configurations = workspace.float64(numbers.length * inputs);
  const embeddings = workspace.float64(numbers.length * features);
  const result = workspace.float64(numbers.length * features);
  const own = share(team, numbers.length);
  for (let i = own.from; i < own.to; i++) {
    const z = numbers[i]!;
    configurations.set(electronConfig.subarray(z * inputs, (z + 1) * inputs), i * inputs);
    embeddings.set(elementEmbedding.subarray(z * features, (z + 1) * features), i * features);
  }
  operations.linear(configLinear, configurations, result, own, embeddings);
  return result;
}

/**
 * The embedding `[N][F]` of a whole system's charge (e) or number of unpaired electrons: the quantity is shared out over
 * the atoms by attention of the nuclear features `[N][F]` to it.
 */
export function electronicEmbedding(
  layers: Layers,
  embedding: Placed<ElectronicEmbedding>,
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
  { query, key, value, resblock }: Placed<LinearElectronicEmbedding>,
  nuclear: Float64Array,
  quantity: "charge" | "spin",
  amount: number,
): Float64Array {
  const { workspace, team, operations } = layers;
  const atoms = nuclear.length / query.inputs;
  const electrons = quantity === "charge" ? [Math.max(amount, 0), Math.max(-amount, 0)] : [Math.abs(amount)];
  const keys = workspace.float64(key.outputs), values = workspace.float64(value.outputs);
  const single = share(team, 1);
  operations.linear(key, row(layers, electrons.map((e) => e / Math.max(e, 1))), keys, single);
  operations.linear(value, row(layers, electrons), values, single);
  const weights = workspace.float64(atoms);
  logits(layers, query, nuclear, keys, weights);
  const { from, to } = share(team, atoms);
  for (let i = from; i < to; i++) weights[i] = softplus(weights[i]! / Math.sqrt(query.outputs));
  return residualMlp(layers, resblock, shared(layers, weights, values), atoms).value;
}

function nonlinearEmbedding(
  layers: Layers,
  { query, featurizeKey, resblockKey, featurizeValue, resblockValue }: Placed<NonlinearElectronicEmbedding>,
  nuclear: Float64Array,
  amount: number,
): Float64Array {
  const { workspace, team, operations, activation } = layers;
  const atoms = nuclear.length / query.inputs;
  const single = share(team, 1);
  // scratch of their own, for the one row may be another thread's than the first of many
  const one = layersFor(layers, activation, 1, query.outputs);
  const [keyFeatures, valueFeatures] = [featurizeKey, featurizeValue].map((layer) => {
    const features = workspace.float64(layer.outputs);
    operations.linear(layer, row(layers, [amount]), features, single);
    return features;
  });
  const keys = residualMlp(one, resblockKey, keyFeatures!, 1).value;
  const values = residualMlp(one, resblockValue, valueFeatures!, 1).value;
  const attention = workspace.float64(atoms), weights = workspace.float64(atoms);
  logits(layers, query, nuclear, keys, attention);
  team.barrier();
  const largest = attention.reduce((a, b) => Math.max(a, b), -Infinity);
  const { from, to } = share(team, atoms);
  for (let i = from; i < to; i++) weights[i] = Math.exp((attention[i]! - largest) / Math.sqrt(query.outputs));
  return shared(layers, weights, values);
}

/** One row of numbers, written by the thread that a single row belongs to. */
function row({ workspace, team }: Execution, numbers: readonly number[]): Float64Array {
  const result = workspace.float64(numbers.length);
  const { from, to } = share(team, 1);
  if (from < to) result.set(numbers);
  return result;
}

/** Products of the atoms' queries with the one key, q_i·k: `[N][F]`, `[F]` → `[N]`. */
function logits(
  { workspace, team, operations }: Execution,
  query: Placed<LinearElectronicEmbedding>["query"],
  nuclear: Float64Array,
  keys: Float64Array,
  result: Float64Array,
): void {
  const own = share(team, result.length);
  const queries = workspace.float64(result.length * query.outputs);
  operations.linear(query, nuclear, queries, own);
  team.barrier();
  operations.product(queries, keys, result, query.outputs, 1, own);
}

/** Each atom's share of the value, a_i/(Σ_j a_j + 1e-8)·v: a `[N]`, v `[F]` → `[N][F]`. */
function shared({ workspace, team, operations }: Execution, weights: Float64Array, value: Float64Array): Float64Array {
  const atoms = weights.length;
  const shares = workspace.float64(atoms);
  const result = workspace.float64(atoms * value.length);
  team.barrier();
  const sum = weights.reduce((a, b) => a + b, 0) + smallestSum;
  const own = share(team, atoms);
  for (let i = own.from; i < own.to; i++) shares[i] = weights[i]! / sum;
  operations.product(shares, value, result, 1, value.length, own);
  return result;
}
