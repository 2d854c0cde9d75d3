import assert from "node:assert/strict";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { pairGeometry } from "../reference/pair_geometry.ts";
import { soloExecution } from "../reference/solo_execution.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import type { PairList } from "../structure/pair_list.ts";
import { createRandom } from "../structure/random.ts";
import type { Structure } from "../structure/structure.ts";
import {
  type BatchIndices,
  concatenate,
  positionsLength,
  type RowsPlace,
  type StructurePairs,
  writePositions,
} from "./batch.ts";
import { none } from "./clusters.ts";
import { tiles } from "./tile.ts";

const direct = 0x80000000;

/** Smaller than the cutoff: pairs with own images. */
const cell = [3.1, 0, 0, 0.9, 3.3, 0, -0.6, 0.8, 3.0];

const structures: readonly Structure[] = [
  randomStructure(createRandom(1), { numbers: [8, 1, 1], size: 3 }),
  randomStructure(createRandom(2), { numbers: [6, 8, 1, 6], size: 6, cell }),
  randomStructure(createRandom(3), { numbers: [17], size: 1 }),
];

const elementOf = new Map([[1, 0], [6, 1], [8, 2], [17, 3]]);

/** Whole cell vectors to take off, for the atoms of the periodic structure. */
const wraps = Int32Array.of(0, 0, 0, 1, -1, 0, 0, 2, 1, 0, 0, -3);

function pairsOf(longRange: number | null): StructurePairs[] {
  return structures.map((structure) => ({
    network: buildPairList(structure, 3.5),
    longRange: longRange === null ? null : buildPairList(structure, longRange),
    wraps: structure.cell === null ? null : wraps,
  }));
}

/** The vector that the kernels make of two atoms and an image: pair_vector.wgsl in float64. */
function kernelVector(positions: Float32Array, i: number, j: number, image: number): number[] {
  return [0, 1, 2].map((k) =>
    (positions[8 * j + k]! - positions[8 * i + k]!) + positions[4 * image + k]! +
    (positions[8 * j + 4 + k]! - positions[8 * i + 4 + k]!) + positions[4 * image + 4 + k]!
  );
}

function assertVector(found: readonly number[], expected: readonly number[]): void {
  // three split coordinates, each right to 2⁻²⁴ of half a grid step (7e-12 Å)
  found.forEach((component, k) => assert.ok(Math.abs(component - expected[k]!) <= 3e-11));
}

function written(pairs: readonly StructurePairs[], indices: BatchIndices): Float32Array {
  const positions = new Float32Array(positionsLength(indices)).fill(NaN);
  writePositions(structures, pairs, indices, positions);
  return positions;
}

const firstAtoms = [0, 3, 7];

Deno.test("concatenate numbers atoms through, and says which structure and element each is of", () => {
  const indices = concatenate(structures, pairsOf(null), elementOf, tiles.software);
  const { data, atoms, structureTable, atomTable } = indices;
  assert.equal(atoms, 8);
  assert.equal(indices.structures, 3);
  assert.deepEqual([...data.subarray(structureTable, structureTable + 6)], [0, 3, 3, 4, 7, 1]);
  const rows = Array.from({ length: atoms }, (_, i) => [...data.subarray(atomTable + 4 * i, atomTable + 4 * i + 4)]);
  assert.deepEqual(rows.map(([s]) => s), [0, 0, 0, 1, 1, 1, 1, 2]);
  assert.deepEqual(rows.map(([, element]) => element), [2, 0, 0, 1, 2, 0, 1, 3]);
  // without a long-range list each atom sees all of its structure
  assert.deepEqual(rows.map(([, , begin, end]) => [begin, end]), [
    ...new Array(3).fill([0, (3 | direct) >>> 0]),
    ...new Array(4).fill([3, (7 | direct) >>> 0]),
    [7, (8 | direct) >>> 0],
  ]);
});

Deno.test("concatenate and writePositions give every pair its vector, through images and wrapped atoms", () => {
  const pairs = pairsOf(null);
  const indices = concatenate(structures, pairs, elementOf, tiles.software);
  const positions = written(pairs, indices);
  const { data, first, second, image } = indices;
  let u = 0, own = 0;
  structures.forEach((structure, s) => {
    const geometry = pairGeometry(soloExecution(), structure, pairs[s]!.network);
    for (let k = 0; k < geometry.pairs.pairCount; k++, u++) {
      const i = data[first + u]!, j = data[second + u]!;
      assert.equal(i, firstAtoms[s]! + geometry.pairs.first[k]!);
      assert.equal(j, firstAtoms[s]! + geometry.pairs.second[k]!);
      if (i === j) own++;
      assertVector(kernelVector(positions, i, j, data[image + u]!), [...geometry.vectors.subarray(3 * k, 3 * k + 3)]);
    }
  });
  assert.equal(u, indices.pairs);
  assert.ok(own > 0);
});

Deno.test("concatenate gives every atom its entries, complemented where it is a pair's second", () => {
  const pairs = pairsOf(null);
  const indices = concatenate(structures, pairs, elementOf, tiles.software);
  const { data, atoms, pairs: pairCount, first, second, start, entry } = indices;
  assert.equal(data[start], 0);
  assert.equal(data[start + atoms], 2 * pairCount);
  const seen = new Int32Array(pairCount);
  for (let i = 0; i < atoms; i++) {
    for (let n = data[start + i]!; n < data[start + i + 1]!; n++) {
      const e = data[entry + n]! | 0;
      const u = Math.max(e, ~e);
      assert.equal(data[(e >= 0 ? first : second) + u], i);
      seen[u]!++;
    }
  }
  assert.ok(seen.every((times) => times === 2));
});

/** Of every row of clusters the atom, its neighbour, the pair, and whether the atom is the pair's second. */
function* rowEntries({ data }: BatchIndices, { table, rows, clusterCount }: RowsPlace) {
  for (let c = 0; c < clusterCount; c++) {
    for (let row = data[4 * (table + c) + 3]!; row < data[4 * (table + c + 1) + 3]!; row++) {
      for (let m = 0; m < 3; m++) {
        const entry = data[4 * (rows + row) + 1 + m]!;
        if (entry === none) continue;
        const atom = data[4 * (table + c) + m]!;
        yield { atom, row, neighbour: data[4 * (rows + row)]!, u: entry >>> 1, reversed: entry % 2 === 1 };
      }
    }
  }
}

for (const size of [1, 2, 3]) {
  Deno.test(`concatenate gives clusters of ${size} rows with all pairs of their atoms, and with each pair once`, () => {
    const indices = concatenate(structures, pairsOf(null), elementOf, { clusterAtoms: size, productAtoms: size });
    const { data, atoms, pairs: pairCount, first, second, allRows, pairRows } = indices;
    for (const [place, times] of [[allRows, 2], [pairRows, 1]] as const) {
      const seen = new Int32Array(pairCount);
      for (const { atom, neighbour, u, reversed } of rowEntries(indices, place)) {
        assert.equal(data[(reversed ? second : first) + u], atom);
        assert.equal(data[(reversed ? first : second) + u], neighbour);
        seen[u]!++;
      }
      assert.ok(seen.every((found) => found === times));
      assert.equal(data[4 * (place.table + place.clusterCount) + 3], place.rowCount);
    }
    // every row that has a neighbour is among that neighbour's, in order
    const { neighbourStart, neighbourRow } = indices;
    for (let b = 0; b < atoms; b++) {
      const rows = [
        ...data.subarray(neighbourRow + data[neighbourStart + b]!, neighbourRow + data[neighbourStart + b + 1]!),
      ];
      assert.deepEqual(rows, rows.toSorted((a, b) => a - b));
      assert.ok(rows.every((row) => data[4 * (pairRows.rows + row)] === b));
    }
    assert.equal(data[neighbourStart + atoms], pairRows.rowCount);
  });

  Deno.test(`concatenate puts every atom into a tile of up to ${size} of its structure`, () => {
    const indices = concatenate(structures, pairsOf(null), elementOf, { clusterAtoms: size, productAtoms: size });
    const { data, atomTiles, atomTileCount } = indices;
    const found: number[] = [];
    for (let tile = 0; tile < atomTileCount; tile++) {
      const [s, first, count] = data.subarray(atomTiles + 3 * tile, atomTiles + 3 * tile + 3);
      assert.ok(count! >= 1 && count! <= size);
      for (let i = first!; i < first! + count!; i++) {
        assert.equal(data[indices.atomTable + 4 * i], s);
        found.push(i);
      }
    }
    assert.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7]);
  });
}

Deno.test("concatenate lists long-range neighbours of either direction with their images", () => {
  const pairs = pairsOf(4.2);
  const indices = concatenate(structures, pairs, elementOf, tiles.software);
  const positions = written(pairs, indices);
  const { data, atomTable, longRangeList } = indices;
  structures.forEach((structure, s) => {
    const list: PairList = pairs[s]!.longRange!;
    const { vectors } = pairGeometry(soloExecution(), structure, list);
    structure.numbers.forEach((_, i) => {
      const row = atomTable + 4 * (firstAtoms[s]! + i);
      const begin = data[row + 2]!, end = data[row + 3]!;
      assert.equal(end - begin, list.start[i + 1]! - list.start[i]!);
      for (let n = 0; n < end - begin; n++) {
        const at = list.start[i]! + n;
        const e = list.entry[at]!, u = Math.max(e, ~e), sign = e >= 0 ? 1 : -1;
        const j = data[longRangeList + 2 * (begin + n)]!;
        assert.equal(j, firstAtoms[s]! + list.neighbour[at]!);
        assertVector(
          kernelVector(positions, firstAtoms[s]! + i, j, data[longRangeList + 2 * (begin + n) + 1]!),
          [0, 1, 2].map((k) => sign * vectors[3 * u + k]!),
        );
      }
    });
  });
});

Deno.test("writePositions keeps coordinates small wherever a cluster is, and loses nothing of them", () => {
  // 2⁻²⁰ Å steps, so that moving by 10⁶ Å is exact in float64
  const near = structures.map((structure) => ({
    ...structure,
    positions: structure.positions.map((x) => Math.round(x * 2 ** 20) / 2 ** 20),
    cell: null,
  }));
  const far = near.map((structure) => ({ ...structure, positions: structure.positions.map((x) => x + 1e6) }));
  const pairs = near.map((structure) => ({ network: buildPairList(structure, 3.5), longRange: null, wraps: null }));
  const indices = concatenate(near, pairs, elementOf, tiles.software);
  const [here, there] = [near, far].map((structures) => {
    const positions = new Float32Array(positionsLength(indices));
    writePositions(structures, pairs, indices, positions);
    return positions;
  });
  assert.deepEqual(there, here);
});

Deno.test("positionsLength makes room for all that writePositions writes", () => {
  const pairs = pairsOf(4.2);
  const indices = concatenate(structures, pairs, elementOf, tiles.software);
  const positions = written(pairs, indices);
  // x, y, z of every vec4; the fourth components are of no use
  assert.ok(positions.every((x, at) => at % 4 === 3 || Number.isFinite(x)));
  assert.deepEqual([...indices.imageShifts.subarray(0, 4)], [0, 0, 0, 0]);
});
