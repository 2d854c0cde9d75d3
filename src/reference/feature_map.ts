import type { Execution } from "./execution.ts";
import type { PreparedLinear } from "./operations.ts";
import { placeOfMaximum } from "./rows.ts";
import { share } from "./team.ts";

/** Mapped rows, and what the adjoint needs. */
export interface FeatureMap {
  /** φ `[N][m]`. */
  readonly mapped: Float64Array;
  /** The exponentials in φ `[N][m]`. */
  readonly exponentials: Float64Array;
  /** Where each row's maximum stands in `[N][m]`, `[N]`. */
  readonly maxima: Int32Array;
  /** The row with the maximum that all rows share: keys only. */
  readonly shared: number | null;
}

/** Added to the exponentials, so that no atom is invisible to another. */
const floor = 1e-4;

/**
 * Positive random features φ(X) = (exp(U − |X|²/(2√F) − max) + 1e-4)/√m with U = (X/F^¼) ω: X `[N][F]` → φ `[N][m]`.
 * The maximum is over U alone, for queries each row's own, for keys the whole structure's. (Choromanski et al. 2021,
 * FAVOR+; Unke et al. 2021, Methods.)
 *
 * @param projection X → U.
 */
export function featureMap(
  { workspace, team, operations }: Execution,
  projection: PreparedLinear,
  x: Float64Array,
  atoms: number,
  role: "queries" | "keys",
): FeatureMap {
  const { inputs: features, outputs: m } = projection;
  const projected = workspace.float64(atoms * m);
  const exponentials = workspace.float64(atoms * m);
  const mapped = workspace.float64(atoms * m);
  const maxima = workspace.int32(atoms);
  const own = share(team, atoms);
  operations.linear(projection, x, projected, own);
  for (let i = own.from; i < own.to; i++) maxima[i] = placeOfMaximum(projected, i * m, (i + 1) * m);
  let shared = null;
  if (role === "keys") {
    team.barrier();
    shared = 0;
    for (let i = 1; i < atoms; i++) {
      if (projected[maxima[i]!]! > projected[maxima[shared]!]!) shared = i;
    }
  }
  for (let i = own.from; i < own.to; i++) {
    let square = 0;
    for (let at = i * features; at < (i + 1) * features; at++) square += x[at]! * x[at]!;
    const shift = square / (2 * Math.sqrt(features)) + projected[maxima[shared ?? i]!]!;
    for (let at = i * m; at < (i + 1) * m; at++) exponentials[at] = projected[at]! - shift;
  }
  const elements = { from: own.from * m, to: own.to * m };
  operations.exponential(exponentials, exponentials, elements);
  const scale = 1 / Math.sqrt(m);
  for (let at = elements.from; at < elements.to; at++) mapped[at] = (exponentials[at]! + floor) * scale;
  return { mapped, exponentials, maxima, shared };
}

/**
 * Adjoint of {@link featureMap}: φ̄ `[N][m]` → X̄ `[N][F]`. It goes through the maxima too, which the 1e-4 keeps from
 * cancelling; of several equal ones the first takes it.
 */
export function featureMapAdjoint(
  { workspace, team, operations }: Execution,
  projection: PreparedLinear,
  x: Float64Array,
  { exponentials, maxima, shared }: FeatureMap,
  adjoint: Float64Array,
  atoms: number,
): Float64Array {
  const { inputs: features, outputs: m } = projection;
  // they take the exponentials' place
  const exponents = exponentials;
  const sums = workspace.float64(atoms);
  const result = workspace.float64(x.length);
  const own = share(team, atoms);
  const scale = 1 / Math.sqrt(m);
  for (let i = own.from; i < own.to; i++) {
    let sum = 0;
    for (let at = i * m; at < (i + 1) * m; at++) {
      const exponent = exponentials[at]! * adjoint[at]! * scale;
      exponents[at] = exponent;
      sum += exponent;
    }
    sums[i] = sum;
    if (shared === null) exponents[maxima[i]!]! -= sum;
    const slope = -sum / Math.sqrt(features);
    for (let at = i * features; at < (i + 1) * features; at++) result[at] = slope * x[at]!;
  }
  if (shared !== null) {
    team.barrier();
    if (own.from <= shared && shared < own.to) {
      let total = 0;
      for (let i = 0; i < atoms; i++) total += sums[i]!;
      exponents[maxima[shared]!]! -= total;
    }
  }
  operations.linearAdjoint(projection, exponents, result, own, undefined, result);
  return result;
}
