import assert from "node:assert/strict";
import { assertClose, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { createRandom } from "../structure/random.ts";
import { hessian } from "./hessian.ts";

Deno.test("hessian is that of a quartic energy, and symmetric", () => {
  const random = createRandom(1);
  const structure = randomStructure(random, { numbers: [1, 1], size: 2 });
  const size = 6;
  const coupling = randomArray(random, size * size);
  const symmetric = coupling.map((k, at) => (k + coupling[at % size * size + Math.floor(at / size)]!) / 2);
  // E = ½ x·K x + Σ x⁴: the stencil of fourth order has no error for forces of third order but rounding, 1e-16 / 2e-4
  const forces = (at: { readonly positions: Float64Array }) =>
    at.positions.map((x, row) => -at.positions.reduce((sum, y, k) => sum + symmetric[row * size + k]! * y, 4 * x ** 3));
  const expected = symmetric.map((k, at) =>
    k + (at % size === Math.floor(at / size) ? 12 * structure.positions[at % size]! ** 2 : 0)
  );
  const found = hessian(structure, (displaced) => displaced.map(forces));
  assertClose(found, expected, 1e-11);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      assert.equal(found[row * size + column], found[column * size + row]);
    }
  }
});
