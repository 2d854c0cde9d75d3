import type { RadialBasis } from "../model/network.ts";
import { cutoffFunction, type ValueAndSlope } from "./cutoff_function.ts";
import type { TermExecution } from "./execution.ts";
import { share } from "./team.ts";

/** The radial basis functions of every pair, cutoff function included. */
export interface RadialFunctions {
  /** `[U][K]`. */
  readonly values: Float64Array;
  /** Derivatives with respect to the pair's distance `[U][K]`, 1/Å. */
  readonly derivatives: Float64Array;
}

/**
 * The model's K radial basis functions times the cutoff function, and their derivatives: r `[U]` (Å) → `[U][K]`.
 * From the cutoff on all of them are 0.
 */
export function radialFunctions(
  execution: TermExecution,
  basis: RadialBasis,
  basisFunctions: number,
  cutoff: number,
  distances: Float64Array,
): RadialFunctions {
  const { workspace, team } = execution;
  const values = workspace.float64(distances.length * basisFunctions);
  const derivatives = workspace.float64(distances.length * basisFunctions);
  if ((basis.kind === "exp-bernstein" || basis.kind === "bernstein") && hasWholePowers(basis)) {
    bernsteinFunctions(execution, basis, cutoff, distances, { values, derivatives });
    return { values, derivatives };
  }
  const { from, to } = share(team, distances.length);
  for (let u = from; u < to; u++) {
    const r = distances[u]!, at = u * basisFunctions;
    if (r >= cutoff) {
      values.fill(0, at, at + basisFunctions);
      derivatives.fill(0, at, at + basisFunctions);
      continue;
    }
    const { value: envelope, slope: envelopeSlope } = cutoffFunction(r, cutoff);
    for (let k = 0; k < basisFunctions; k++) {
      const { value, slope } = basisFunction(basis, k, r);
      values[at + k] = value * envelope;
      derivatives[at + k] = slope * envelope + value * envelopeSlope;
    }
  }
  return { values, derivatives };
}

/** Adjoint of {@link radialFunctions}: its derivatives and the values' adjoint, `[U][K]` both → r̄ `[U]`. */
export function radialFunctionsAdjoint(
  { workspace, team }: TermExecution,
  derivatives: Float64Array,
  adjoint: Float64Array,
  basisFunctions: number,
): Float64Array {
  const pairs = derivatives.length / basisFunctions;
  const result = workspace.float64(pairs);
  const { from, to } = share(team, pairs);
  for (let u = from; u < to; u++) {
    let sum = 0;
    for (let at = u * basisFunctions, end = at + basisFunctions; at < end; at++) sum += derivatives[at]! * adjoint[at]!;
    result[u] = sum;
  }
  return result;
}

/** Bases of polynomials in one variable: e^(−αr), or r/c. */
type Bernstein = Extract<RadialBasis, { kind: "exp-bernstein" | "bernstein" }>;

/** Powers up to this are made as products. */
const highestPower = 512;

function hasWholePowers({ n, v }: Bernstein): boolean {
  for (let k = 0; k < n.length; k++) {
    if (!(isWholePower(n[k]!) && isWholePower(v[k]!))) return false;
  }
  return true;
}

function isWholePower(power: number): boolean {
  return Number.isInteger(power) && power >= 0 && power <= highestPower;
}

/**
 * Bernstein polynomials c_k aⁿ (1−a)ᵛ with whole powers, times the cutoff function: one exponential for a, one for the
 * cutoff function, the rest are products.
 *
 * With a = e^(−αr) the logarithm of a function has the slope α(v a/(1−a) − n), with a = r/c it is n/r − v/(c−r).
 */
function bernsteinFunctions(
  { workspace, team }: TermExecution,
  basis: Bernstein,
  cutoff: number,
  distances: Float64Array,
  { values, derivatives }: RadialFunctions,
): void {
  const { logc, n, v } = basis;
  const basisFunctions = logc.length;
  const stored = basis.kind === "bernstein" ? basis.cutoff : Infinity;
  const weighted = basis.kind === "exp-bernstein" && basis.weighted;
  let highest = 0;
  for (let k = 0; k < basisFunctions; k++) highest = Math.max(highest, n[k]!, v[k]!);
  // each thread has a row of its own: coefficients, powers of a, powers of 1 − a
  const row = basisFunctions + 2 * (highest + 1);
  const scratch = workspace.float64(team.size * row);
  const c = team.rank * row, powersA = c + basisFunctions, powersB = powersA + highest + 1;
  for (let k = 0; k < basisFunctions; k++) scratch[c + k] = Math.exp(logc[k]!);
  const { from, to } = share(team, distances.length);
  for (let u = from; u < to; u++) {
    const r = distances[u]!, at = u * basisFunctions;
    // the stored cutoff is a float32, a little off the model's own: beyond it the functions are not defined
    if (r >= cutoff || r >= stored) {
      values.fill(0, at, at + basisFunctions);
      derivatives.fill(0, at, at + basisFunctions);
      continue;
    }
    let a, b, slopeN, slopeV, slope = 0;
    if (basis.kind === "bernstein") {
      a = r / stored;
      b = (stored - r) / stored;
      slopeN = 1 / r;
      slopeV = -1 / (stored - r);
    } else {
      const t = -basis.alpha * r;
      // the smaller of the two first, so that neither loses digits
      if (t < -Math.LN2) {
        a = Math.exp(t);
        b = 1 - a;
      } else {
        b = -Math.expm1(t);
        a = 1 - b;
      }
      slopeN = -basis.alpha;
      slopeV = basis.alpha * a / b;
      if (weighted) slope = slopeN;
    }
    const denominator = (cutoff - r) * (cutoff + r), ratio = cutoff / denominator;
    slope -= 2 * r * ratio * ratio;
    let powerA = Math.exp(-r * r / denominator) * (weighted ? a : 1), powerB = 1;
    for (let p = 0; p <= highest; p++) {
      scratch[powersA + p] = powerA;
      scratch[powersB + p] = powerB;
      powerA *= a;
      powerB *= b;
    }
    for (let k = 0; k < basisFunctions; k++) {
      const nk = n[k]!, vk = v[k]!;
      const value = scratch[c + k]! * scratch[powersA + nk]! * scratch[powersB + vk]!;
      values[at + k] = value;
      derivatives[at + k] = value * (nk * slopeN + vk * slopeV + slope);
    }
  }
}

/** One basis function, without the cutoff function, at distance r (Å). */
export function basisFunction(basis: RadialBasis, k: number, r: number): ValueAndSlope {
  switch (basis.kind) {
    case "exp-bernstein": {
      const { alpha, weighted } = basis;
      const value = bernsteinPolynomial(basis.logc[k]!, basis.n[k]! + (weighted ? 1 : 0), basis.v[k]!, -alpha * r);
      const slope = alpha * (basis.v[k]! / Math.expm1(alpha * r) - basis.n[k]! - (weighted ? 1 : 0));
      return { value, slope: value * slope };
    }
    case "bernstein": {
      // the stored cutoff is a float32, a little off the model's own: beyond it the functions are not defined
      if (r >= basis.cutoff) return { value: 0, slope: 0 };
      const value = bernsteinPolynomial(basis.logc[k]!, basis.n[k]!, basis.v[k]!, Math.log(r / basis.cutoff));
      return { value, slope: value * (basis.n[k]! / r - basis.v[k]! / (basis.cutoff - r)) };
    }
    case "exp-gaussian": {
      const { alpha, weighted } = basis;
      const decay = Math.exp(-alpha * r);
      const difference = decay - basis.center[k]!;
      const value = Math.exp(-basis.width[k]! * difference ** 2) * (weighted ? decay : 1);
      return { value, slope: value * alpha * (2 * basis.width[k]! * difference * decay - (weighted ? 1 : 0)) };
    }
    case "gaussian": {
      const difference = r - basis.center[k]!;
      const value = Math.exp(-basis.width[k]! * difference ** 2);
      return { value, slope: -2 * basis.width[k]! * difference * value };
    }
    case "sinc":
      return sinc(Math.PI * basis.factor[k]!, r);
  }
}

/** exp(logc + n t + v ln(1 − eᵗ)) for t < 0; the logarithm, infinite at t = 0, counts for nothing where v = 0. */
function bernsteinPolynomial(logc: number, n: number, v: number, t: number): number {
  return Math.exp(logc + n * t + (v === 0 ? 0 : v * Math.log(-Math.expm1(t))));
}

/** sin(wr)/(wr) and its derivative in r, by their series where the closed form cancels. */
function sinc(wavenumber: number, r: number): ValueAndSlope {
  const x = wavenumber * r;
  if (Math.abs(x) < 1e-2) {
    const square = x * x;
    return {
      value: 1 - square / 6 * (1 - square / 20 * (1 - square / 42)),
      slope: -wavenumber * x / 3 * (1 - square / 10 * (1 - square / 28)),
    };
  }
  const value = Math.sin(x) / x;
  return { value, slope: (Math.cos(x) - value) / r };
}
