import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import type { Structure } from "../structure/structure.ts";
import { batchesOf } from "./batch_size.ts";

const network = buildNetwork(tinyModel());

/** Bytes that one atom of dense matter needs: 40 pairs, s, p and d maps of two modules, values and slopes, 8 features. */
const bytesPerAtom = 40 * 2 * 3 * 2 * 8 * 4;

function structureOf(atoms: number): Structure {
  return {
    numbers: new Uint8Array(atoms).fill(1),
    positions: new Float64Array(3 * atoms),
    cell: null,
    periodic: [false, false, false],
    charge: 0,
    unpaired: 0,
  };
}

function sizes(atoms: readonly number[], room: number): number[][] {
  return batchesOf(atoms.map(structureOf), network, room * bytesPerAtom)
    .map((batch) => batch.map(({ numbers }) => numbers.length));
}

Deno.test("batchesOf keeps structures together, in order, up to what a binding holds", () => {
  assert.deepEqual(sizes([3, 4, 2], 100), [[3, 4, 2]]);
  assert.deepEqual(sizes([3, 4, 2], 9), [[3, 4, 2]]);
  assert.deepEqual(sizes([3, 4, 2], 8), [[3, 4], [2]]);
  assert.deepEqual(sizes([5, 5, 5, 1], 6), [[5], [5], [5, 1]]);
});

Deno.test("batchesOf gives a structure that is too large a batch of its own", () => {
  assert.deepEqual(sizes([2, 50, 2, 2], 6), [[2], [50], [2, 2]]);
  assert.deepEqual(sizes([50], 1), [[50]]);
  assert.deepEqual(batchesOf([structureOf(3)], network, 0).length, 1);
});

Deno.test("batchesOf makes no batch of nothing", () => {
  assert.deepEqual(batchesOf([], network, 2 ** 27), []);
});
