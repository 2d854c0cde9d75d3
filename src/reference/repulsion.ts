import { coulombConstant } from "../model/constants.ts";
import type { Repulsion } from "../model/network.ts";
import { cutoffFunction } from "./cutoff_function.ts";
import type { TermExecution } from "./execution.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { pairSum } from "./pair_sum.ts";
import { share } from "./team.ts";

/** A term of the energy that is a sum over pairs, with its derivatives. */
export interface PairEnergy {
  /** Each atom's share, half of each of its pairs `[N]`, eV. */
  readonly energies: Float64Array;
  /** ∂E/∂r `[U]`, eV/Å. */
  readonly distances: Float64Array;
}

/**
 * Nuclear repulsion after Ziegler, Biersack and Littmark, with learned parameters and cut off smoothly (Unke et al.
 * 2021, Methods): ke Z_i Z_j/r · fc(r) · Σ_k c_k exp(−a_k (Z_i^p + Z_j^p) d r) for each pair.
 */
export function repulsion(
  execution: TermExecution,
  { coefficients, exponents, power, scale }: Repulsion,
  cutoff: number,
  numbers: Uint8Array,
  { pairs, distances: r }: PairGeometry,
): PairEnergy {
  const { workspace, team } = execution;
  const { atomCount, pairCount, first, second } = pairs;
  const reach = workspace.float64(atomCount);
  const halves = workspace.float64(pairCount);
  const distances = workspace.float64(pairCount);
  const atoms = share(team, atomCount), own = share(team, pairCount);
  for (let i = atoms.from; i < atoms.to; i++) reach[i] = scale * numbers[i]! ** power;
  team.barrier();
  for (let u = own.from; u < own.to; u++) {
    const x = r[u]!;
    if (x >= cutoff) {
      halves[u] = distances[u] = 0;
      continue;
    }
    const i = first[u]!, j = second[u]!;
    const { value: envelope, slope: envelopeSlope } = cutoffFunction(x, cutoff);
    const sum = reach[i]! + reach[j]!;
    let screening = 0, screeningSlope = 0;
    for (let k = 0; k < coefficients.length; k++) {
      const exponent = exponents[k]! * sum;
      const part = coefficients[k]! * Math.exp(-exponent * x);
      screening += part;
      screeningSlope -= exponent * part;
    }
    const coulomb = coulombConstant * numbers[i]! * numbers[j]! / x;
    const energy = coulomb * envelope * screening;
    halves[u] = energy / 2;
    distances[u] = coulomb * (envelopeSlope * screening + envelope * screeningSlope) - energy / x;
  }
  return { energies: pairSum(execution, pairs, halves), distances };
}
