import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { geometryOf } from "../../tests/fixtures/pair_distances.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createRandom } from "../structure/random.ts";
import { coordinationNumbers, coordinationNumbersAdjoint } from "./coordination_number.ts";
import { soloExecution } from "./solo_execution.ts";

const dispersion = buildNetwork(tinyModel()).dispersion!;
const numbers = Uint8Array.of(6, 8, 17);
const execution = soloExecution();

for (const longRangeCutoff of [null, 2.5]) {
  Deno.test(`coordinationNumbers ${longRangeCutoff === null ? "without" : "with"} cutoff have the adjoint of their value`, () => {
    // the third distance lies inside the switch from 1.97 to 2.5 Å
    const geometry = geometryOf(3, Float64Array.of(1.4, 1.9, 2.2));
    const adjoint = randomArray(createRandom(1), 3);
    const found = coordinationNumbersAdjoint(
      execution,
      geometry,
      coordinationNumbers(execution, dispersion, longRangeCutoff, numbers, geometry),
      adjoint,
    );
    const expected = centralDifferences(
      (distances) =>
        dot(
          coordinationNumbers(execution, dispersion, longRangeCutoff, numbers, { ...geometry, distances }).values,
          adjoint,
        ),
      geometry.distances,
    );
    assertClose(found, expected, 1e-8);
  });
}

Deno.test("coordinationNumbers count bonded neighbours and no others", () => {
  const carbonMonoxide = coordinationNumbers(
    execution,
    dispersion,
    null,
    Uint8Array.of(6, 8),
    geometryOf(2, Float64Array.of(1.13)),
  );
  // a bond between elements of different electronegativity counts a little less than 1
  assert.ok(carbonMonoxide.values[0]! > 0.8 && carbonMonoxide.values[0]! < 1);
  assert.equal(carbonMonoxide.values[0], carbonMonoxide.values[1]);
  const apart = coordinationNumbers(
    execution,
    dispersion,
    null,
    Uint8Array.of(6, 8),
    geometryOf(2, Float64Array.of(5)),
  );
  assert.ok(apart.values[0]! < 1e-6);
});
