import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { geometryOf } from "../../tests/fixtures/pair_distances.ts";
import { coulombConstant } from "../model/constants.ts";
import { electrostaticKernel, electrostatics } from "./electrostatics.ts";
import { soloExecution } from "./solo_execution.ts";

const cutoff = 5.3;
const execution = soloExecution();
const charges = Float64Array.of(0.4, -0.7, 0.2);
const distances = Float64Array.of(0.9, 2.2, 3.7);

for (const longRangeCutoff of [null, 9, 3]) {
  const range = { cutoff, longRangeCutoff };
  const end = longRangeCutoff === null ? "without end" : `ending at ${longRangeCutoff} Å`;

  Deno.test(`electrostatics ${end} has the slopes of its energy in distances and charges`, () => {
    const energy = (q: Float64Array, r: Float64Array) =>
      electrostatics(execution, range, q, geometryOf(3, r)).energies.reduce((a, b) => a + b, 0);
    const found = electrostatics(execution, range, charges, geometryOf(3, distances));
    assertClose(found.distances, centralDifferences((r) => energy(charges, r), distances), 1e-8);
    assertClose(found.charges, centralDifferences((q) => energy(q, distances), charges), 1e-10);
  });
}

Deno.test("electrostatics is Coulomb's law from three quarters of the cutoff on", () => {
  const { value, slope } = electrostaticKernel({ cutoff, longRangeCutoff: null }, 4);
  assert.deepEqual([value, slope], [1 / 4, -1 / 16]);
  const pair = electrostatics(
    execution,
    { cutoff, longRangeCutoff: null },
    Float64Array.of(1, -1),
    geometryOf(2, Float64Array.of(4)),
  );
  assert.ok(Math.abs(pair.energies[0]! + pair.energies[1]! + coulombConstant / 4) < 1e-14);
});

Deno.test("electrostatics ends with its slope at the long-range cutoff", () => {
  for (const longRangeCutoff of [9, 3]) {
    const { value, slope } = electrostaticKernel({ cutoff, longRangeCutoff }, longRangeCutoff - 1e-4);
    // what is left is quadratic in the distance to the end
    assert.ok(Math.abs(value) < 1e-8 && Math.abs(slope) < 1e-4);
    assert.deepEqual(electrostaticKernel({ cutoff, longRangeCutoff }, longRangeCutoff), { value: 0, slope: 0 });
  }
});

Deno.test("electrostaticKernel is the published form with its constants written out", () => {
  const end = 9, r = 1;
  const root = Math.sqrt(r * r + 1), cube = (end * end + 1) ** 1.5;
  // at 1 Å, below a quarter of the cutoff, the damped form alone
  const expected = 1 / root + r * end / cube - (2 * end * end + 1) / cube;
  assert.ok(Math.abs(electrostaticKernel({ cutoff, longRangeCutoff: end }, r).value - expected) < 1e-15);
  const far = 5;
  const coulomb = 1 / far + far / end ** 2 - 2 / end;
  assert.ok(Math.abs(electrostaticKernel({ cutoff, longRangeCutoff: end }, far).value - coulomb) < 1e-15);
});
