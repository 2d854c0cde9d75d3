import { bohr, hartree } from "../model/constants.ts";
import type { Dispersion } from "../model/network.ts";
import { coordinationNumbers, coordinationNumbersAdjoint } from "./coordination_number.ts";
import type { ValueAndSlope } from "./cutoff_function.ts";
import type { ChargedPairEnergy } from "./electrostatics.ts";
import { accumulate } from "./elementwise.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { type ReferenceC6, referenceCount } from "./reference_c6.ts";
import { referenceWeights, referenceWeightsAdjoint } from "./reference_weights.ts";

/** The dispersion energy, and the atomic properties that come with it. */
export interface DispersionEnergy extends ChargedPairEnergy {
  /** `[N]`, Å³. */
  readonly polarizabilities: Float64Array;
  /** C6 of each atom with its like `[N]`, eV Å⁶. */
  readonly c6: Float64Array;
}

/** Pair energies of given reference weights, with their derivatives. */
export interface WeightedPairEnergy {
  /** `[N]`, eV. */
  readonly energies: Float64Array;
  /** ∂E/∂r `[U]`, eV/Å, at fixed weights. */
  readonly distances: Float64Array;
  /** ∂E/∂ζ `[N][7]`, eV. */
  readonly weights: Float64Array;
}

/**
 * D4 dispersion without its three-body term (Caldeweyher et al. 2019, with the model's learned parameters):
 * −Σ C6_ij (s6/(r⁶+r0⁶) + s8 B²/(r⁸+r0⁸)) over pairs, C6 depending on coordination numbers and partial charges q (e). With a
 * long-range cutoff (Å) the energy of a pair goes to 0 there with its slope.
 */
export function dispersion(
  parameters: Dispersion,
  references: ReferenceC6,
  longRangeCutoff: number | null,
  numbers: Uint8Array,
  charges: Float64Array,
  geometry: PairGeometry,
): DispersionEnergy {
  const coordination = coordinationNumbers(parameters, longRangeCutoff, numbers, geometry);
  const weights = referenceWeights(parameters, numbers, coordination.values, charges);
  const contracted = contractReferences(references, weights.values);
  const pairs = dispersionPairs(
    parameters,
    references,
    longRangeCutoff,
    numbers,
    weights.values,
    contracted,
    geometry,
  );
  const coordinationAdjoint = referenceWeightsAdjoint(weights.coordinationSlopes, pairs.weights);
  accumulate(pairs.distances, coordinationNumbersAdjoint(geometry, coordination, coordinationAdjoint));
  return {
    energies: pairs.energies,
    distances: pairs.distances,
    charges: referenceWeightsAdjoint(weights.chargeSlopes, pairs.weights),
    polarizabilities: polarizabilities(parameters, numbers, weights.values),
    c6: Float64Array.from(
      numbers,
      (_, i) => hartree * bohr ** 6 * pairC6(references, weights.values, contracted, i, i),
    ),
  };
}

/** Σ_a ζ_i,a C6(a, b) for each atom i and each reference b of each element present: ζ `[N][7]` → `[N][E][7]`. */
export function contractReferences({ elements, elementOf, table }: ReferenceC6, weights: Float64Array): Float64Array {
  const row = elements.length * referenceCount;
  const result = new Float64Array(elementOf.length * row);
  elementOf.forEach((element, i) => {
    for (let other = 0; other < elements.length; other++) {
      for (let a = 0; a < referenceCount; a++) {
        const weight = weights[i * referenceCount + a]!;
        const from = ((element * elements.length + other) * referenceCount + a) * referenceCount;
        const to = i * row + other * referenceCount;
        for (let b = 0; b < referenceCount; b++) result[to + b]! += weight * table[from + b]!;
      }
    }
  });
  return result;
}

/** The pairs' dispersion energy for given reference weights ζ `[N][7]` and their contractions `[N][E][7]`. */
export function dispersionPairs(
  { s6, s8, a1, a2, sqrtR4r2 }: Dispersion,
  references: ReferenceC6,
  longRangeCutoff: number | null,
  numbers: Uint8Array,
  weights: Float64Array,
  contracted: Float64Array,
  { pairs, distances }: PairGeometry,
): WeightedPairEnergy {
  const { elements, elementOf } = references;
  const end = longRangeCutoff === null ? null : longRangeCutoff / bohr;
  const row = elements.length * referenceCount;
  const result = {
    energies: new Float64Array(pairs.atomCount),
    distances: new Float64Array(pairs.pairCount),
    weights: new Float64Array(weights.length),
  };
  for (let u = 0; u < pairs.pairCount; u++) {
    const i = pairs.first[u]!, j = pairs.second[u]!;
    const r = distances[u]! / bohr;
    if (end !== null && r >= end) continue;
    const b = Math.sqrt(3) * sqrtR4r2[numbers[i]!]! * sqrtR4r2[numbers[j]!]!;
    const r0 = a1 * b + a2;
    const sixth = inversePower(6, r, r0, end), eighth = inversePower(8, r, r0, end);
    const value = -hartree * (s6 * sixth.value + s8 * b * b * eighth.value);
    const slope = -hartree * (s6 * sixth.slope + s8 * b * b * eighth.slope);
    const c6 = pairC6(references, weights, contracted, i, j);
    result.energies[i]! += c6 * value / 2;
    result.energies[j]! += c6 * value / 2;
    result.distances[u] = c6 * slope / bohr;
    for (let a = 0; a < referenceCount; a++) {
      result.weights[i * referenceCount + a]! += value * contracted[j * row + elementOf[i]! * referenceCount + a]!;
      result.weights[j * referenceCount + a]! += value * contracted[i * row + elementOf[j]! * referenceCount + a]!;
    }
  }
  return result;
}

/** C6 of atoms i and j, hartree·bohr⁶. */
function pairC6(
  { elements, elementOf }: ReferenceC6,
  weights: Float64Array,
  contracted: Float64Array,
  i: number,
  j: number,
): number {
  const from = (i * elements.length + elementOf[j]!) * referenceCount;
  let sum = 0;
  for (let b = 0; b < referenceCount; b++) sum += contracted[from + b]! * weights[j * referenceCount + b]!;
  return sum;
}

/** 1/(rⁿ+r0ⁿ), and with an end the straight line added that makes value and slope 0 there. */
function inversePower(n: number, r: number, r0: number, end: number | null): ValueAndSlope {
  const bare = bareInversePower(n, r, r0);
  if (end === null) return bare;
  const atEnd = bareInversePower(n, end, r0);
  return { value: bare.value - atEnd.value - atEnd.slope * (r - end), slope: bare.slope - atEnd.slope };
}

function bareInversePower(n: number, r: number, r0: number): ValueAndSlope {
  const power = r ** (n - 1);
  const value = 1 / (power * r + r0 ** n);
  return { value, slope: -n * power * value * value };
}

/** Atomic polarizabilities Σ_a ζ_a α_a(0) `[N]`, Å³. */
function polarizabilities({ alpha, casimirPolderWeights }: Dispersion, numbers: Uint8Array, weights: Float64Array) {
  const frequencies = casimirPolderWeights.length;
  return Float64Array.from(numbers, (z, i) => {
    let sum = 0;
    for (let a = 0; a < referenceCount; a++) {
      sum += weights[i * referenceCount + a]! * alpha[(z * referenceCount + a) * frequencies]!;
    }
    return sum * bohr ** 3;
  });
}
