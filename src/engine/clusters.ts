import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";

/** Most atoms of a cluster: a row of neighbours has room for so many entries. */
export const largestCluster = 3;

/** No atom, or no pair. */
export const none = 0xffffffff;

/** Neighbours of clusters as the local interaction's kernels read them; see `kernels/local_gather.wgsl`. */
export interface ClusterRows {
  /** Atoms of each cluster, {@linkcode none} where it has fewer, and its first row `[clusters][4]`. */
  readonly table: Uint32Array;
  /** Of each row the neighbour, and for each of the cluster's atoms 2u, 2u + 1 where it is pair u's second, or none `[rows][4]`. */
  readonly rows: Uint32Array;
}

/**
 * Lists the neighbours of each cluster, in ascending order. Every atom's own neighbours keep their order, so that a sum over
 * them does not depend on who is in its cluster.
 *
 * @param members Atoms of each cluster, {@linkcode none} where it has fewer `[clusters][largestCluster]`.
 * @param pairs The structure's pairs.
 * @param which All of an atom's pairs, or only those whose first atom it is, so that each pair stands once.
 */
export function listClusterRows(members: Uint32Array, pairs: PairList, which: "all" | "first"): ClusterRows {
  const count = members.length / largestCluster;
  const table = new Uint32Array(4 * count);
  const { pairCount, start, neighbour, entry } = pairs;
  const rows = new Uint32Array(4 * (which === "all" ? 2 : 1) * pairCount);
  const at = new Int32Array(largestCluster), end = new Int32Array(largestCluster);
  let row = 0;
  for (let c = 0; c < count; c++) {
    for (let m = 0; m < largestCluster; m++) {
      const atom = members[largestCluster * c + m]!;
      table[4 * c + m] = atom;
      at[m] = atom === none ? 0 : start[atom]!;
      end[m] = atom === none ? 0 : start[atom + 1]!;
    }
    table[4 * c + 3] = row;
    while (true) {
      let next = none;
      for (let m = 0; m < largestCluster; m++) {
        while (which === "first" && at[m]! < end[m]! && entry[at[m]!]! < 0) at[m]!++;
        if (at[m]! < end[m]!) next = Math.min(next, neighbour[at[m]!]!);
      }
      if (next === none) break;
      rows[4 * row] = next;
      for (let m = 0; m < largestCluster; m++) {
        let found = none;
        if (at[m]! < end[m]! && neighbour[at[m]!] === next) {
          const e = entry[at[m]!++]!;
          found = e >= 0 ? 2 * e : 2 * ~e + 1;
        }
        rows[4 * row + 1 + m] = found;
      }
      row++;
    }
  }
  return { table, rows: rows.subarray(0, 4 * row) };
}

/** Groups atoms that follow each other `[clusters][largestCluster]`; see {@linkcode groupCloseAtoms}. */
export function groupConsecutiveAtoms({ atomCount }: PairList, size: number): Uint32Array {
  const members = new Uint32Array(largestCluster * Math.ceil(atomCount / size)).fill(none);
  for (let i = 0; i < atomCount; i++) members[largestCluster * Math.floor(i / size) + i % size] = i;
  return members;
}

/**
 * Groups atoms that are close to each other, because they have most neighbours in common: each atom not yet taken, in order,
 * with the closest of its neighbours not yet taken.
 *
 * @param structure Whose positions say which atoms are close.
 * @param pairs Its pairs.
 * @param size Atoms of a cluster, at most {@linkcode largestCluster}.
 * @returns Atoms of each cluster, {@linkcode none} where it has fewer `[clusters][largestCluster]`.
 */
export function groupCloseAtoms(structure: Structure, pairs: PairList, size: number): Uint32Array {
  const { atomCount, start, neighbour, entry } = pairs;
  const members: number[] = [];
  const taken = new Uint8Array(atomCount);
  const squares = size > 1 ? squaredDistances(structure, pairs) : null;
  for (let i = 0; i < atomCount; i++) {
    if (taken[i] !== 0) continue;
    taken[i] = 1;
    members.push(i);
    for (let m = 1; m < largestCluster; m++) {
      let closest = none, least = Infinity;
      if (squares !== null && m < size) {
        for (let n = start[i]!; n < start[i + 1]!; n++) {
          const square = squares[Math.max(entry[n]!, ~entry[n]!)]!;
          if (taken[neighbour[n]!] !== 0 || square >= least) continue;
          least = square;
          closest = neighbour[n]!;
        }
      }
      members.push(closest);
      if (closest !== none) taken[closest] = 1;
    }
  }
  return Uint32Array.from(members);
}

/** Å², of each pair. */
function squaredDistances({ positions, cell }: Structure, { pairCount, first, second, shift }: PairList): Float64Array {
  const squares = new Float64Array(pairCount);
  for (let u = 0; u < pairCount; u++) {
    const i = 3 * first[u]!, j = 3 * second[u]!;
    for (let k = 0; k < 3; k++) {
      let component = positions[j + k]! - positions[i + k]!;
      for (let axis = 0; cell !== null && axis < 3; axis++) component += shift[3 * u + axis]! * cell[3 * axis + k]!;
      squares[u]! += component * component;
    }
  }
  return squares;
}
