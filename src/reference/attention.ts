import type { DenseProducts } from "./dense.ts";
import { accumulate } from "./elementwise.ts";
import { type FeatureMap, featureMap, featureMapAdjoint, type RandomFeatures } from "./feature_map.ts";
import type { Taped } from "./residual.ts";
import { columnSums, divideRows, placeOfMaximum, rowSums } from "./rows.ts";

/** Queries, keys and values, or their adjoints, `[N][F]` each. */
export interface AttentionInputs {
  readonly queries: Float64Array;
  readonly keys: Float64Array;
  readonly values: Float64Array;
}

/** What the adjoint of {@link linearAttention} needs. */
export interface LinearAttentionTape {
  readonly queries: FeatureMap;
  readonly keys: FeatureMap;
  /** Σ_j φk_j v_jᵀ `[m][F]`. */
  readonly keyValues: Float64Array;
  /** Σ_j φk_j `[m]`. */
  readonly keySum: Float64Array;
  /** φq_i·Σ_j φk_j + 1e-8 `[N]`. */
  readonly norms: Float64Array;
  readonly result: Float64Array;
}

/** What the adjoint of {@link exactAttention} needs. */
export interface ExactAttentionTape {
  /** exp((q_i·k_j − max)/√F) `[N][N]`. */
  readonly weights: Float64Array;
  /** Where the maximum stands in `[N][N]`. */
  readonly maximum: number;
  /** Σ_j weights + 1e-8 `[N]`. */
  readonly norms: Float64Array;
  readonly result: Float64Array;
}

/** Keeps the norms from vanishing. */
const smallestNorm = 1e-8;

/**
 * Attention of every atom to all atoms of its structure at linear cost, with random features:
 * n_i = φq_i·(Σ_j φk_j v_jᵀ) / (φq_i·Σ_j φk_j + 1e-8), `[N][F]`. (Unke et al. 2021, Methods.)
 */
export function linearAttention(
  products: DenseProducts,
  random: RandomFeatures,
  inputs: AttentionInputs,
  atoms: number,
): Taped<LinearAttentionTape> {
  const features = inputs.queries.length / atoms, m = random.randomFeatures;
  const queries = featureMap(products, random, inputs.queries, atoms, "queries");
  const keys = featureMap(products, random, inputs.keys, atoms, "keys");
  const keyValues = products.productLeftTransposed(keys.mapped, inputs.values, m, atoms, features);
  const keySum = columnSums(keys.mapped, m);
  const norms = products.product(queries.mapped, keySum, atoms, m, 1).map((norm) => norm + smallestNorm);
  const value = divideRows(products.product(queries.mapped, keyValues, atoms, m, features), norms);
  return { value, tape: { queries, keys, keyValues, keySum, norms, result: value } };
}

/** Adjoint of {@link linearAttention}: n̄ `[N][F]` → adjoints of queries, keys and values. */
export function linearAttentionAdjoint(
  products: DenseProducts,
  random: RandomFeatures,
  inputs: AttentionInputs,
  tape: LinearAttentionTape,
  adjoint: Float64Array,
  atoms: number,
): AttentionInputs {
  const features = inputs.queries.length / atoms, m = random.randomFeatures;
  const numerators = divideRows(adjoint, tape.norms);
  const norms = normsAdjoint(numerators, tape.result, atoms);
  const queries = products.productRightTransposed(numerators, tape.keyValues, atoms, features, m);
  accumulate(queries, products.product(norms, tape.keySum, atoms, 1, m));
  const keyValues = products.productLeftTransposed(tape.queries.mapped, numerators, m, atoms, features);
  const keySum = products.product(norms, tape.queries.mapped, 1, atoms, m);
  const keys = products.productRightTransposed(inputs.values, keyValues, atoms, features, m);
  for (let row = 0; row < atoms; row++) accumulate(keys.subarray(row * m, (row + 1) * m), keySum);
  return {
    queries: featureMapAdjoint(products, random, inputs.queries, tape.queries, queries, atoms),
    keys: featureMapAdjoint(products, random, inputs.keys, tape.keys, keys, atoms),
    values: products.product(tape.keys.mapped, keyValues, atoms, m, features),
  };
}

/**
 * Exact attention, n_i = Σ_j a_ij v_j / (Σ_j a_ij + 1e-8) with a_ij = exp((q_i·k_j − max)/√F), the maximum over the
 * whole structure: `[N][F]`.
 */
export function exactAttention(
  products: DenseProducts,
  inputs: AttentionInputs,
  atoms: number,
): Taped<ExactAttentionTape> {
  const features = inputs.queries.length / atoms;
  const logits = products.productRightTransposed(inputs.queries, inputs.keys, atoms, features, atoms);
  const maximum = placeOfMaximum(logits, 0, logits.length);
  const largest = logits[maximum]!;
  const weights = logits.map((logit) => Math.exp((logit - largest) / Math.sqrt(features)));
  const norms = rowSums(weights, atoms).map((norm) => norm + smallestNorm);
  const value = divideRows(products.product(weights, inputs.values, atoms, atoms, features), norms);
  return { value, tape: { weights, maximum, norms, result: value } };
}

/** Adjoint of {@link exactAttention}: n̄ `[N][F]` → adjoints of queries, keys and values; through the maximum too. */
export function exactAttentionAdjoint(
  products: DenseProducts,
  inputs: AttentionInputs,
  tape: ExactAttentionTape,
  adjoint: Float64Array,
  atoms: number,
): AttentionInputs {
  const features = inputs.queries.length / atoms;
  const numerators = divideRows(adjoint, tape.norms);
  const norms = normsAdjoint(numerators, tape.result, atoms);
  const logits = products.productRightTransposed(numerators, inputs.values, atoms, features, atoms)
    .map((weight, at) => (weight + norms[Math.floor(at / atoms)]!) * tape.weights[at]! / Math.sqrt(features));
  logits[tape.maximum]! -= logits.reduce((a, b) => a + b, 0);
  return {
    queries: products.product(logits, inputs.keys, atoms, atoms, features),
    keys: products.productLeftTransposed(logits, inputs.queries, atoms, atoms, features),
    values: products.productLeftTransposed(tape.weights, numerators, atoms, atoms, features),
  };
}

/** Adjoint of the norms, −n̄_i·n_i/norm_i `[N]`; `numerators` is n̄ already divided by the norms. */
function normsAdjoint(numerators: Float64Array, result: Float64Array, atoms: number): Float64Array {
  return rowSums(numerators.map((numerator, at) => -numerator * result[at]!), atoms);
}
