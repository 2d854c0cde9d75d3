import type { Network } from "../model/network.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { PairGeometry } from "./pair_geometry.ts";

/** Atoms closer than this, Å, are taken for a mistake: no potential is meant for it. */
const closestApproach = 1e-3;

/**
 * That the model has what is asked for.
 *
 * @throws RangeError for a property that the model lacks, or that only several models have.
 */
export function checkProperties(network: Network, properties: ReadonlySet<Property>): void {
  if (properties.has("committee")) throw new RangeError("Expected several models for a committee but found one");
  if (network.dispersion !== null) return;
  for (const property of ["polarizabilities", "c6"] as const) {
    if (properties.has(property)) {
      throw new RangeError(`Expected a model with D4 dispersion for ${property} but found one without`);
    }
  }
}

/**
 * That there is a place for every atom.
 *
 * @throws RangeError for a wrong number of coordinates, no atoms, or a coordinate that is not finite.
 */
export function checkCoordinates({ numbers, positions }: Structure): void {
  if (numbers.length === 0) throw new RangeError("Expected at least one atom but found none");
  if (positions.length !== 3 * numbers.length) {
    throw new RangeError(
      `Expected ${3 * numbers.length} coordinates for ${numbers.length} atoms but found ${positions.length}`,
    );
  }
  const at = positions.findIndex((coordinate) => !Number.isFinite(coordinate));
  if (at >= 0) {
    throw new RangeError(`Expected finite coordinates but found ${positions[at]} for atom ${Math.floor(at / 3)}`);
  }
}

/**
 * That the model knows the elements.
 *
 * @throws RangeError for an element that the model's tables have no row for.
 */
export function checkElements({ hyperparameters: { maxAtomicNumber } }: Network, numbers: Uint8Array): void {
  const unknown = numbers.findIndex((z) => z < 1 || z >= maxAtomicNumber);
  if (unknown >= 0) {
    throw new RangeError(
      `Expected atomic numbers from 1 to ${maxAtomicNumber - 1}, which the model has, but found ` +
        `${numbers[unknown]} at atom ${unknown}`,
    );
  }
}

/**
 * That no two atoms coincide.
 *
 * @throws RangeError naming the first two that do.
 */
export function checkApproach({ pairs, distances }: PairGeometry): void {
  for (let u = 0; u < pairs.pairCount; u++) {
    if (distances[u]! >= closestApproach) continue;
    throw new RangeError(
      `Expected atoms at least ${closestApproach} Å apart but found atoms ${pairs.first[u]} and ` +
        `${pairs.second[u]} at a distance of ${distances[u]} Å`,
    );
  }
}

/**
 * That all results are numbers.
 *
 * @throws Error naming the first that is not.
 */
export function checkFinite(result: Omit<Result, "domain" | "committee">): void {
  const { energy, energies, ...arrays } = result;
  for (const [name, values] of Object.entries({ ...energies, ...arrays, energy: [energy] })) {
    const at = values.findIndex((value: number) => !Number.isFinite(value));
    if (at >= 0) {
      throw new Error(
        `Expected finite results but found ${values[at]} at element ${at} of ${name}: ` +
          `the structure is beyond what the model can describe`,
      );
    }
  }
}
