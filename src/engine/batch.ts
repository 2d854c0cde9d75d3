import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";
import { type ClusterRows, groupCloseAtoms, groupConsecutiveAtoms, listClusterRows, none } from "./clusters.ts";
import type { Tile } from "./tile.ts";
import { writeSplitVector } from "./split_coordinate.ts";

/** The atom table's mark for "all atoms of the structure" (long_range_neighbours.wgsl). */
const direct = 0x80000000;

/** The pairs of one structure of a batch. */
export interface StructurePairs {
  /** Pairs of the network: within its cutoff (and a skin). */
  readonly network: PairList;
  /** Pairs of electrostatics and dispersion; `null`: all atoms of the structure, or no such terms. */
  readonly longRange: PairList | null;
  /** Whole cell vectors taken off each atom's position `[N][3]`, so that coordinates stay small; `null`: none. */
  readonly wraps: Int32Array | null;
}

/** A batch as the kernels see it: everything that changes with the pair lists, not with the positions. */
export interface BatchIndices {
  readonly data: Uint32Array<ArrayBuffer>;
  readonly atoms: number;
  readonly structures: number;
  readonly pairs: number;
  /** Rows with all pairs of each atom, for clusters of close atoms (`clusters.ts`). */
  readonly allRows: RowsPlace;
  /** Rows with each pair once, for clusters of atoms that follow each other. */
  readonly pairRows: RowsPlace;
  /** Offsets into {@linkcode data}. */
  readonly structureTable: number;
  readonly atomTable: number;
  readonly first: number;
  readonly second: number;
  readonly image: number;
  readonly start: number;
  readonly entry: number;
  /** {@linkcode pairRows} in the order of their neighbour, and where each atom's begin. */
  readonly neighbourStart: number;
  readonly neighbourRow: number;
  readonly longRangeList: number;
  /** Atoms of one structure by a few, `[tile]` (structure, first atom, number of atoms), and their number. */
  readonly atomTiles: number;
  readonly atomTileCount: number;
  /** Where in positions (vec4s) the image offsets stand; the first is that of no shift. */
  readonly images: number;
  /** For each image: structure and whole cell vectors `[images][4]`. */
  readonly imageShifts: Int32Array;
}

/** Where {@linkcode ClusterRows} stand in a batch's indices; offsets count vec4s. */
export interface RowsPlace {
  readonly clusterCount: number;
  readonly rowCount: number;
  /** Table of one row more than there are clusters. */
  readonly table: number;
  readonly rows: number;
}

/** Distinct images of a batch. */
class ImageTable {
  #places = new Map<string, number>();
  readonly shifts: number[] = [0, 0, 0, 0];

  place(structure: number, a: number, b: number, c: number): number {
    if (a === 0 && b === 0 && c === 0) return 0;
    const key = `${structure} ${a} ${b} ${c}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.shifts.length / 4;
      this.#places.set(key, place);
      this.shifts.push(structure, a, b, c);
    }
    return place;
  }
}

/**
 * Concatenates the structures of a batch.
 *
 * @param structures The structures.
 * @param pairs Their pairs, in the same order.
 * @param elementOf Row in the element table of each atomic number.
 * @param tile How many atoms a cluster has, and how many a thread of a product.
 */
export function concatenate(
  structures: readonly Structure[],
  pairs: readonly StructurePairs[],
  elementOf: ReadonlyMap<number, number>,
  { clusterAtoms: clusterSize, productAtoms }: Pick<Tile, "clusterAtoms" | "productAtoms">,
): BatchIndices {
  let atoms = 0, pairCount = 0, longRangeCount = 0;
  structures.forEach((structure, s) => {
    atoms += structure.numbers.length;
    pairCount += pairs[s]!.network.pairCount;
    longRangeCount += 2 * (pairs[s]!.longRange?.pairCount ?? 0);
  });
  const all = structures.map((structure, s) => {
    const { network } = pairs[s]!;
    return listClusterRows(groupCloseAtoms(structure, network, clusterSize), network, "all");
  });
  const once = pairs.map(({ network }) =>
    listClusterRows(groupConsecutiveAtoms(network, clusterSize), network, "first")
  );
  const allRows = placeRows(all, 0);
  const pairRows = placeRows(once, allRows.rows + allRows.rowCount);
  const structureTable = 4 * (pairRows.rows + pairRows.rowCount);
  const atomTable = structureTable + 2 * structures.length;
  const first = atomTable + 4 * atoms;
  const second = first + pairCount;
  const image = second + pairCount;
  const start = image + pairCount;
  const entry = start + atoms + 1;
  const neighbourStart = entry + 2 * pairCount;
  const neighbourRow = neighbourStart + atoms + 1;
  const longRangeList = neighbourRow + pairRows.rowCount;
  const atomTiles = longRangeList + 2 * longRangeCount;
  const atomTileCount = structures.reduce((sum, { numbers }) => sum + Math.ceil(numbers.length / productAtoms), 0);
  const data = new Uint32Array(atomTiles + 3 * atomTileCount);
  const images = 2 * atoms;
  const table = new ImageTable();

  let atom = 0, pair = 0, listed = 0, tile = atomTiles;
  structures.forEach((structure, s) => {
    const { network, longRange, wraps } = pairs[s]!;
    const count = structure.numbers.length;
    data[structureTable + 2 * s] = atom;
    data[structureTable + 2 * s + 1] = count;
    const place = (list: PairList, u: number, sign: number): number => {
      const i = list.first[u]!, j = list.second[u]!;
      const shift = (k: number) =>
        sign * (list.shift[3 * u + k]! + (wraps === null ? 0 : wraps[3 * j + k]! - wraps[3 * i + k]!));
      return images + 2 * table.place(s, shift(0), shift(1), shift(2));
    };
    for (let u = 0; u < network.pairCount; u++) {
      data[first + pair + u] = atom + network.first[u]!;
      data[second + pair + u] = atom + network.second[u]!;
      data[image + pair + u] = place(network, u, 1);
    }
    for (let i = 0; i < count; i++) {
      const row = atomTable + 4 * (atom + i);
      data[row] = s;
      data[row + 1] = elementOf.get(structure.numbers[i]!)!;
      data[row + 2] = atom;
      data[row + 3] = (atom + count) | direct;
      data[start + atom + i] = network.start[i]! + 2 * pair;
      if (longRange === null) continue;
      data[row + 2] = listed;
      for (let n = longRange.start[i]!; n < longRange.start[i + 1]!; n++) {
        const e = longRange.entry[n]!;
        data[longRangeList + 2 * listed] = atom + longRange.neighbour[n]!;
        data[longRangeList + 2 * listed + 1] = e >= 0 ? place(longRange, e, 1) : place(longRange, ~e, -1);
        listed++;
      }
      data[row + 3] = listed;
    }
    for (let n = 0; n < 2 * network.pairCount; n++) {
      const e = network.entry[n]!;
      data[entry + 2 * pair + n] = e >= 0 ? e + pair : ~(~e + pair);
    }
    for (let i = 0; i < count; i += productAtoms) {
      data[tile++] = s;
      data[tile++] = atom + i;
      data[tile++] = Math.min(productAtoms, count - i);
    }
    atom += count;
    pair += network.pairCount;
  });
  data[start + atoms] = 2 * pairCount;
  writeRows(data, all, allRows, structures, pairs);
  writeRows(data, once, pairRows, structures, pairs);
  sortRows(data, pairRows, neighbourStart, neighbourRow);
  return {
    data,
    atoms,
    structures: structures.length,
    pairs: pairCount,
    allRows,
    pairRows,
    structureTable,
    atomTable,
    first,
    second,
    image,
    start,
    entry,
    neighbourStart,
    neighbourRow,
    longRangeList,
    atomTiles,
    atomTileCount,
    images,
    imageShifts: Int32Array.from(table.shifts),
  };
}

/** Room for the rows of all structures, and for one more row of the table. */
function placeRows(parts: readonly ClusterRows[], table: number): RowsPlace {
  const clusterCount = parts.reduce((sum, { table }) => sum + table.length / 4, 0);
  const rowCount = parts.reduce((sum, { rows }) => sum + rows.length / 4, 0);
  return { clusterCount, rowCount, table, rows: table + clusterCount + 1 };
}

/** Writes the rows of all structures, atoms and pairs numbered through. */
function writeRows(
  data: Uint32Array,
  parts: readonly ClusterRows[],
  place: RowsPlace,
  structures: readonly Structure[],
  pairs: readonly StructurePairs[],
): void {
  let atom = 0, pair = 0, row = 0;
  let inTable = 4 * place.table, inRows = 4 * place.rows;
  parts.forEach(({ table, rows }, s) => {
    for (let at = 0; at < table.length; at++) {
      const value = table[at]!;
      data[inTable++] = at % 4 === 3 ? value + row : value === none ? none : value + atom;
    }
    for (let at = 0; at < rows.length; at++) {
      const value = rows[at]!;
      data[inRows++] = at % 4 === 0 ? value + atom : value === none ? none : value + 2 * pair;
    }
    row += rows.length / 4;
    atom += structures[s]!.numbers.length;
    pair += pairs[s]!.network.pairCount;
  });
  data[inTable + 3] = row;
}

/** Lists the rows in the order of their neighbour, those of one neighbour in ascending order; `start` has been zeros. */
function sortRows(data: Uint32Array, { rows, rowCount }: RowsPlace, start: number, row: number): void {
  const atoms = row - start - 1;
  for (let n = 0; n < rowCount; n++) data[start + 1 + data[4 * (rows + n)]!]!++;
  for (let i = 0; i < atoms; i++) data[start + i + 1]! += data[start + i]!;
  const next = data.slice(start, start + atoms);
  for (let n = 0; n < rowCount; n++) data[row + next[data[4 * (rows + n)]!]!++] = n;
}

/** Number of float32 values of the positions buffer: split coordinates, then split image offsets. */
export function positionsLength(indices: BatchIndices): number {
  return 8 * indices.atoms + 2 * indices.imageShifts.length;
}

/** Writes what changes with every step: coordinates and the offsets of the periodic images. */
export function writePositions(
  structures: readonly Structure[],
  pairs: readonly StructurePairs[],
  indices: BatchIndices,
  target: Float32Array,
): void {
  let at = 0;
  structures.forEach((structure, s) => {
    const { positions, cell } = structure;
    const wraps = pairs[s]!.wraps;
    // The first atom is the origin, so that a cluster's coordinates are small wherever it is.
    const x0 = positions[0]!, y0 = positions[1]!, z0 = positions[2]!;
    for (let i = 0; i < positions.length; i += 3) {
      let x = positions[i]! - x0, y = positions[i + 1]! - y0, z = positions[i + 2]! - z0;
      if (wraps !== null && cell !== null) {
        for (let k = 0; k < 3; k++) {
          x -= wraps[i + k]! * cell[3 * k]!;
          y -= wraps[i + k]! * cell[3 * k + 1]!;
          z -= wraps[i + k]! * cell[3 * k + 2]!;
        }
      }
      writeSplitVector(x, y, z, target, at);
      at += 8;
    }
  });
  const shifts = indices.imageShifts;
  for (let i = 0; i < shifts.length; i += 4) {
    const cell = structures[shifts[i]!]!.cell;
    const a = shifts[i + 1]!, b = shifts[i + 2]!, c = shifts[i + 3]!;
    if (cell === null) writeSplitVector(0, 0, 0, target, at);
    else {
      writeSplitVector(
        a * cell[0]! + b * cell[3]! + c * cell[6]!,
        a * cell[1]! + b * cell[4]! + c * cell[7]!,
        a * cell[2]! + b * cell[5]! + c * cell[8]!,
        target,
        at,
      );
    }
    at += 8;
  }
}
