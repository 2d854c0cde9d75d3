import { coulombConstant } from "../model/constants.ts";
import type { ValueAndSlope } from "./cutoff_function.ts";
import type { TermExecution } from "./execution.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import type { PairEnergy } from "./repulsion.ts";
import { switchFunction } from "./switch_function.ts";
import { share } from "./team.ts";

/** A pair energy that depends on the partial charges too. */
export interface ChargedPairEnergy extends PairEnergy {
  /** ∂E/∂q `[N]`, eV/e. */
  readonly charges: Float64Array;
}

/** What of the electrostatics the model fixes. */
export interface ElectrostaticsRange {
  /** The network's cutoff, Å: damping is switched off from a quarter to three quarters of it. */
  readonly cutoff: number;
  /** Where the interaction ends, Å; `null`: nowhere. */
  readonly longRangeCutoff: number | null;
}

/**
 * Electrostatics of partial charges q (e), damped at short range (Unke et al. 2021, Methods):
 * ke q_i q_j (s(r)/√(r²+1) + (1−s(r))/r) for each pair, shifted to end smoothly at the long-range cutoff if there is one.
 * An atom's energy is half its charge times the potential there, ke Σ_j q_j (…), which is ∂E/∂q.
 */
export function electrostatics(
  { workspace, team }: TermExecution,
  range: ElectrostaticsRange,
  charges: Float64Array,
  { pairs: { atomCount, pairCount, first, second, start, entry, neighbour }, distances: r }: PairGeometry,
): ChargedPairEnergy {
  const kernel = workspace.float64(pairCount);
  const distances = workspace.float64(pairCount);
  const energies = workspace.float64(atomCount);
  const potentials = workspace.float64(atomCount);
  team.barrier();
  const own = share(team, pairCount), atoms = share(team, atomCount);
  for (let u = own.from; u < own.to; u++) {
    const { value, slope } = electrostaticKernel(range, r[u]!);
    kernel[u] = value;
    distances[u] = coulombConstant * charges[first[u]!]! * charges[second[u]!]! * slope;
  }
  team.barrier();
  for (let i = atoms.from; i < atoms.to; i++) {
    let sum = 0;
    for (let at = start[i]!, end = start[i + 1]!; at < end; at++) {
      const u = entry[at]!;
      sum += kernel[u < 0 ? ~u : u]! * charges[neighbour[at]!]!;
    }
    potentials[i] = coulombConstant * sum;
    energies[i] = charges[i]! * potentials[i]! / 2;
  }
  return { energies, charges: potentials, distances };
}

/**
 * The interaction of two unit charges at distance r (Å) in units of ke, 1/Å, and its slope, 1/Å².
 *
 * At the long-range cutoff L both parts end with their slopes: 1/r + r/L² − 2/L, written so that nothing cancels, and
 * 1/√(r²+1) with the straight line added that does the same.
 */
export function electrostaticKernel({ cutoff, longRangeCutoff }: ElectrostaticsRange, r: number): ValueAndSlope {
  const end = longRangeCutoff ?? Infinity;
  let value = 0, slope = 0;
  if (r < end) {
    const inverse = 1 / r, inverseEnd = 1 / end;
    const left = 1 - r * inverseEnd;
    value = left * left * inverse;
    slope = (inverseEnd - inverse) * (inverseEnd + inverse);
    if (r < 3 * cutoff / 4) {
      const root = 1 / Math.sqrt(r * r + 1);
      let damped = root, dampedSlope = -r * root * root * root;
      if (longRangeCutoff !== null) {
        const atEnd = 1 / Math.sqrt(end * end + 1), slopeAtEnd = -end * atEnd * atEnd * atEnd;
        damped -= atEnd + slopeAtEnd * (r - end);
        dampedSlope -= slopeAtEnd;
      }
      const damping = switchFunction(r, cutoff / 4, 3 * cutoff / 4);
      slope += damping.value * (dampedSlope - slope) + damping.slope * (damped - value);
      value += damping.value * (damped - value);
    }
  }
  return { value, slope };
}
