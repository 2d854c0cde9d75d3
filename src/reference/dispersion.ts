import { bohr, hartree } from "../model/constants.ts";
import type { Dispersion } from "../model/network.ts";
import { coordinationNumbers, coordinationNumbersAdjoint } from "./coordination_number.ts";
import type { ChargedPairEnergy } from "./electrostatics.ts";
import type { TermExecution } from "./execution.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { type ReferenceC6, referenceCount } from "./reference_c6.ts";
import { referenceWeights, referenceWeightsAdjoint } from "./reference_weights.ts";
import { share } from "./team.ts";

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
  execution: TermExecution,
  parameters: Dispersion,
  references: ReferenceC6,
  longRangeCutoff: number | null,
  numbers: Uint8Array,
  charges: Float64Array,
  geometry: PairGeometry,
): DispersionEnergy {
  const coordination = coordinationNumbers(execution, parameters, longRangeCutoff, numbers, geometry);
  const weights = referenceWeights(execution, parameters, numbers, coordination.values, charges);
  const contracted = contractReferences(execution, references, weights.values);
  const pairs = dispersionPairs(
    execution,
    parameters,
    references,
    longRangeCutoff,
    weights.values,
    contracted,
    geometry,
  );
  const coordinationAdjoint = referenceWeightsAdjoint(execution, weights.coordinationSlopes, pairs.weights);
  return {
    energies: pairs.energies,
    distances: coordinationNumbersAdjoint(execution, geometry, coordination, coordinationAdjoint, pairs.distances),
    charges: referenceWeightsAdjoint(execution, weights.chargeSlopes, pairs.weights),
    polarizabilities: polarizabilities(execution, parameters, numbers, weights.values),
    c6: ownC6(execution, references, weights.values, contracted),
  };
}

/** Σ_a ζ_i,a C6(a, b) for each atom i and each reference b of each element present: ζ `[N][7]` → `[N][E][7]`. */
export function contractReferences(
  { workspace, team }: TermExecution,
  { elements, elementOf, table }: ReferenceC6,
  weights: Float64Array,
): Float64Array {
  const row = elements.length * referenceCount;
  const result = workspace.float64(elementOf.length * row);
  const { from, to } = share(team, elementOf.length);
  result.fill(0, from * row, to * row);
  for (let i = from; i < to; i++) {
    for (let other = 0; other < elements.length; other++) {
      const forms = (elementOf[i]! * elements.length + other) * referenceCount ** 2;
      const at = i * row + other * referenceCount;
      for (let a = 0; a < referenceCount; a++) {
        const weight = weights[i * referenceCount + a]!;
        if (weight === 0) continue;
        for (let b = 0; b < referenceCount; b++) result[at + b]! += weight * table[forms + a * referenceCount + b]!;
      }
    }
  }
  return result;
}

/**
 * The pairs' dispersion energy for given reference weights ζ `[N][7]` and their contractions `[N][E][7]`.
 *
 * The energy is bilinear in the weights of a pair's atoms, so that an atom's half of it is ½ ζ·∂E/∂ζ.
 */
export function dispersionPairs(
  execution: TermExecution,
  parameters: Dispersion,
  references: ReferenceC6,
  longRangeCutoff: number | null,
  weights: Float64Array,
  contracted: Float64Array,
  { pairs: { atomCount, pairCount, first, second, start, neighbour, entry }, distances }: PairGeometry,
): WeightedPairEnergy {
  const { workspace, team } = execution;
  const { elements, elementOf } = references;
  const end = (longRangeCutoff ?? Infinity) / bohr;
  const row = elements.length * referenceCount;
  const kernel = workspace.float64(pairCount);
  const result = {
    energies: workspace.float64(atomCount),
    distances: workspace.float64(pairCount),
    weights: workspace.float64(weights.length),
  };
  const damping = elementDamping(execution, parameters, elements, end);
  team.barrier();
  const own = share(team, pairCount), atoms = share(team, atomCount);
  for (let u = own.from; u < own.to; u++) {
    const i = first[u]!, j = second[u]!, ei = elementOf[i]!, ej = elementOf[j]!;
    const r = distances[u]! / bohr;
    if (r >= end) {
      kernel[u] = result.distances[u] = 0;
      continue;
    }
    const of = (ei * elements.length + ej) * dampingColumns;
    putDampedPowers(parameters.s6, damping, of, r, kernel, result.distances, u);
    kernel[u] = -hartree * (kernel[u]! - damping[of + 3]! - damping[of + 4]! * r);
    result.distances[u] = -hartree / bohr * (result.distances[u]! - damping[of + 4]!) *
      pairC6(weights, contracted, i * row + ej * referenceCount, j * referenceCount);
  }
  team.barrier();
  for (let i = atoms.from; i < atoms.to; i++) {
    let w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0;
    const column = elementOf[i]! * referenceCount;
    for (let at = start[i]!, last = start[i + 1]!; at < last; at++) {
      const u = entry[at]!, from = neighbour[at]! * row + column;
      const value = kernel[u < 0 ? ~u : u]!;
      w0 += value * contracted[from]!;
      w1 += value * contracted[from + 1]!;
      w2 += value * contracted[from + 2]!;
      w3 += value * contracted[from + 3]!;
      w4 += value * contracted[from + 4]!;
      w5 += value * contracted[from + 5]!;
      w6 += value * contracted[from + 6]!;
    }
    const to = i * referenceCount;
    result.weights[to] = w0;
    result.weights[to + 1] = w1;
    result.weights[to + 2] = w2;
    result.weights[to + 3] = w3;
    result.weights[to + 4] = w4;
    result.weights[to + 5] = w5;
    result.weights[to + 6] = w6;
    result.energies[i] = pairC6(weights, result.weights, to, to) / 2;
  }
  return result;
}

/** Σ_b contracted[from + b] ζ[of + b]: C6, hartree·bohr⁶, of an atom's contraction with another's element and the other's weights. */
function pairC6(weights: Float64Array, contracted: Float64Array, from: number, of: number): number {
  return contracted[from]! * weights[of]! + contracted[from + 1]! * weights[of + 1]! +
    contracted[from + 2]! * weights[of + 2]! + contracted[from + 3]! * weights[of + 3]! +
    contracted[from + 4]! * weights[of + 4]! + contracted[from + 5]! * weights[of + 5]! +
    contracted[from + 6]! * weights[of + 6]!;
}

/** Numbers that {@link elementDamping} has for a pair of elements. */
const dampingColumns = 5;

/**
 * What of a pair's energy depends on the elements alone `[E][E][5]`: s8 B², r0⁶, r0⁸, and the constant and the slope of the
 * straight line taken off so that value and slope are 0 at the end (bohr); 0 where there is none.
 */
function elementDamping(
  { workspace, team }: TermExecution,
  { s6, s8, a1, a2, sqrtR4r2 }: Dispersion,
  elements: readonly number[],
  end: number,
): Float64Array {
  const count = elements.length ** 2;
  const result = workspace.float64(dampingColumns * count);
  const { from, to } = share(team, count);
  for (let pair = from; pair < to; pair++) {
    const one = elements[Math.floor(pair / elements.length)]!, other = elements[pair % elements.length]!;
    const b = Math.sqrt(3) * sqrtR4r2[one]! * sqrtR4r2[other]!;
    const r0 = a1 * b + a2, r02 = r0 * r0;
    const at = pair * dampingColumns;
    result[at] = s8 * b * b;
    result[at + 1] = r02 * r02 * r02;
    result[at + 2] = r02 * r02 * r02 * r02;
    result[at + 3] = result[at + 4] = 0;
    if (end === Infinity) continue;
    const line = at + 3;
    putDampedPowers(s6, result, at, end, result.subarray(line), result.subarray(line + 1), 0);
    result[line]! -= end * result[line + 1]!;
  }
  return result;
}

/** Writes s6/(r⁶+r0⁶) + s8 B²/(r⁸+r0⁸) and its slope in r to places `at`, of the elements' row `of` ({@link elementDamping}). */
function putDampedPowers(
  s6: number,
  damping: Float64Array,
  of: number,
  r: number,
  values: Float64Array,
  slopes: Float64Array,
  at: number,
): void {
  const c8 = damping[of]!;
  const r2 = r * r, r4 = r2 * r2;
  const sixth = 1 / (r4 * r2 + damping[of + 1]!), eighth = 1 / (r4 * r4 + damping[of + 2]!);
  values[at] = s6 * sixth + c8 * eighth;
  slopes[at] = -r * r4 * (6 * s6 * sixth * sixth + 8 * c8 * r2 * eighth * eighth);
}

/** Atomic polarizabilities Σ_a ζ_a α_a(0) `[N]`, Å³. */
function polarizabilities(
  { workspace, team }: TermExecution,
  { alpha, casimirPolderWeights }: Dispersion,
  numbers: Uint8Array,
  weights: Float64Array,
): Float64Array {
  const frequencies = casimirPolderWeights.length;
  const result = workspace.float64(numbers.length);
  const { from, to } = share(team, numbers.length);
  for (let i = from; i < to; i++) {
    let sum = 0;
    for (let a = 0; a < referenceCount; a++) {
      sum += weights[i * referenceCount + a]! * alpha[(numbers[i]! * referenceCount + a) * frequencies]!;
    }
    result[i] = sum * bohr ** 3;
  }
  return result;
}

/** C6 of each atom with its like `[N]`, eV Å⁶. */
function ownC6(
  { workspace, team }: TermExecution,
  { elements, elementOf }: ReferenceC6,
  weights: Float64Array,
  contracted: Float64Array,
): Float64Array {
  const result = workspace.float64(elementOf.length);
  const { from, to } = share(team, elementOf.length);
  for (let i = from; i < to; i++) {
    const at = (i * elements.length + elementOf[i]!) * referenceCount;
    result[i] = hartree * bohr ** 6 * pairC6(weights, contracted, at, i * referenceCount);
  }
  return result;
}
