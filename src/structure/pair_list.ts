/**
 * Pairs of atoms within a distance of each other, each once, and for every atom the pairs it is in.
 *
 * The vector of pair u is `R[second[u]] + shift[u]·cell − R[first[u]]`. An atom and its own periodic image are a pair
 * too; it stands once here and twice among the atom's entries, once for either direction.
 */
export interface PairList {
  /** Number of atoms N. */
  readonly atomCount: number;
  /** Number of (undirected) pairs U. */
  readonly pairCount: number;
  /** The atom a pair's vector starts at `[U]`. */
  readonly first: Int32Array;
  /** The atom a pair's vector ends at `[U]`. */
  readonly second: Int32Array;
  /** Whole cell vectors added to the second atom's position `[U][3]`. */
  readonly shift: Int32Array;
  /** Where each atom's entries start `[N+1]`; the last element is 2U. */
  readonly start: Int32Array;
  /** The other atom of each entry `[2U]`. */
  readonly neighbour: Int32Array;
  /** The pair of each entry `[2U]`: its index u where the atom is the pair's first, its complement ~u where it is the second. */
  readonly entry: Int32Array;
}
