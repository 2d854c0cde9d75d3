import { mostPairs, withEntries } from "./pair_entries.ts";
import type { PairList } from "./pair_list.ts";

/**
 * All pairs i < j of a cluster, whatever their distance, each without shift: what a term without cutoff needs.
 *
 * @param atomCount Number of atoms N.
 * @returns N(N−1)/2 pairs in ascending order of (first, second).
 * @throws RangeError when the pairs are more than a list can hold (above 46 341 atoms).
 */
export function buildAllPairs(atomCount: number): PairList {
  const pairCount = atomCount * (atomCount - 1) / 2;
  if (!(Number.isInteger(atomCount) && atomCount >= 0 && pairCount <= mostPairs)) {
    throw new RangeError(
      `Expected at most 46341 atoms for a list of all pairs but found ${atomCount}; use a long-range cutoff`,
    );
  }
  const first = new Int32Array(pairCount);
  const second = new Int32Array(pairCount);
  for (let i = 0, u = 0; i < atomCount; i++) {
    for (let j = i + 1; j < atomCount; j++, u++) {
      first[u] = i;
      second[u] = j;
    }
  }
  return withEntries(atomCount, first, second, new Int32Array(3 * pairCount));
}
