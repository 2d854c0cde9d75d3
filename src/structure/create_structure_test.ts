import assert from "node:assert/strict";
import { createStructure, type StructureInput } from "./create_structure.ts";

const water: StructureInput = { symbols: ["O", "H", "D"], positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]] };
const cubic = [9, 0, 0, 0, 9, 0, 0, 0, 9];

Deno.test("createStructure takes nested or flat, plain or typed data and copies it", () => {
  const positions = Float64Array.of(0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0);
  const flat = createStructure({ numbers: Uint8Array.of(8, 1, 1), positions });
  assert.deepEqual(flat, createStructure(water));
  assert.deepEqual(flat, {
    numbers: Uint8Array.of(8, 1, 1),
    positions,
    cell: null,
    periodic: [false, false, false],
    charge: 0,
    unpaired: 0,
  });
  assert.notEqual(flat.positions, positions);
  assert.deepEqual(createStructure({ ...water, charge: 1, unpaired: 1 }).charge, 1);
});

Deno.test("createStructure takes the axes with a vector as periodic unless told otherwise", () => {
  assert.deepEqual(createStructure({ ...water, cell: cubic }).periodic, [true, true, true]);
  assert.deepEqual(createStructure({ ...water, cell: [[9, 0, 0], [0, 9, 0], [0, 0, 0]] }).periodic, [
    true,
    true,
    false,
  ]);
  assert.deepEqual(createStructure({ ...water, cell: cubic, periodic: [true, false, true] }).periodic, [
    true,
    false,
    true,
  ]);
  const cluster = createStructure({ ...water, cell: cubic, periodic: false });
  assert.deepEqual([cluster.cell, cluster.periodic], [null, [false, false, false]]);
});

Deno.test("createStructure refuses what is wrong and says what it expected and found", () => {
  const wrong: [Partial<StructureInput>, RegExp][] = [
    [{ numbers: [8, 1, 1] }, /either numbers or symbols but found both/],
    [{ symbols: ["O", "H"] }, /2 rows of three numbers in positions but found 3/],
    [{ symbols: ["O", "H", "Q"] }, /chemical symbol.* found "Q"/],
    [{ positions: [[0, 0, 0], [1, 0], [2, 0, 0]] }, /each row of positions but found others in row 1/],
    [{ positions: [0, 0, 0, 1, 0, 0, 2, 0] }, /3 rows .* positions/],
    [{ positions: [0, 0, 0, 1, NaN, 0, 2, 0, 0] }, /finite positions but found NaN at atom 1/],
    [{ positions: [0, 0, 0, 1, 0, 0, 2, 0, Infinity] }, /finite positions but found Infinity at atom 2/],
    [{ cell: [1, 2, 3] }, /3 rows of three numbers in cell but found 1/],
    [{ cell: [9, 0, 0, 0, 9, 0, 0, 0, NaN] }, /finite cell vectors/],
    [{ cell: [9, 0, 0, 0, 9, 0, 9, 9, 0] }, /not parallel or coplanar/],
    [{ periodic: true }, /cell vector for the periodic axis a but found none/],
    [{ cell: [9, 0, 0, 0, 9, 0, 0, 0, 0], periodic: true }, /periodic axis c but found none/],
    [{ cell: cubic, periodic: [true, true] }, /three answers .* found 2/],
    [{ charge: NaN }, /finite total charge but found NaN/],
    [{ unpaired: -2 }, /0 or more unpaired electrons but found -2/],
    [{ charge: 1 }, /--unpaired 1/],
  ];
  for (const [change, pattern] of wrong) {
    assert.throws(() => createStructure({ ...water, ...change }), (error: Error) => {
      assert.match(error.message, pattern);
      return error instanceof RangeError;
    });
  }
  assert.throws(() => createStructure({ positions: [] }), /found neither/);
  assert.throws(() => createStructure({ numbers: [], positions: [] }), /at least one atom/);
  for (const number of [0, 119, 1.5, 300]) {
    assert.throws(() => createStructure({ numbers: [number], positions: [0, 0, 0] }), /from 1 to 118 but found/);
  }
  assert.equal(createStructure({ ...water, charge: 1, electronCheck: false }).charge, 1);
});
