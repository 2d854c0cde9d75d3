import assert from "node:assert/strict";
import { buildPairList, type PeriodicPositions } from "./build_pair_list.ts";
import { CutoffPairs } from "./cutoff_pairs.ts";
import { createRandom } from "./random.ts";

const all: [boolean, boolean, boolean] = [true, true, true];

Deno.test("CutoffPairs gives the very lists that are built anew, along random walks of atoms and cells", () => {
  const random = createRandom(5);
  const shapes: PeriodicPositions[] = [
    { positions: new Float64Array(120), cell: null, periodic: [false, false, false] },
    { positions: new Float64Array(120), cell: Float64Array.of(9, 0, 0, 3, 8, 0, -2, 1, 10), periodic: all },
    { positions: new Float64Array(9), cell: Float64Array.of(4, 0, 0, 1, 3, 0, 0, 0, 3), periodic: all },
  ];
  const pairs = new CutoffPairs(4, 0.7);
  for (const shape of shapes) {
    const positions = shape.positions.map(() => 9 * random());
    for (let step = 0; step < 40; step++) {
      assert.deepEqual(pairs.update({ ...shape, positions }), buildPairList({ ...shape, positions }, 4));
      positions.forEach((_, at) => positions[at]! += 0.1 * (random() - 0.5));
      shape.cell?.forEach((_, at) => shape.cell![at]! += 0.01 * (random() - 0.5));
    }
  }
});

Deno.test("CutoffPairs takes structures of any size one after the other", () => {
  const pairs = new CutoffPairs(3, 0.5);
  const random = createRandom(6);
  for (const atoms of [1, 30, 2, 30, 31, 1]) {
    const structure: PeriodicPositions = {
      positions: Float64Array.from({ length: 3 * atoms }, () => 6 * random()),
      cell: null,
      periodic: [false, false, false],
    };
    assert.deepEqual(pairs.update(structure), buildPairList(structure, 3));
  }
});
