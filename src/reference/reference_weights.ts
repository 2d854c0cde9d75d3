import type { Dispersion } from "../model/network.ts";
import type { TermExecution } from "./execution.ts";
import { chargeScaling, referenceCount } from "./reference_c6.ts";
import { share } from "./team.ts";

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
  { workspace, team }: TermExecution,
  dispersion: Dispersion,
  numbers: Uint8Array,
  coordination: Float64Array,
  charges: Float64Array,
): ReferenceWeights {
  const { zeff, gam, refq, scaleq } = dispersion;
  const values = workspace.float64(numbers.length * referenceCount);
  const coordinationSlopes = workspace.float64(values.length);
  const chargeSlopes = workspace.float64(values.length);
  const { from, to } = share(team, numbers.length);
  for (let i = from; i < to; i++) {
    const z = numbers[i]!, row = i * referenceCount;
    putGaussianWeights(dispersion, z, coordination[i]!, values, coordinationSlopes, row);
    const electrons = zeff[z]!;
    for (let a = 0; a < referenceCount; a++) {
      const at = row + a;
      const weight = values[at]!;
      const reference = electrons + scaleq * refq[z * referenceCount + a]!;
      const scaling = chargeScaling(gam[z]!, reference, electrons + charges[i]!);
      values[at] = weight * scaling.value;
      coordinationSlopes[at]! *= scaling.value;
      chargeSlopes[at] = weight * scaling.slope;
    }
  }
  return { values, coordinationSlopes, chargeSlopes };
}

/** Adjoint of {@link referenceWeights}: ζ̄ `[N][7]` → the coordination numbers' or the charges' adjoint `[N]`. */
export function referenceWeightsAdjoint(
  { workspace, team }: TermExecution,
  slopes: Float64Array,
  adjoint: Float64Array,
): Float64Array {
  const atoms = slopes.length / referenceCount;
  const result = workspace.float64(atoms);
  const { from, to } = share(team, atoms);
  for (let i = from; i < to; i++) {
    let sum = 0;
    for (let at = i * referenceCount, end = at + referenceCount; at < end; at++) sum += slopes[at]! * adjoint[at]!;
    result[i] = sum;
  }
  return result;
}

/** Writes the normalised weights of an element's references at a coordination number, and their derivatives, to a row. */
function putGaussianWeights(
  { ncountMask, ncountWeight, cn, fixgweights }: Dispersion,
  z: number,
  coordination: number,
  values: Float64Array,
  slopes: Float64Array,
  row: number,
): void {
  let norm = 0, normSlope = 0;
  for (let a = 0; a < referenceCount; a++) {
    let value = 0, slope = 0;
    for (let b = 0; b < countingFunctions; b++) {
      const at = (z * referenceCount + a) * countingFunctions + b;
      if (ncountMask[at] === 0) continue;
      const distance = coordination - cn[at]!;
      const gaussian = ncountMask[at]! * Math.exp(-6 * ncountWeight[at]! * distance ** 2);
      value += gaussian;
      slope -= 12 * ncountWeight[at]! * distance * gaussian;
    }
    values[row + a] = value;
    slopes[row + a] = slope;
    norm += value;
    normSlope += slope;
  }
  for (let a = 0; a < referenceCount; a++) {
    const value = values[row + a]! / norm;
    const tabulated = norm <= smallestSum;
    slopes[row + a] = tabulated ? 0 : (slopes[row + a]! - value * normSlope) / norm;
    values[row + a] = tabulated ? fixgweights[z * referenceCount + a]! : value;
  }
}
