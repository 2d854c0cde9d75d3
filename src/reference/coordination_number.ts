import { bohr } from "../model/constants.ts";
import type { Dispersion } from "../model/network.ts";
import { scaledComplementaryErrorFunction } from "./error_function.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { switchFunction } from "./switch_function.ts";

/** D4's coordination numbers. */
export interface CoordinationNumbers {
  /** CN `[N]`. */
  readonly values: Float64Array;
  /** What each pair adds to both its atoms, differentiated by its distance `[U]`, 1/Å. */
  readonly slopes: Float64Array;
}

/** From this excess on half the complementary error function, or e^(−x²), is below 1e-18 of a neighbour. */
const largestExcess = 6.5;

/** Parameters of D4's coordination number. (Caldeweyher et al. 2019.) */
const k4 = 4.10451, k5 = 19.08857, k6 = 254.5553148552, kn = 7.5;

/**
 * Coordination numbers CN_i = Σ_j k4 exp(−(|en_i−en_j|+k5)²/k6)·½(1+erf(−kn (r−rco)/rco)) with rco = 4/3 (rcov_i+rcov_j).
 * With a long-range cutoff (Å) each pair's part is switched off over the last bohr before it.
 */
export function coordinationNumbers(
  { rcov, en }: Dispersion,
  longRangeCutoff: number | null,
  numbers: Uint8Array,
  { pairs, distances }: PairGeometry,
): CoordinationNumbers {
  const values = new Float64Array(pairs.atomCount);
  const slopes = new Float64Array(pairs.pairCount);
  const end = longRangeCutoff === null ? null : longRangeCutoff / bohr;
  for (let u = 0; u < pairs.pairCount; u++) {
    const i = pairs.first[u]!, j = pairs.second[u]!;
    const zi = numbers[i]!, zj = numbers[j]!;
    const r = distances[u]! / bohr;
    const contact = 4 / 3 * (rcov[zi]! + rcov[zj]!);
    const excess = kn * (r - contact) / contact;
    if (excess > largestExcess) continue;
    const strength = k4 * Math.exp(-((Math.abs(en[zi]! - en[zj]!) + k5) ** 2) / k6);
    const gaussian = Math.exp(-excess * excess);
    const part = gaussian * scaledComplementaryErrorFunction(Math.abs(excess));
    let value = strength / 2 * (excess < 0 ? 2 - part : part);
    let slope = -strength * kn / contact * gaussian / Math.sqrt(Math.PI);
    if (end !== null) {
      // the published code takes the number of Å in a bohr for the switch's width in bohr
      const fade = switchFunction(r, end - bohr, end);
      slope = slope * fade.value + value * fade.slope;
      value *= fade.value;
    }
    values[i]! += value;
    values[j]! += value;
    slopes[u] = slope / bohr;
  }
  return { values, slopes };
}

/** Adjoint of {@link coordinationNumbers}: CN's adjoint `[N]` → the distances' `[U]`. */
export function coordinationNumbersAdjoint(
  { pairs: { first, second } }: PairGeometry,
  { slopes }: CoordinationNumbers,
  adjoint: Float64Array,
): Float64Array {
  return slopes.map((slope, u) => slope * (adjoint[first[u]!]! + adjoint[second[u]!]!));
}
