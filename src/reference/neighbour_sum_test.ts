import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { createRandom } from "../structure/random.ts";
import { neighbourSum, neighbourSumAdjoint } from "./plain_functions.ts";

const features = 3;
const atoms = 3;
const random = createRandom(1);
const structure = randomStructure(random, { numbers: [1, 1, 1], size: 2, cell: [2.5, 0, 0, 0, 2.6, 0, 0, 0, 2.7] });
const pairs = buildPairList(structure, 3);

for (const [components, parity] of [[1, 1], [3, -1], [5, 1]] as const) {
  const values = randomArray(random, pairs.pairCount * components);
  const filters = randomArray(random, pairs.pairCount * features);
  const x = randomArray(random, atoms * features);

  Deno.test(`neighbourSum of ${components} functions is the sum over both directions of every pair`, () => {
    const expected = new Float64Array(atoms * components * features);
    for (let i = 0; i < atoms; i++) {
      // the other view of the list: each atom's entries, an atom's own images twice
      for (let at = pairs.start[i]!; at < pairs.start[i + 1]!; at++) {
        const entry = pairs.entry[at]!;
        const u = entry < 0 ? ~entry : entry;
        for (let c = 0; c < components; c++) {
          for (let f = 0; f < features; f++) {
            expected[(i * components + c) * features + f]! += (entry < 0 ? parity : 1) * values[u * components + c]! *
              filters[u * features + f]! * x[pairs.neighbour[at]! * features + f]!;
          }
        }
      }
    }
    assertClose(neighbourSum(pairs, { values, components, parity }, filters, x), expected, 1e-14);
  });

  Deno.test(`neighbourSum of ${components} functions has the adjoint of its value`, () => {
    const adjoint = randomArray(random, atoms * components * features);
    const found = neighbourSumAdjoint(pairs, { values, components, parity }, filters, x, adjoint);
    const f = (v: Float64Array, g: Float64Array, y: Float64Array) =>
      dot(neighbourSum(pairs, { values: v, components, parity }, g, y), adjoint);
    assertClose(found.angular, centralDifferences((v) => f(v, filters, x), values), 1e-10);
    assertClose(found.filters, centralDifferences((g) => f(values, g, x), filters), 1e-10);
    assertClose(found.features, centralDifferences((y) => f(values, filters, y), x), 1e-10);
  });
}

Deno.test("neighbourSum of odd functions over an atom's own images cancels", () => {
  const own = buildPairList({ ...structure, positions: new Float64Array(3) }, 3);
  assert.ok(own.pairCount > 0);
  const p = { values: randomArray(random, 3 * own.pairCount), components: 3, parity: -1 } as const;
  const sum = neighbourSum(own, p, randomArray(random, own.pairCount), Float64Array.of(1));
  assertClose(sum, [0, 0, 0], 1e-14, { scale: 1 });
});
