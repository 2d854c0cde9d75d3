import type { RadialBasis } from "../model/network.ts";
import { cutoffFunction, type ValueAndSlope } from "./cutoff_function.ts";
import { hadamard } from "./elementwise.ts";
import { rowSums } from "./rows.ts";

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
  basis: RadialBasis,
  basisFunctions: number,
  cutoff: number,
  distances: Float64Array,
): RadialFunctions {
  const values = new Float64Array(distances.length * basisFunctions);
  const derivatives = new Float64Array(distances.length * basisFunctions);
  distances.forEach((r, pair) => {
    if (r >= cutoff) return;
    const { value: envelope, slope: envelopeSlope } = cutoffFunction(r, cutoff);
    for (let k = 0; k < basisFunctions; k++) {
      const { value, slope } = basisFunction(basis, k, r);
      values[pair * basisFunctions + k] = value * envelope;
      derivatives[pair * basisFunctions + k] = slope * envelope + value * envelopeSlope;
    }
  });
  return { values, derivatives };
}

/** Adjoint of {@link radialFunctions}: its derivatives and the values' adjoint, `[U][K]` both → r̄ `[U]`. */
export function radialFunctionsAdjoint(derivatives: Float64Array, adjoint: Float64Array, pairs: number): Float64Array {
  return pairs === 0 ? new Float64Array(0) : rowSums(hadamard(derivatives, adjoint), pairs);
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
