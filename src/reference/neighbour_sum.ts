import type { PairList } from "../structure/pair_list.ts";
import type { AngularFunctions } from "./angular.ts";

/** Adjoints of what a sum over neighbours is made of. */
export interface NeighbourSumAdjoint {
  /** `[U][C]`. */
  readonly angular: Float64Array;
  /** `[U][F]`. */
  readonly filters: Float64Array;
  /** `[N][F]`. */
  readonly features: Float64Array;
}

/**
 * Each atom's sum over its neighbours, X_i = Σ_j a(p_ij) g(r_ij)∘x_j: angular functions `[U][C]`, radial filters g
 * `[U][F]` and features x `[N][F]` → `[N][C][F]`.
 *
 * Every pair counts for both its atoms; for the second one the angular functions take their sign from their parity.
 */
export function neighbourSum(
  { atomCount, pairCount, first, second }: PairList,
  { values, components, parity }: AngularFunctions,
  filters: Float64Array,
  features: Float64Array,
): Float64Array {
  const width = features.length / atomCount;
  const result = new Float64Array(atomCount * components * width);
  for (let u = 0; u < pairCount; u++) {
    const i = first[u]!, j = second[u]!;
    for (let c = 0; c < components; c++) {
      const angular = values[u * components + c]!;
      const toI = (i * components + c) * width, toJ = (j * components + c) * width;
      for (let f = 0; f < width; f++) {
        const weight = angular * filters[u * width + f]!;
        result[toI + f]! += weight * features[j * width + f]!;
        result[toJ + f]! += parity * weight * features[i * width + f]!;
      }
    }
  }
  return result;
}

/** Adjoint of {@link neighbourSum}: X̄ `[N][C][F]` → the adjoints of angular functions, filters and features. */
export function neighbourSumAdjoint(
  { atomCount, pairCount, first, second }: PairList,
  { values, components, parity }: AngularFunctions,
  filters: Float64Array,
  features: Float64Array,
  adjoint: Float64Array,
): NeighbourSumAdjoint {
  const width = features.length / atomCount;
  const result = {
    angular: new Float64Array(values.length),
    filters: new Float64Array(filters.length),
    features: new Float64Array(features.length),
  };
  for (let u = 0; u < pairCount; u++) {
    const i = first[u]!, j = second[u]!;
    for (let c = 0; c < components; c++) {
      const angular = values[u * components + c]!;
      const fromI = (i * components + c) * width, fromJ = (j * components + c) * width;
      let angularAdjoint = 0;
      for (let f = 0; f < width; f++) {
        const filter = filters[u * width + f]!;
        const xi = features[i * width + f]!, xj = features[j * width + f]!;
        const meetsI = adjoint[fromI + f]!, meetsJ = parity * adjoint[fromJ + f]!;
        const message = meetsI * xj + meetsJ * xi;
        angularAdjoint += filter * message;
        result.filters[u * width + f]! += angular * message;
        result.features[j * width + f]! += angular * filter * meetsI;
        result.features[i * width + f]! += angular * filter * meetsJ;
      }
      result.angular[u * components + c] = angularAdjoint;
    }
  }
  return result;
}
