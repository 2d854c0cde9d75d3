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

/** The interaction of two unit charges at distance r (Å) in units of ke, 1/Å, and its slope, 1/Å². */
export function electrostaticKernel({ cutoff, longRangeCutoff }: ElectrostaticsRange, r: number): ValueAndSlope {
  if (longRangeCutoff !== null && r >= longRangeCutoff) return { value: 0, slope: 0 };
  const bare = longRangeCutoff === null ? coulomb(r) : shiftedCoulomb(r, longRangeCutoff);
  const damping = switchFunction(r, cutoff / 4, 3 * cutoff / 4);
  if (damping.value === 0) return bare;
  const damped = longRangeCutoff === null ? dampedCoulomb(r) : shiftedDampedCoulomb(r, longRangeCutoff);
  return {
    value: damping.value * damped.value + (1 - damping.value) * bare.value,
    slope: damping.value * damped.slope + (1 - damping.value) * bare.slope +
      damping.slope * (damped.value - bare.value),
  };
}

/** 1/r. */
function coulomb(r: number): ValueAndSlope {
  const value = 1 / r;
  return { value, slope: -value * value };
}

/** 1/√(r²+1). */
function dampedCoulomb(r: number): ValueAndSlope {
  const value = 1 / Math.sqrt(r * r + 1);
  return { value, slope: -r * value * value * value };
}

/** 1/r + r/L² − 2/L, written so that nothing cancels. */
function shiftedCoulomb(r: number, end: number): ValueAndSlope {
  return { value: (end - r) ** 2 / (r * end ** 2), slope: (r - end) * (r + end) / (r * end) ** 2 };
}

/** 1/√(r²+1) plus the straight line that brings it to 0 with slope 0 at L. */
function shiftedDampedCoulomb(r: number, end: number): ValueAndSlope {
  const { value, slope } = dampedCoulomb(r);
  const atEnd = dampedCoulomb(end);
  return { value: value - atEnd.value - atEnd.slope * (r - end), slope: slope - atEnd.slope };
}
