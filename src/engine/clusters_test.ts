import assert from "node:assert/strict";
import { buildPairList } from "../structure/build_pair_list.ts";
import { createRandom } from "../structure/random.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { groupCloseAtoms, groupConsecutiveAtoms, listClusterRows, none } from "./clusters.ts";

/** Smaller than the cutoff: several pairs of the same two atoms, and atoms that see their own images. */
const cell = [3.1, 0, 0, 0.9, 3.3, 0, -0.6, 0.8, 3.0];
const structure = randomStructure(createRandom(4), { numbers: [6, 8, 1, 6, 7, 1, 1, 8], size: 6, cell });
const pairs = buildPairList(structure, 3.5);

Deno.test("groupConsecutiveAtoms and groupCloseAtoms put every atom in one cluster", () => {
  for (const size of [1, 2, 3]) {
    for (const members of [groupConsecutiveAtoms(pairs, size), groupCloseAtoms(structure, pairs, size)]) {
      assert.deepEqual([...members].filter((atom) => atom !== none).toSorted((a, b) => a - b), [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
      ]);
      assert.ok(members.every((atom, at) => at % 3 < size || atom === none));
    }
  }
});

Deno.test("groupCloseAtoms puts the atoms of a molecule together whatever their order", () => {
  const molecules = [0, 1, 2].flatMap((m) =>
    [[0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.6, 0]].map(([x, y, z]) => [x! + 2.5 * m, y!, z!])
  );
  const order = [0, 3, 6, 1, 2, 4, 5, 7, 8];
  const shuffled = {
    ...structure,
    numbers: Uint8Array.from(order, (atom) => atom % 3 === 0 ? 8 : 1),
    positions: Float64Array.from(order.flatMap((atom) => molecules[atom]!)),
    cell: null,
    periodic: [false, false, false] as const,
  };
  const members = groupCloseAtoms(shuffled, buildPairList(shuffled, 6), 3);
  for (let c = 0; c < 3; c++) {
    const found = [...members.subarray(3 * c, 3 * c + 3)].map((atom) => Math.floor(order[atom]! / 3));
    assert.deepEqual(new Set(found).size, 1);
  }
});

Deno.test("listClusterRows keeps each atom's own neighbours in their order, whatever its cluster", () => {
  for (const which of ["all", "first"] as const) {
    for (const size of [1, 2, 3]) {
      for (const members of [groupConsecutiveAtoms(pairs, size), groupCloseAtoms(structure, pairs, size)]) {
        const { table, rows } = listClusterRows(members, pairs, which);
        const found: number[][] = Array.from({ length: pairs.atomCount }, () => []);
        for (let row = 0, c = 0; row < rows.length / 4; row++) {
          while (c + 1 < table.length / 4 && row >= table[4 * c + 7]!) c++;
          for (let m = 0; m < 3; m++) {
            const entry = rows[4 * row + 1 + m]!;
            if (entry === none) continue;
            const atom = table[4 * c + m]!;
            assert.equal((entry % 2 === 1 ? pairs.first : pairs.second)[entry >>> 1], rows[4 * row]);
            found[atom]!.push(entry % 2 === 1 ? ~(entry >>> 1) : entry >>> 1);
          }
        }
        found.forEach((entries, i) => {
          const own = [...pairs.entry.subarray(pairs.start[i]!, pairs.start[i + 1]!)];
          assert.deepEqual(entries, which === "all" ? own : own.filter((entry) => entry >= 0));
        });
      }
    }
  }
});
