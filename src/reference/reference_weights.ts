import type { Dispersion } from "../model/network.ts";
import { chargeScaling, referenceCount } from "./reference_c6.ts";

/** How much of each reference system is in each atom. */
export interface ReferenceWeights {
  /** ζ_a `[N][7]`: the weight of reference a times its charge scaling. */
  readonly values: Float64Array;
  /** ∂ζ_a/∂CN `[N][7]`. */
  readonly coordinationSlopes: Float64Array;
  /** ∂ζ_a/∂q `[N][7]`, 1/e. */
  readonly chargeSlopes: Float64Array;
}

/** The sum of Gaussians below which the tabulated weights are taken instead. */
const smallestSum = 1e-8;

/** Counting functions each reference system has. */
const countingFunctions = 3;

/**
 * D4's reference weights from coordination numbers `[N]` and partial charges `[N]` (e): Gaussians of the distance to the
 * references' coordination numbers, normalised over the references (tabulated where all of them vanish), times the
 * charge scaling.
 */
export function referenceWeights(
  dispersion: Dispersion,
  numbers: Uint8Array,
  coordination: Float64Array,
  charges: Float64Array,
): ReferenceWeights {
  const { zeff, gam, refq, scaleq } = dispersion;
  const values = new Float64Array(numbers.length * referenceCount);
  const coordinationSlopes = new Float64Array(values.length);
  const chargeSlopes = new Float64Array(values.length);
  numbers.forEach((z, i) => {
    const gaussians = gaussianWeights(dispersion, z, coordination[i]!);
    for (let a = 0; a < referenceCount; a++) {
      const electrons = zeff[z]!;
      const reference = electrons + scaleq * refq[z * referenceCount + a]!;
      const scaling = chargeScaling(gam[z]!, reference, electrons + charges[i]!);
      const at = i * referenceCount + a;
      values[at] = gaussians.values[a]! * scaling.value;
      coordinationSlopes[at] = gaussians.slopes[a]! * scaling.value;
      chargeSlopes[at] = gaussians.values[a]! * scaling.slope;
    }
  });
  return { values, coordinationSlopes, chargeSlopes };
}

/** Adjoint of {@link referenceWeights}: ζ̄ `[N][7]` → the coordination numbers' or the charges' adjoint `[N]`. */
export function referenceWeightsAdjoint(slopes: Float64Array, adjoint: Float64Array): Float64Array {
  const result = new Float64Array(slopes.length / referenceCount);
  for (let at = 0; at < slopes.length; at++) result[Math.floor(at / referenceCount)]! += slopes[at]! * adjoint[at]!;
  return result;
}

/** Normalised weights `[7]` of an element's references at a coordination number, and their derivatives. */
function gaussianWeights(
  { ncountMask, ncountWeight, cn, fixgweights }: Dispersion,
  z: number,
  coordination: number,
): { values: Float64Array; slopes: Float64Array } {
  const values = new Float64Array(referenceCount);
  const slopes = new Float64Array(referenceCount);
  let norm = 0, normSlope = 0;
  for (let a = 0; a < referenceCount; a++) {
    for (let b = 0; b < countingFunctions; b++) {
      const at = (z * referenceCount + a) * countingFunctions + b;
      const distance = coordination - cn[at]!;
      const gaussian = ncountMask[at]! * Math.exp(-6 * ncountWeight[at]! * distance ** 2);
      values[a]! += gaussian;
      slopes[a]! -= 12 * ncountWeight[at]! * distance * gaussian;
    }
    norm += values[a]!;
    normSlope += slopes[a]!;
  }
  if (norm <= smallestSum) {
    return {
      values: fixgweights.slice(z * referenceCount, (z + 1) * referenceCount),
      slopes: new Float64Array(referenceCount),
    };
  }
  return {
    values: values.map((value) => value / norm),
    slopes: slopes.map((slope, a) => (slope - values[a]! * normSlope / norm) / norm),
  };
}
