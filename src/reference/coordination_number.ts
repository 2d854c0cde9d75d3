import { bohr } from "../model/constants.ts";
import type { Dispersion } from "../model/network.ts";
import { scaledComplementaryErrorFunction } from "./error_function.ts";
import type { TermExecution } from "./execution.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { pairSum } from "./pair_sum.ts";
import { switchFunction } from "./switch_function.ts";
import { share } from "./team.ts";

/** D4's coordination numbers. */
export interface CoordinationNumbers {
  /** CN `[N]`. */
  readonly values: Float64Array;
  /** What each pair adds to both its atoms, differentiated by its distance `[U]`, 1/Å. */
  readonly slopes: Float64Array;
}

/** From this excess on a pair counts less than 1e-18 of a neighbour. */
const largestExcess = 6.5;

/** Parameters of D4's coordination number. (Caldeweyher et al. 2019.) */
const k4 = 4.10451, k5 = 19.08857, k6 = 254.5553148552, kn = 7.5;

/**
 * Coordination numbers CN_i = Σ_j k4 exp(−(|en_i−en_j|+k5)²/k6)·½(1+erf(−kn (r−rco)/rco)) with rco = 4/3 (rcov_i+rcov_j).
 * With a long-range cutoff (Å) each pair's part is switched off over the last bohr before it.
 */
export function coordinationNumbers(
  execution: TermExecution,
  { rcov, en }: Dispersion,
  longRangeCutoff: number | null,
  numbers: Uint8Array,
  { pairs, distances }: PairGeometry,
): CoordinationNumbers {
  const { workspace, team } = execution;
  const { pairCount, first, second } = pairs;
  const counts = workspace.float64(pairCount);
  const slopes = workspace.float64(pairCount);
  const end = (longRangeCutoff ?? Infinity) / bohr;
  // in Å, of the distance of contact in bohr
  const reach = bohr * (1 + largestExcess / kn);
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const zi = numbers[first[u]!]!, zj = numbers[second[u]!]!;
    const contact = 4 / 3 * (rcov[zi]! + rcov[zj]!);
    if (distances[u]! > reach * contact) {
      counts[u] = slopes[u] = 0;
      continue;
    }
    const r = distances[u]! / bohr;
    const excess = kn * (r - contact) / contact;
    const strength = k4 * Math.exp(-((Math.abs(en[zi]! - en[zj]!) + k5) ** 2) / k6);
    const gaussian = Math.exp(-excess * excess);
    const part = gaussian * scaledComplementaryErrorFunction(Math.abs(excess));
    let count = strength / 2 * (excess < 0 ? 2 - part : part);
    let slope = -strength * kn / contact * gaussian / Math.sqrt(Math.PI);
    if (r > end - bohr) {
      // the published code takes the number of Å in a bohr for the switch's width in bohr
      const fade = switchFunction(r, end - bohr, end);
      slope = slope * fade.value + count * fade.slope;
      count *= fade.value;
    }
    counts[u] = count;
    slopes[u] = slope / bohr;
  }
  return { values: pairSum(execution, pairs, counts), slopes };
}

/**
 * Adjoint of {@link coordinationNumbers}: CN's adjoint `[N]` → the distances' `[U]`, together with what else there is of
 * it, `others`.
 */
export function coordinationNumbersAdjoint(
  { workspace, team }: TermExecution,
  { pairs: { pairCount, first, second } }: PairGeometry,
  { slopes }: CoordinationNumbers,
  adjoint: Float64Array,
  others: Float64Array | null = null,
): Float64Array {
  const result = workspace.float64(pairCount);
  team.barrier();
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const slope = slopes[u]!;
    result[u] = (slope === 0 ? 0 : slope * (adjoint[first[u]!]! + adjoint[second[u]!]!)) +
      (others === null ? 0 : others[u]!);
  }
  return result;
}
