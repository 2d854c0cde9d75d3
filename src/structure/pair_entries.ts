import type { PairList } from "./pair_list.ts";

/** Most pairs a list can hold: the entries, two a pair, are counted in int32. */
export const mostPairs = 2 ** 30 - 1;

/**
 * Completes a pair list with each atom's entries, in the order of the neighbours and, for one neighbour, of the shifts
 * as seen from the atom.
 *
 * @param atomCount Number of atoms N.
 * @param first `[U]`, kept. The pairs stand in ascending order of (first, second, shift), with first ≤ second, and of
 * an atom's own images only those with a lexicographically positive shift.
 * @param second `[U]`, kept.
 * @param shift `[U][3]`, kept.
 */
export function withEntries(atomCount: number, first: Int32Array, second: Int32Array, shift: Int32Array): PairList {
  const pairCount = first.length;
  const list = {
    atomCount,
    pairCount,
    first,
    second,
    shift,
    start: new Int32Array(atomCount + 1),
    neighbour: new Int32Array(2 * pairCount),
    entry: new Int32Array(2 * pairCount),
  };
  putEntries(list, new Int32Array(atomCount));
  return list;
}

/** Writes each atom's entries into a list that has its pairs already; `next` `[N]` is overwritten. */
export function putEntries(
  { atomCount, pairCount, first, second, start, neighbour, entry }: PairList,
  next: Int32Array,
): void {
  start.fill(0);
  for (let u = 0; u < pairCount; u++) {
    start[first[u]! + 1]!++;
    start[second[u]! + 1]!++;
  }
  for (let i = 0; i < atomCount; i++) {
    start[i + 1]! += start[i]!;
    next[i] = start[i]!;
  }
  for (let begin = 0, end = 0; begin < pairCount; begin = end) {
    const i = first[begin]!;
    const j = second[begin]!;
    while (end < pairCount && first[end] === i && second[end] === j) end++;
    // Seen from the second atom the shifts are negated, so their order is reversed.
    for (let u = end - 1; u >= begin; u--) {
      const at = next[j]!++;
      neighbour[at] = i;
      entry[at] = ~u;
    }
    for (let u = begin; u < end; u++) {
      const at = next[i]!++;
      neighbour[at] = j;
      entry[at] = u;
    }
  }
}
