import assert from "node:assert/strict";
import { buildPairList } from "../structure/build_pair_list.ts";
import { waterCluster } from "./structures.ts";

Deno.test("waterCluster() has whole molecules at the liquid's density, none of them in touch", () => {
  const { numbers, positions } = waterCluster(192);
  assert.deepEqual([...numbers.subarray(0, 6)], [8, 1, 1, 8, 1, 1]);
  const { pairCount, first, second } = buildPairList({ positions, cell: null, periodic: [false, false, false] }, 1.2);
  // within 1.2 Å there are only the two bonds of each molecule
  assert.equal(pairCount, 128);
  for (let u = 0; u < pairCount; u++) assert.equal(Math.floor(first[u]! / 3), Math.floor(second[u]! / 3));
  // 64 molecules fill a cube of 4 lattice constants: 29.8 Å³ a molecule, of the liquid 29.9
  assert.ok(Math.max(...positions) < 4 * 3.1);
});
