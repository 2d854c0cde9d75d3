import { coulombConstant } from "../model/constants.ts";
import type { Repulsion } from "../model/network.ts";
import { cutoffFunction } from "./cutoff_function.ts";
import type { PairGeometry } from "./pair_geometry.ts";

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
  { coefficients, exponents, power, scale }: Repulsion,
  cutoff: number,
  numbers: Uint8Array,
  { pairs, distances: r }: PairGeometry,
): PairEnergy {
  const energies = new Float64Array(pairs.atomCount);
  const distances = new Float64Array(pairs.pairCount);
  const reach = Float64Array.from(numbers, (z) => scale * z ** power);
  for (let u = 0; u < pairs.pairCount; u++) {
    const i = pairs.first[u]!, j = pairs.second[u]!;
    const x = r[u]!;
    const { value: envelope, slope: envelopeSlope } = cutoffFunction(x, cutoff);
    let screening = 0, screeningSlope = 0;
    for (let k = 0; k < coefficients.length; k++) {
      const exponent = exponents[k]! * (reach[i]! + reach[j]!);
      const part = coefficients[k]! * Math.exp(-exponent * x);
      screening += part;
      screeningSlope -= exponent * part;
    }
    const coulomb = coulombConstant * numbers[i]! * numbers[j]! / x;
    const energy = coulomb * envelope * screening;
    energies[i]! += energy / 2;
    energies[j]! += energy / 2;
    distances[u] = coulomb * (envelopeSlope * screening + envelope * screeningSlope) - energy / x;
  }
  return { energies, distances };
}
