import type { DenseProducts } from "./dense.ts";
import { placeOfMaximum, rowSums } from "./rows.ts";

/** Random features of the attention kernel. */
export interface RandomFeatures {
  /** ω `[F][m]`. */
  readonly omega: Float64Array;
  /** m. */
  readonly randomFeatures: number;
}

/** Mapped rows, and what the adjoint needs. */
export interface FeatureMap {
  /** φ `[N][m]`. */
  readonly mapped: Float64Array;
  /** The exponentials in φ `[N][m]`. */
  readonly exponentials: Float64Array;
  /** Where the maxima stand in `[N][m]`: of each row `[N]` for queries, of the whole structure `[1]` for keys. */
  readonly maxima: Int32Array;
}

/** Added to the exponentials, so that no atom is invisible to another. */
const floor = 1e-4;

/**
 * Positive random features φ(X) = (exp(U − |X|²/(2√F) − max) + 1e-4)/√m with U = (X/F^¼) ω: X `[N][F]` → φ `[N][m]`.
 * The maximum is over U alone, for queries each row's own, for keys the whole structure's. (Choromanski et al. 2021,
 * FAVOR+; Unke et al. 2021, Methods.)
 */
export function featureMap(
  products: DenseProducts,
  { omega, randomFeatures: m }: RandomFeatures,
  x: Float64Array,
  atoms: number,
  role: "queries" | "keys",
): FeatureMap {
  const features = x.length / atoms;
  const fourthRoot = features ** 0.25;
  const projected = products.product(x.map((component) => component / fourthRoot), omega, atoms, features, m);
  const maxima = role === "keys"
    ? Int32Array.of(placeOfMaximum(projected, 0, atoms * m))
    : Int32Array.from({ length: atoms }, (_, row) => placeOfMaximum(projected, row * m, (row + 1) * m));
  const squares = rowSums(x.map((component) => component * component), atoms);
  const exponentials = new Float64Array(atoms * m);
  for (let row = 0; row < atoms; row++) {
    const shift = squares[row]! / (2 * Math.sqrt(features)) + projected[maxima[role === "keys" ? 0 : row]!]!;
    for (let at = row * m; at < (row + 1) * m; at++) exponentials[at] = Math.exp(projected[at]! - shift);
  }
  return { mapped: exponentials.map((value) => (value + floor) / Math.sqrt(m)), exponentials, maxima };
}

/**
 * Adjoint of {@link featureMap}: φ̄ `[N][m]` → X̄ `[N][F]`. It goes through the maxima too, which the 1e-4 keeps from
 * cancelling; of several equal ones the first takes it.
 */
export function featureMapAdjoint(
  products: DenseProducts,
  { omega, randomFeatures: m }: RandomFeatures,
  x: Float64Array,
  { exponentials, maxima }: FeatureMap,
  adjoint: Float64Array,
  atoms: number,
): Float64Array {
  const features = x.length / atoms;
  const fourthRoot = features ** 0.25;
  const exponents = exponentials.map((value, at) => value * adjoint[at]! / Math.sqrt(m));
  const sums = rowSums(exponents, atoms);
  sums.forEach((sum, row) => exponents[maxima[maxima.length === 1 ? 0 : row]!]! -= sum);
  return products.productRightTransposed(exponents, omega, atoms, m, features).map((projection, at) =>
    projection / fourthRoot - sums[Math.floor(at / features)]! * x[at]! / Math.sqrt(features)
  );
}
