import type { Execution } from "./execution.ts";
import { type FeatureMap, featureMap, featureMapAdjoint } from "./feature_map.ts";
import type { PreparedLinear } from "./operations.ts";
import type { Taped } from "./residual.ts";
import { columnSums, divideRows, placeOfMaximum, rowProducts, transposeRows } from "./rows.ts";
import { share } from "./team.ts";

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
  /** (Σ_j φk_j v_jᵀ)ᵀ `[F][m]`. */
  readonly keyValuesTransposed: Float64Array;
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
 *
 * @param projection The random features, as {@link featureMap} takes them.
 */
export function linearAttention(
  execution: Execution,
  projection: PreparedLinear,
  inputs: AttentionInputs,
  atoms: number,
): Taped<LinearAttentionTape> {
  const { workspace, team, operations } = execution;
  const { inputs: features, outputs: m } = projection;
  const own = share(team, atoms), columns = share(team, m);
  const queries = featureMap(execution, projection, inputs.queries, atoms, "queries");
  const keys = featureMap(execution, projection, inputs.keys, atoms, "keys");
  const keyValues = workspace.float64(m * features);
  const keyValuesTransposed = workspace.float64(features * m);
  const keySum = workspace.float64(m);
  const norms = workspace.float64(atoms);
  const result = workspace.float64(atoms * features);
  team.barrier();
  operations.productLeftTransposed(keys.mapped, inputs.values, keyValues, m, atoms, features, columns);
  transposeRows(keyValues, m, features, keyValuesTransposed, columns);
  columnSums(keys.mapped, atoms, m, keySum, columns);
  team.barrier();
  operations.product(queries.mapped, keySum, norms, m, 1, own);
  for (let i = own.from; i < own.to; i++) norms[i]! += smallestNorm;
  operations.product(queries.mapped, keyValues, result, m, features, own);
  divideRows(result, norms, features, result, own);
  return { value: result, tape: { queries, keys, keyValuesTransposed, keySum, norms, result } };
}

/** Adjoint of {@link linearAttention}: n̄ `[N][F]` → adjoints of queries, keys and values. */
export function linearAttentionAdjoint(
  execution: Execution,
  projection: PreparedLinear,
  inputs: AttentionInputs,
  tape: LinearAttentionTape,
  adjoint: Float64Array,
  atoms: number,
): AttentionInputs {
  const { workspace, team, operations } = execution;
  const { inputs: features, outputs: m } = projection;
  const own = share(team, atoms), columns = share(team, m);
  const numerators = workspace.float64(atoms * features);
  const norms = workspace.float64(atoms);
  divideRows(adjoint, tape.norms, features, numerators, own);
  rowProducts(numerators, tape.result, features, -1, norms, own);
  const queries = workspace.float64(atoms * m);
  operations.product(numerators, tape.keyValuesTransposed, queries, features, m, own);
  for (let i = own.from; i < own.to; i++) {
    for (let c = 0; c < m; c++) queries[i * m + c]! += norms[i]! * tape.keySum[c]!;
  }
  const queriesAdjoint = featureMapAdjoint(execution, projection, inputs.queries, tape.queries, queries, atoms);

  const keyValues = workspace.float64(m * features);
  const keyValuesTransposed = workspace.float64(features * m);
  const keySum = workspace.float64(m);
  team.barrier();
  operations.productLeftTransposed(tape.queries.mapped, numerators, keyValues, m, atoms, features, columns);
  transposeRows(keyValues, m, features, keyValuesTransposed, columns);
  operations.productLeftTransposed(tape.queries.mapped, norms, keySum, m, atoms, 1, columns);
  team.barrier();
  const keys = workspace.float64(atoms * m);
  const values = workspace.float64(atoms * features);
  operations.product(tape.keys.mapped, keyValues, values, m, features, own);
  operations.product(inputs.values, keyValuesTransposed, keys, features, m, own);
  for (let i = own.from; i < own.to; i++) {
    for (let c = 0; c < m; c++) keys[i * m + c]! += keySum[c]!;
  }
  const keysAdjoint = featureMapAdjoint(execution, projection, inputs.keys, tape.keys, keys, atoms);
  return { queries: queriesAdjoint, keys: keysAdjoint, values };
}

/**
 * Exact attention, n_i = Σ_j a_ij v_j / (Σ_j a_ij + 1e-8) with a_ij = exp((q_i·k_j − max)/√F), the maximum over the
 * whole structure: `[N][F]`.
 */
export function exactAttention(
  { workspace, team, operations }: Execution,
  inputs: AttentionInputs,
  atoms: number,
): Taped<ExactAttentionTape> {
  const features = inputs.queries.length / atoms;
  const own = share(team, atoms);
  const keysTransposed = workspace.float64(features * atoms);
  const weights = workspace.float64(atoms * atoms);
  const maxima = workspace.int32(atoms);
  const norms = workspace.float64(atoms);
  const result = workspace.float64(atoms * features);
  transposeRows(inputs.keys, atoms, features, keysTransposed, own);
  team.barrier();
  operations.product(inputs.queries, keysTransposed, weights, features, atoms, own);
  for (let i = own.from; i < own.to; i++) maxima[i] = placeOfMaximum(weights, i * atoms, (i + 1) * atoms);
  team.barrier();
  let maximum = maxima[0]!;
  for (let i = 1; i < atoms; i++) {
    if (weights[maxima[i]!]! > weights[maximum]!) maximum = maxima[i]!;
  }
  const largest = weights[maximum]!;
  // the logits give way to the weights only after every thread has looked at their maxima
  team.barrier();
  const elements = { from: own.from * atoms, to: own.to * atoms };
  for (let at = elements.from; at < elements.to; at++) weights[at] = (weights[at]! - largest) / Math.sqrt(features);
  operations.exponential(weights, weights, elements);
  for (let i = own.from; i < own.to; i++) {
    let norm = smallestNorm;
    for (let at = i * atoms; at < (i + 1) * atoms; at++) norm += weights[at]!;
    norms[i] = norm;
  }
  operations.product(weights, inputs.values, result, atoms, features, own);
  divideRows(result, norms, features, result, own);
  return { value: result, tape: { weights, maximum, norms, result } };
}

/** Adjoint of {@link exactAttention}: n̄ `[N][F]` → adjoints of queries, keys and values; through the maximum too. */
export function exactAttentionAdjoint(
  { workspace, team, operations }: Execution,
  inputs: AttentionInputs,
  tape: ExactAttentionTape,
  adjoint: Float64Array,
  atoms: number,
): AttentionInputs {
  const features = inputs.queries.length / atoms;
  const own = share(team, atoms);
  const numerators = workspace.float64(atoms * features);
  const norms = workspace.float64(atoms);
  const valuesTransposed = workspace.float64(features * atoms);
  const logits = workspace.float64(atoms * atoms);
  const sums = workspace.float64(atoms);
  divideRows(adjoint, tape.norms, features, numerators, own);
  rowProducts(numerators, tape.result, features, -1, norms, own);
  transposeRows(inputs.values, atoms, features, valuesTransposed, own);
  team.barrier();
  operations.product(numerators, valuesTransposed, logits, features, atoms, own);
  for (let i = own.from; i < own.to; i++) {
    let sum = 0;
    for (let at = i * atoms; at < (i + 1) * atoms; at++) {
      const logit = (logits[at]! + norms[i]!) * tape.weights[at]! / Math.sqrt(features);
      logits[at] = logit;
      sum += logit;
    }
    sums[i] = sum;
  }
  team.barrier();
  if (own.from * atoms <= tape.maximum && tape.maximum < own.to * atoms) {
    let total = 0;
    for (let i = 0; i < atoms; i++) total += sums[i]!;
    logits[tape.maximum]! -= total;
  }
  team.barrier();
  const queries = workspace.float64(atoms * features);
  const keys = workspace.float64(atoms * features);
  const values = workspace.float64(atoms * features);
  operations.product(logits, inputs.keys, queries, atoms, features, own);
  operations.productLeftTransposed(logits, inputs.queries, keys, atoms, atoms, features, own);
  operations.productLeftTransposed(tape.weights, numerators, values, atoms, atoms, features, own);
  return { queries, keys, values };
}
