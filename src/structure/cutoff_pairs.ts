import type { PeriodicPositions } from "./build_pair_list.ts";
import { NeighbourList } from "./neighbour_list.ts";
import { putEntries } from "./pair_entries.ts";
import type { PairList } from "./pair_list.ts";

/**
 * The pairs closer than a cutoff while the atoms move: each time those of a {@linkcode NeighbourList} that are, at a
 * fraction of what finding them anew takes. Which pairs they are, and in which order, does not depend on what the list
 * has seen before.
 *
 * @example
 * ```ts
 * import { CutoffPairs } from "./cutoff_pairs.ts";
 *
 * const near = new CutoffPairs(4, 1);
 * const positions = Float64Array.of(0, 0, 0, 4.5, 0, 0);
 * const cluster = { positions, cell: null, periodic: [false, false, false] } as const;
 * console.assert(near.update(cluster).pairCount === 0);
 * positions[3] = 3.9;
 * console.assert(near.update(cluster).pairCount === 1);
 * ```
 */
export class CutoffPairs {
  readonly #cutoff: number;
  readonly #list: NeighbourList;
  #arrays = new PairArrays(0, 0);

  /**
   * No pairs; the first update finds them.
   *
   * @param cutoff Å, positive.
   * @param skin How much farther the list looks that the pairs are taken from, Å.
   * @throws RangeError when either is out of range.
   */
  constructor(cutoff: number, skin: number) {
    this.#cutoff = cutoff;
    this.#list = new NeighbourList(cutoff, skin);
  }

  /**
   * The pairs of a structure, in the order of {@linkcode PairList}s that are built anew. Their arrays are overwritten by
   * the next update.
   *
   * @throws RangeError as `buildPairList` does.
   */
  update(structure: PeriodicPositions): PairList {
    const { pairs, rebuilt } = this.#list.update(structure);
    const { atomCount } = pairs;
    if (rebuilt && !this.#arrays.hold(atomCount, pairs.pairCount)) {
      this.#arrays = new PairArrays(atomCount, pairs.pairCount);
    }
    const { first, second, shift, start, next, neighbour, entry } = this.#arrays;
    const pairCount = putPairsWithin(this.#cutoff, structure, pairs, this.#arrays);
    const list = {
      atomCount,
      pairCount,
      first: first.subarray(0, pairCount),
      second: second.subarray(0, pairCount),
      shift: shift.subarray(0, 3 * pairCount),
      start: start.subarray(0, atomCount + 1),
      neighbour: neighbour.subarray(0, 2 * pairCount),
      entry: entry.subarray(0, 2 * pairCount),
    };
    putEntries(list, next);
    return list;
  }
}

/** Room for the arrays of a pair list. */
class PairArrays {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly shift: Int32Array;
  readonly start: Int32Array;
  readonly next: Int32Array;
  readonly neighbour: Int32Array;
  readonly entry: Int32Array;

  constructor(atoms: number, pairs: number) {
    this.first = new Int32Array(pairs);
    this.second = new Int32Array(pairs);
    this.shift = new Int32Array(3 * pairs);
    this.start = new Int32Array(atoms + 1);
    this.next = new Int32Array(atoms);
    this.neighbour = new Int32Array(2 * pairs);
    this.entry = new Int32Array(2 * pairs);
  }

  /** Whether there is room for so many, and not much more. */
  hold(atoms: number, pairs: number): boolean {
    return this.next.length === atoms && this.first.length >= pairs && this.first.length <= 2 * pairs;
  }
}

/** Writes the pairs of a list that are closer than a cutoff and says how many they are. */
function putPairsWithin(
  cutoff: number,
  { positions, cell }: PeriodicPositions,
  pairs: PairList,
  { first, second, shift }: PairArrays,
): number {
  let count = 0;
  for (let u = 0; u < pairs.pairCount; u++) {
    const i = pairs.first[u]!, j = pairs.second[u]!;
    const a = pairs.shift[3 * u]!, b = pairs.shift[3 * u + 1]!, c = pairs.shift[3 * u + 2]!;
    let x = positions[3 * j]! - positions[3 * i]!;
    let y = positions[3 * j + 1]! - positions[3 * i + 1]!;
    let z = positions[3 * j + 2]! - positions[3 * i + 2]!;
    if (cell !== null) {
      x += a * cell[0]! + b * cell[3]! + c * cell[6]!;
      y += a * cell[1]! + b * cell[4]! + c * cell[7]!;
      z += a * cell[2]! + b * cell[5]! + c * cell[8]!;
    }
    if (x * x + y * y + z * z >= cutoff * cutoff) continue;
    first[count] = i;
    second[count] = j;
    shift[3 * count] = a;
    shift[3 * count + 1] = b;
    shift[3 * count + 2] = c;
    count++;
  }
  return count;
}
