import assert from "node:assert/strict";
import { buildAllPairs } from "./all_pairs.ts";
import { buildPairList, type PeriodicPositions } from "./build_pair_list.ts";
import type { PairList } from "./pair_list.ts";
import { createRandom } from "./random.ts";

/** What the list must hold, by trying every image within a generous range: `i j a b c` per pair. */
function pairsByBruteForce({ positions, cell, periodic }: PeriodicPositions, cutoff: number, reach: number): string[] {
  const count = positions.length / 3;
  const pairs: string[] = [];
  const along = periodic.map((repeats) => (cell !== null && repeats ? reach : 0));
  for (let i = 0; i < count; i++) {
    for (let j = i; j < count; j++) {
      for (let a = -along[0]!; a <= along[0]!; a++) {
        for (let b = -along[1]!; b <= along[1]!; b++) {
          for (let c = -along[2]!; c <= along[2]!; c++) {
            if (i === j && !(a > 0 || (a === 0 && (b > 0 || (b === 0 && c > 0))))) continue;
            const vector = [0, 1, 2].map((k) =>
              positions[3 * j + k]! - positions[3 * i + k]! +
              (cell === null ? 0 : a * cell[k]! + b * cell[3 + k]! + c * cell[6 + k]!)
            );
            if (Math.hypot(...vector) < cutoff) pairs.push(`${i} ${j} ${a} ${b} ${c}`);
          }
        }
      }
    }
  }
  return pairs;
}

function pairsOf(list: PairList): string[] {
  return Array.from(
    { length: list.pairCount },
    (_, u) => `${list.first[u]} ${list.second[u]} ${list.shift.subarray(3 * u, 3 * u + 3).join(" ")}`,
  );
}

/** Checks every rule of PairList that does not depend on distances, and the promised order of the entries. */
function assertConsistent(list: PairList) {
  assert.equal(list.start.length, list.atomCount + 1);
  assert.equal(list.start[0], 0);
  assert.equal(list.start[list.atomCount], 2 * list.pairCount);
  const seen = new Set<number>();
  for (let i = 0; i < list.atomCount; i++) {
    let before = [-1, 0, 0, 0];
    for (let at = list.start[i]!; at < list.start[i + 1]!; at++) {
      const entry = list.entry[at]!;
      const u = entry < 0 ? ~entry : entry;
      assert.equal(entry < 0 ? list.second[u] : list.first[u], i);
      assert.equal(entry < 0 ? list.first[u] : list.second[u], list.neighbour[at]);
      const sign = entry < 0 ? -1 : 1;
      const key = [list.neighbour[at]!, ...Array.from(list.shift.subarray(3 * u, 3 * u + 3), (s) => sign * s)];
      const differs = key.findIndex((value, k) => value !== before[k]);
      assert.ok(differs >= 0 && key[differs]! > before[differs]!, `entries of atom ${i} out of order`);
      before = key;
      assert.ok(!seen.has(entry));
      seen.add(entry);
    }
  }
  assert.equal(seen.size, 2 * list.pairCount);
}

function randomStructure(seed: number, count: number, cell: number[] | null, periodic: [boolean, boolean, boolean]) {
  const random = createRandom(seed);
  return {
    positions: Float64Array.from({ length: 3 * count }, () => 12 * (random() - 0.5)),
    cell: cell === null ? null : Float64Array.from(cell),
    periodic,
  };
}

const cases: [string, number, number[] | null, [boolean, boolean, boolean], number, number][] = [
  ["a cluster", 60, null, [false, false, false], 4.5, 0],
  ["a cluster that is given a cell", 40, [9, 0, 0, 0, 9, 0, 0, 0, 9], [false, false, false], 4.5, 0],
  ["a large cubic cell", 70, [16, 0, 0, 0, 16, 0, 0, 0, 16], [true, true, true], 5, 3],
  ["a left-handed skewed cell", 40, [11, 0.3, -0.2, 5, -10, 0.5, -6, 4, 12], [true, true, true], 4, 5],
  ["a cell smaller than the cutoff", 5, [3.1, 0, 0, 1.4, 2.7, 0, -1, 0.8, 3.3], [true, true, true], 6, 10],
  ["a very skewed small cell", 3, [3, 0, 0, 4, 3, 0, -3, 4, 3.5], [true, true, true], 5, 16],
  ["a slab without third vector", 40, [7, 0, 0, 3, 8, 0, 0, 0, 0], [true, true, false], 5, 5],
  ["a slab whose missing vector is the first", 40, [0, 0, 0, 1, 8, 2, -2, 3, 9], [false, true, true], 5, 5],
  ["a wire along b", 30, [0, 0, 0, 2, 1, 4, 0, 0, 0], [false, true, false], 5, 8],
  ["a wire with vectors along its open axes", 30, [4, 0, 0, 4, 0, 0, 8, 0, 0], [true, false, false], 5, 8],
];
for (const [index, [name, count, cell, periodic, cutoff, reach]] of cases.entries()) {
  Deno.test(`buildPairList finds what brute force over the images finds: ${name}`, () => {
    for (let seed = 0; seed < 4; seed++) {
      const structure = randomStructure(100 * index + seed, count, cell, periodic);
      const list = buildPairList(structure, cutoff);
      assert.ok(list.pairCount > 0);
      assert.deepEqual(pairsOf(list), pairsByBruteForce(structure, cutoff, reach));
      assertConsistent(list);
    }
  });
}

Deno.test("buildPairList finds what brute force finds in random cells of any shape and periodicity", () => {
  const random = createRandom(7);
  for (let trial = 0; trial < 60; trial++) {
    const periodic: [boolean, boolean, boolean] = [random() < 0.5, random() < 0.5, random() < 0.5];
    const cell = Array.from({ length: 9 }, (_, k) => (k % 4 === 0 ? 3 + 5 * random() : 4 * (random() - 0.5)));
    const structure = randomStructure(trial, 1 + Math.floor(12 * random()), cell, periodic);
    const list = buildPairList(structure, 2 + 2 * random());
    const cutoff = 2 + 3 * random();
    assertConsistent(list);
    assert.deepEqual(pairsOf(buildPairList(structure, cutoff)), pairsByBruteForce(structure, cutoff, 12));
  }
});

Deno.test("buildPairList gives shifts relative to positions many cells away", () => {
  const cell = [11, 0.3, -0.2, 5, 10, 0.5, -6, 4, 12];
  const structure = randomStructure(3, 30, cell, [true, true, true]);
  const near = buildPairList(structure, 5);
  const random = createRandom(5);
  const cells = Int32Array.from({ length: 90 }, () => Math.floor(2000 * (random() - 0.5)));
  const positions = structure.positions.map((x, at) => {
    const i = Math.floor(at / 3);
    return x + [0, 1, 2].reduce((sum, axis) => sum + cells[3 * i + axis]! * cell[3 * axis + at % 3]!, 0);
  });
  const far = buildPairList({ ...structure, positions }, 5);
  assertConsistent(far);
  assert.deepEqual([far.first, far.second], [near.first, near.second]);
  far.shift.forEach((shift, at) => {
    const u = Math.floor(at / 3);
    const [i, j] = [far.first[u]!, far.second[u]!];
    assert.equal(shift, near.shift[at]! + cells[3 * i + at % 3]! - cells[3 * j + at % 3]!);
  });
});

Deno.test("buildPairList leaves out a pair at exactly the cutoff and keeps coincident atoms", () => {
  const line = { positions: Float64Array.of(0, 0, 0, 3, 0, 0, 0, 0, 0), cell: null, periodic: [false, false, false] };
  assert.deepEqual(pairsOf(buildPairList(line as unknown as PeriodicPositions, 3)), ["0 2 0 0 0"]);
  const chain: PeriodicPositions = {
    positions: Float64Array.of(0, 0, 0),
    cell: Float64Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0),
    periodic: [true, false, false],
  };
  assert.deepEqual(pairsOf(buildPairList(chain, 4)), ["0 0 1 0 0"]);
});

Deno.test("buildPairList bins sparse and stretched clusters without a bin per cutoff of empty space", () => {
  const positions = Float64Array.of(0, 0, 0, 1, 0, 0, 1e9, 0, 0, 1e9, 1, -1e9, 1e9, 1, -1e9 + 1, 1e300, 0, 0);
  const list = buildPairList({ positions, cell: null, periodic: [false, false, false] }, 2);
  assert.deepEqual(pairsOf(list), ["0 1 0 0 0", "3 4 0 0 0"]);
});

Deno.test("buildPairList takes time linear in the atoms: 20000 in a cluster within seconds", () => {
  const count = 20000;
  const side = Math.cbrt(count / 0.1);
  const random = createRandom(1);
  const positions = Float64Array.from({ length: 3 * count }, () => side * random());
  const list = buildPairList({ positions, cell: null, periodic: [false, false, false] }, 5);
  // The mean number of neighbours at this density, less those missing at the surface (3/16·cutoff·area/volume).
  const expected = count / 2 * 0.1 * 4 / 3 * Math.PI * 125 * (1 - 3 / 16 * 5 * 6 / side);
  assert.ok(Math.abs(list.pairCount / expected - 1) < 0.02, `${list.pairCount} pairs, expected about ${expected}`);
});

Deno.test("buildPairList refuses what it cannot search and says why", () => {
  const one = Float64Array.of(0, 0, 0);
  const all: [boolean, boolean, boolean] = [true, true, true];
  const cubic = Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9);
  assert.throws(() => buildPairList({ positions: one, cell: cubic, periodic: all }, 0), /positive, finite cutoff/);
  assert.throws(
    () => buildPairList({ positions: one, cell: cubic, periodic: all }, Infinity),
    /positive, finite cutoff/,
  );
  const flat = Float64Array.of(9, 0, 0, 0, 9, 0, 9, 9, 0);
  assert.throws(() => buildPairList({ positions: one, cell: flat, periodic: all }, 5), /linearly independent/);
  assert.throws(
    () => buildPairList({ positions: Float64Array.of(0, NaN, 0), cell: cubic, periodic: all }, 5),
    /finite positions .* atom 0/,
  );
  assert.throws(
    () => buildPairList({ positions: Float64Array.of(0, 1e9, 0), cell: cubic, periodic: all }, 5),
    /cells away/,
  );
  const skewed = Float64Array.of(1e4, 0, 0, 1e4, 0.1, 0, 0, 0, 0.1);
  assert.throws(() => buildPairList({ positions: one, cell: skewed, periodic: all }, 500), /images of the cell/);
});

Deno.test("buildAllPairs lists every pair once and every atom's partners in order", () => {
  const list = buildAllPairs(5);
  assertConsistent(list);
  const far = { positions: Float64Array.from({ length: 15 }, (_, k) => k), cell: null };
  assert.deepEqual(list, buildPairList({ ...far, periodic: [false, false, false] }, 1000));
  assert.equal(buildAllPairs(1).pairCount, 0);
  assert.throws(() => buildAllPairs(50000), /at most 46341 atoms/);
});
