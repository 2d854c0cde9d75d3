import type { Messages, PreparedLinear } from "./operations.ts";
import type { Share } from "./team.ts";

/**
 * Each atom's sum over its neighbours, X_i = Σ_j a(p_ij) g(r_ij)∘x_j: angular functions `[U][C]`, radial filters g
 * `[U][F]` and features x `[N][F]` → `[N][C][F]`.
 */
export function neighbourSum(
  { pairs: { start, entry, neighbour }, angular: { values, components, parity }, filters }: Messages,
  features: Float64Array,
  sums: Float64Array,
  atoms: Share,
): void {
  const width = sums.length / (components * (start.length - 1));
  for (let i = atoms.from; i < atoms.to; i++) {
    const sum = i * components * width;
    sums.fill(0, sum, sum + components * width);
    for (let at = start[i]!; at < start[i + 1]!; at++) {
      const isFirst = entry[at]! >= 0;
      const u = isFirst ? entry[at]! : ~entry[at]!;
      const g = u * width, x = neighbour[at]! * width;
      for (let c = 0; c < components; c++) {
        const weight = (isFirst ? 1 : parity) * values[u * components + c]!;
        const to = sum + c * width;
        for (let f = 0; f < width; f++) sums[to + f]! += weight * filters[g + f]! * features[x + f]!;
      }
    }
  }
}

/** Adjoint of {@link neighbourSum} in the features: X̄ `[N][C][F]` → x̄ `[N][F]`, gathered by each atom. */
export function neighbourSumFeaturesAdjoint(
  { pairs: { start, entry, neighbour }, angular: { values, components, parity }, filters }: Messages,
  sumsAdjoint: Float64Array,
  featuresAdjoint: Float64Array,
  atoms: Share,
): void {
  const width = featuresAdjoint.length / (start.length - 1);
  for (let j = atoms.from; j < atoms.to; j++) {
    const x = j * width;
    featuresAdjoint.fill(0, x, x + width);
    for (let at = start[j]!; at < start[j + 1]!; at++) {
      const isFirst = entry[at]! >= 0;
      const u = isFirst ? entry[at]! : ~entry[at]!;
      const g = u * width;
      for (let c = 0; c < components; c++) {
        // atom j receives from its neighbour's sum, which looks along the pair the other way
        const weight = (isFirst ? parity : 1) * values[u * components + c]!;
        const from = (neighbour[at]! * components + c) * width;
        for (let f = 0; f < width; f++) featuresAdjoint[x + f]! += weight * filters[g + f]! * sumsAdjoint[from + f]!;
      }
    }
  }
}

/**
 * Adjoint of {@link neighbourSum} in the angular functions and, through g = R b, in the radial functions b `[U][K]`:
 * ḡ_ij = Σ_c a_c (X̄_ic∘x_j ± X̄_jc∘x_i), b̄ += Rᵀ ḡ; ā_c += Σ_f g∘(X̄_ic∘x_j ± X̄_jc∘x_i), the sign the parity's.
 */
export function neighbourSumPairsAdjoint(
  { pairs: { first, second }, angular: { values, components, parity }, filters }: Messages,
  { weight, inputs: basisFunctions, outputs: width }: PreparedLinear,
  features: Float64Array,
  sumsAdjoint: Float64Array,
  basisAdjoint: Float64Array,
  angularAdjoint: Float64Array | null,
  pairs: Share,
): void {
  for (let u = pairs.from; u < pairs.to; u++) {
    const xi = first[u]! * width, xj = second[u]! * width;
    for (let f = 0; f < width; f++) {
      let filterAdjoint = 0;
      for (let c = 0; c < components; c++) {
        const message = sumsAdjoint[xi * components + c * width + f]! * features[xj + f]! +
          parity * sumsAdjoint[xj * components + c * width + f]! * features[xi + f]!;
        filterAdjoint += values[u * components + c]! * message;
        if (angularAdjoint !== null) angularAdjoint[u * components + c]! += filters[u * width + f]! * message;
      }
      for (let k = 0; k < basisFunctions; k++) {
        basisAdjoint[u * basisFunctions + k]! += filterAdjoint * weight[f * basisFunctions + k]!;
      }
    }
  }
}
