/**
 * The plain operations as functions that return new arrays: for what is done once, and for what others are held against.
 *
 * @module
 */
import type { Activation, Linear } from "../model/network.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { ActivationKind } from "./activation.ts";
import type { AngularFunctions } from "./angular.ts";
import type { PreparedLinear } from "./operations.ts";
import { transposed } from "./place_network.ts";
import { plainOperations } from "./plain_operations.ts";

/** y = x Wᵀ + b for each row: x `[rows][inputs]` → `[rows][outputs]`. */
export function linear(layer: Linear, x: Float64Array, rows: number): Float64Array {
  const y = new Float64Array(rows * layer.outputs);
  plainOperations.linear(prepareLinear(layer), x, y, { from: 0, to: rows });
  return y;
}

/** Adjoint of {@link linear}, x̄ = ȳ W: ȳ `[rows][outputs]` → `[rows][inputs]`. */
export function linearAdjoint(layer: Linear, yAdjoint: Float64Array, rows: number): Float64Array {
  const xAdjoint = new Float64Array(rows * layer.inputs);
  plainOperations.linearAdjoint(prepareLinear(layer), yAdjoint, xAdjoint, { from: 0, to: rows });
  return xAdjoint;
}

/** A B: A `[m][k]`, B `[k][n]` → `[m][n]`. */
export function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  plainOperations.product(a, b, c, k, n, { from: 0, to: m });
  return c;
}

/** Aᵀ B: A `[k][m]`, B `[k][n]` → `[m][n]`. */
export function productLeftTransposed(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
): Float64Array {
  return product(transposed(a, k, m), b, m, k, n);
}

/** A Bᵀ: A `[m][k]`, B `[n][k]` → `[m][n]`. */
export function productRightTransposed(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
): Float64Array {
  return product(a, transposed(b, n, k), m, k, n);
}

/** The activation of every feature and its derivative: x `[rows][F]` → `[rows][F]` each. */
export function activate(
  kind: ActivationKind,
  activation: Activation,
  x: Float64Array,
): { value: Float64Array; derivative: Float64Array } {
  const value = new Float64Array(x.length), derivative = new Float64Array(x.length);
  const rows = x.length / activation.alpha.length;
  plainOperations.activate(kind, activation, x, value, derivative, { from: 0, to: rows });
  return { value, derivative };
}

/** Σ_c A_c∘B_c of the halves A and B of each row: projected sums `[N][C][2F]` → rotation invariants `[N][F]`. */
export function productOfHalves(projected: Float64Array, atoms: number, components: number): Float64Array {
  const features = projected.length / (2 * atoms * components);
  const invariants = new Float64Array(atoms * features);
  plainOperations.addProductOfHalves(projected, components, invariants, features, { from: 0, to: atoms });
  return invariants;
}

/** Adjoint of {@link productOfHalves}: invariants' adjoint `[N][F]` → the projected sums' `[N][C][2F]`. */
export function productOfHalvesAdjoint(
  projected: Float64Array,
  atoms: number,
  components: number,
  adjoint: Float64Array,
): Float64Array {
  const result = projected.slice();
  plainOperations.productOfHalvesAdjoint(result, components, adjoint, adjoint.length / atoms, { from: 0, to: atoms });
  return result;
}

/** Each atom's sum over its neighbours: g `[U][F]`, x `[N][F]` → `[N][C][F]`. */
export function neighbourSum(
  pairs: PairList,
  angular: AngularFunctions,
  filters: Float64Array,
  features: Float64Array,
): Float64Array {
  const sums = new Float64Array(features.length * angular.components);
  plainOperations.neighbourSum({ pairs, angular, filters }, features, sums, { from: 0, to: pairs.atomCount });
  return sums;
}

/** Adjoints of {@link neighbourSum}: X̄ `[N][C][F]` → ā `[U][C]`, ḡ `[U][F]` and x̄ `[N][F]`. */
export function neighbourSumAdjoint(
  pairs: PairList,
  angular: AngularFunctions,
  filters: Float64Array,
  features: Float64Array,
  adjoint: Float64Array,
): { angular: Float64Array; filters: Float64Array; features: Float64Array } {
  const messages = { pairs, angular, filters };
  const width = features.length / pairs.atomCount;
  const identity = Float64Array.from({ length: width * width }, (_, at) => at % (width + 1) === 0 ? 1 : 0);
  const radial = prepareLinear({ inputs: width, outputs: width, weight: identity, bias: null });
  const result = {
    angular: new Float64Array(angular.values.length),
    filters: new Float64Array(filters.length),
    features: new Float64Array(features.length),
  };
  const all = { from: 0, to: pairs.pairCount };
  plainOperations.neighbourSumPairsAdjoint(messages, radial, features, adjoint, result.filters, result.angular, all);
  plainOperations.neighbourSumFeaturesAdjoint(messages, adjoint, result.features, { from: 0, to: pairs.atomCount });
  return result;
}

/** A layer in a form that the plain operations take. */
export function prepareLinear(layer: Linear): PreparedLinear {
  return { ...layer, forward: layer.weight, backward: layer.weight };
}
