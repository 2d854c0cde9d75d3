import type { ClosestDistances } from "../model/training_domain.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { covalentRadius } from "../structure/covalent_radii.ts";
import { largestAtomicNumber } from "../structure/elements.ts";
import { NeighbourList } from "../structure/neighbour_list.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";

/** Two atoms that are closer than a limit. */
export interface Approach {
  /** Index of one atom. */
  readonly first: number;
  /** Index of the other, or of the same where it is its own image. */
  readonly second: number;
  /** Å. */
  readonly distance: number;
  /** Å. */
  readonly limit: number;
}

/**
 * What the pairs of a fresh list may be farther apart than the largest limit, Å. Limits are shorter than bonds, so that the
 * list holds few pairs even so, and it outlives some hundred steps.
 */
const skin = 1;

/** Structures of a call whose pair lists are kept for the next call. */
const keptLists = 256;

const none: readonly Approach[] = [];

/**
 * Finds atoms that are closer than the limit of their elements. Structures that move a little between calls cost a pass
 * over the atoms and one over the bonded pairs: 4 µs for 192 atoms of water.
 */
export class ClosestApproach {
  /** Row of an atomic number in the table of limits; 0: no limits. */
  readonly #rowOf = new Uint8Array(256);
  readonly #rows: number;
  /** Squares of the limits `[rows][rows]`, Å²; 0: none. */
  readonly #squaredLimits: Float64Array;
  readonly #largestLimit: number;
  readonly #lists: NeighbourList[] = [];

  /**
   * Tabulates the limits.
   *
   * @param elements Atomic numbers that have limits; `null`: all there are.
   */
  constructor({ pairs, covalent }: ClosestDistances, elements: readonly number[] | null) {
    const all = Array.from({ length: largestAtomicNumber }, (_, index) => index + 1);
    const limited = elements?.filter((z) => z <= largestAtomicNumber) ?? all;
    limited.forEach((z, index) => this.#rowOf[z] = index + 1);
    this.#rows = limited.length + 1;
    const limits = new Float64Array(this.#rows * this.#rows);
    const setLimit = (a: number, b: number, limit: number) => {
      const [i, j] = [this.#rowOf[a]!, this.#rowOf[b]!];
      if (i > 0 && j > 0) limits[i * this.#rows + j] = limits[j * this.#rows + i] = limit;
    };
    if (covalent !== null) {
      for (const a of limited) {
        for (const b of limited) setLimit(a, b, covalent * (covalentRadius(a) + covalentRadius(b)));
      }
    }
    for (const { elements: [a, b], distance } of pairs) setLimit(a, b, distance);
    this.#squaredLimits = limits.map((limit) => limit * limit);
    this.#largestLimit = limits.reduce((largest, limit) => Math.max(largest, limit), 0);
  }

  /**
   * Of each pair of elements with atoms closer than their limit, the two that are closest.
   *
   * @param structure Its arrays may be used again after the call.
   * @param place Which of the structures of a call it is: pairs are looked for among those of the last call's structure in
   * that place where they can still be all there are.
   * @throws RangeError for positions that are not finite, and a cell that spans no lattice.
   */
  find(structure: Structure, place: number): readonly Approach[] {
    if (this.#largestLimit === 0) return none;
    const { first, second, shift, pairCount } = this.#pairs(structure, place);
    const { numbers, positions, cell } = structure;
    const rowOf = this.#rowOf, limits = this.#squaredLimits, rows = this.#rows;
    let found: Map<number, Approach> | null = null;
    for (let u = 0; u < pairCount; u++) {
      const i = first[u]!, j = second[u]!;
      const row = rowOf[numbers[i]!]!, column = rowOf[numbers[j]!]!;
      const squaredLimit = limits[row * rows + column]!;
      if (squaredLimit === 0) continue;
      let x = positions[3 * j]! - positions[3 * i]!;
      let y = positions[3 * j + 1]! - positions[3 * i + 1]!;
      let z = positions[3 * j + 2]! - positions[3 * i + 2]!;
      if (cell !== null) {
        const a = shift[3 * u]!, b = shift[3 * u + 1]!, c = shift[3 * u + 2]!;
        x += a * cell[0]! + b * cell[3]! + c * cell[6]!;
        y += a * cell[1]! + b * cell[4]! + c * cell[7]!;
        z += a * cell[2]! + b * cell[5]! + c * cell[8]!;
      }
      const squared = x * x + y * y + z * z;
      if (squared >= squaredLimit) continue;
      found ??= new Map();
      const elements = Math.min(row, column) * rows + Math.max(row, column);
      addClosest(found, elements, {
        first: i,
        second: j,
        distance: Math.sqrt(squared),
        limit: Math.sqrt(squaredLimit),
      });
    }
    return found === null ? none : [...found.values()];
  }

  #pairs(structure: Structure, place: number): PairList {
    if (place >= keptLists) return buildPairList(structure, this.#largestLimit);
    this.#lists[place] ??= new NeighbourList(this.#largestLimit, skin);
    return this.#lists[place].update(structure).pairs;
  }
}

function addClosest(found: Map<number, Approach>, elements: number, approach: Approach): void {
  const before = found.get(elements);
  if (before === undefined || approach.distance < before.distance) found.set(elements, approach);
}
