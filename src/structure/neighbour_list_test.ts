import assert from "node:assert/strict";
import { buildPairList, type PeriodicPositions } from "./build_pair_list.ts";
import { NeighbourList } from "./neighbour_list.ts";
import type { PairList } from "./pair_list.ts";
import { createRandom } from "./random.ts";

const all: [boolean, boolean, boolean] = [true, true, true];

/** The pairs of a list that are within a cutoff in a structure. */
function pairsWithin(list: PairList, { positions, cell }: PeriodicPositions, cutoff: number): string[] {
  const pairs: string[] = [];
  for (let u = 0; u < list.pairCount; u++) {
    const shift = list.shift.subarray(3 * u, 3 * u + 3);
    const vector = [0, 1, 2].map((k) =>
      positions[3 * list.second[u]! + k]! - positions[3 * list.first[u]! + k]! +
      (cell === null ? 0 : shift[0]! * cell[k]! + shift[1]! * cell[3 + k]! + shift[2]! * cell[6 + k]!)
    );
    if (Math.hypot(...vector) < cutoff) pairs.push(`${list.first[u]} ${list.second[u]} ${shift}`);
  }
  return pairs;
}

/** A structure with its cell and atoms deformed together and every atom moved by up to `step` besides. */
function perturbed(structure: PeriodicPositions, step: number, strain: number, random: () => number) {
  const deformation = Array.from({ length: 9 }, (_, k) => (k % 4 === 0 ? 1 : 0) + strain * (random() - 0.5));
  const carry = (vectors: Float64Array, noise: number) =>
    vectors.map((_, at) => {
      const row = at - at % 3;
      return [0, 1, 2].reduce((sum, k) => sum + vectors[row + k]! * deformation[3 * k + at % 3]!, 0) +
        noise * (random() - 0.5);
    });
  return {
    ...structure,
    positions: carry(structure.positions, step),
    cell: structure.cell && carry(structure.cell, 0),
  };
}

Deno.test("NeighbourList misses no pair along random walks of atoms and cells, and keeps most lists", () => {
  const shapes: PeriodicPositions[] = [
    { positions: new Float64Array(120), cell: null, periodic: [false, false, false] },
    { positions: new Float64Array(120), cell: Float64Array.of(9, 0, 0, 3, 8, 0, -2, 1, 10), periodic: all },
    {
      positions: new Float64Array(30),
      cell: Float64Array.of(4, 0, 0, 1, 3, 0, 0, 0, 0),
      periodic: [true, true, false],
    },
    {
      positions: new Float64Array(30),
      cell: Float64Array.of(0, 0, 0, 1, 3, 0, 0, 0, 0),
      periodic: [false, true, false],
    },
  ];
  const random = createRandom(11);
  let kept = 0;
  for (const shape of shapes) {
    const list = new NeighbourList(4, 0.8);
    let structure = { ...shape, positions: shape.positions.map(() => 10 * random()) };
    for (let step = 0; step < 60; step++) {
      const { pairs, rebuilt } = list.update(structure);
      if (!rebuilt) kept++;
      assert.deepEqual(pairsWithin(pairs, structure, 4), pairsWithin(buildPairList(structure, 4), structure, 4));
      structure = perturbed(structure, 0.1, step % 2 * 0.002, random);
    }
  }
  assert.ok(kept > 120, `only ${kept} of 240 lists were kept`);
});

Deno.test("NeighbourList keeps its list exactly until two atoms have used up the skin", () => {
  const list = new NeighbourList(4, 1);
  const positions = Float64Array.of(-2.51, 0, 0, 2.51, 0, 0);
  const cluster: PeriodicPositions = { positions, cell: null, periodic: [false, false, false] };
  assert.equal(list.update(cluster).rebuilt, true);
  assert.equal(list.update(cluster).pairs.pairCount, 0);
  positions.set([-2.015, 0, 0, 2.015, 0, 0]);
  assert.equal(list.update(cluster).rebuilt, false);
  positions.set([-1.99, 0, 0, 1.99, 0, 0]);
  const { pairs, rebuilt } = list.update(cluster);
  assert.deepEqual([rebuilt, pairs.pairCount], [true, 1]);
});

Deno.test("NeighbourList is kept when the whole system drifts and when a barostat scales it about its centre", () => {
  const list = new NeighbourList(4, 0.5);
  const random = createRandom(2);
  const positions = Float64Array.from({ length: 90 }, () => 12 * random());
  const cell = Float64Array.of(12, 0, 0, 0, 12, 0, 0, 0, 12);
  list.update({ positions, cell, periodic: all });
  const moved = positions.map((x, at) => 6 + (x - 6) * 1.01 + [70, -3, 9][at % 3]!);
  const larger = cell.map((x) => 1.01 * x);
  assert.equal(list.update({ positions: moved, cell: larger, periodic: all }).rebuilt, false);
});

Deno.test("NeighbourList is rebuilt when an atom jumps by a cell vector, so its shifts are those of the new place", () => {
  const cell = Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9);
  const list = new NeighbourList(4, 1);
  const structure = { positions: Float64Array.of(0.1, 0, 0, 8.9, 0, 0), cell, periodic: all };
  assert.deepEqual(pairsWithin(list.update(structure).pairs, structure, 4), ["0 1 -1,0,0"]);
  structure.positions[3] = -0.1;
  const { pairs, rebuilt } = list.update(structure);
  assert.equal(rebuilt, true);
  assert.deepEqual(pairsWithin(pairs, structure, 4), ["0 1 0,0,0"]);
});

Deno.test("NeighbourList is rebuilt when the cell collapses around atoms that follow it", () => {
  const list = new NeighbourList(4, 1);
  const structure = {
    positions: Float64Array.of(0, 0, 0),
    cell: Float64Array.of(6, 0, 0, 0, 6, 0, 0, 0, 6),
    periodic: all,
  };
  assert.equal(list.update(structure).pairs.pairCount, 0);
  structure.cell[0] = 3.9;
  assert.deepEqual(pairsWithin(list.update(structure).pairs, structure, 4), ["0 0 1,0,0"]);
});

Deno.test("NeighbourList is rebuilt when the atoms or the periodicity are others", () => {
  const list = new NeighbourList(4, 1);
  const cell = Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9);
  const two = { positions: Float64Array.of(0, 0, 0, 8, 0, 0), cell, periodic: all };
  assert.equal(list.update(two).rebuilt, true);
  assert.equal(list.update({ ...two, periodic: [false, true, true] }).rebuilt, true);
  assert.equal(list.update({ ...two, cell: null, periodic: [false, false, false] }).rebuilt, true);
  assert.equal(list.update({ ...two, periodic: [false, false, false] }).rebuilt, false);
  assert.equal(list.update({ ...two, positions: Float64Array.of(0, 0, 0) }).rebuilt, true);
});

Deno.test("NeighbourList refuses bad distances and positions and stays usable", () => {
  assert.throws(() => new NeighbourList(0, 1), /positive cutoff/);
  assert.throws(() => new NeighbourList(4, -1), /skin of zero or more/);
  assert.throws(() => new NeighbourList(4, NaN), /skin of zero or more/);
  const list = new NeighbourList(4, 0);
  const cluster: PeriodicPositions = {
    positions: Float64Array.of(0, 0, 0, 3, 0, 0),
    cell: null,
    periodic: [false, false, false],
  };
  const { pairs } = list.update(cluster);
  assert.throws(() => list.update({ ...cluster, positions: Float64Array.of(0, 0, 0, NaN, 0, 0) }), /finite positions/);
  assert.throws(() => list.update({ ...cluster, positions: Float64Array.of(NaN, 0, 0, 3, 0, 0) }), /finite positions/);
  assert.equal(list.update(cluster).pairs, pairs);
});
