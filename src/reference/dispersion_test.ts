import assert from "node:assert/strict";
import { assertClose, centralDifferences, randomArray } from "../../tests/fixtures/central_differences.ts";
import { geometryOf } from "../../tests/fixtures/pair_distances.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createRandom } from "../structure/random.ts";
import { contractReferences, dispersion, dispersionPairs } from "./dispersion.ts";
import { referenceC6, referenceCount, referencePolarizabilities } from "./reference_c6.ts";
import { soloExecution } from "./solo_execution.ts";

const parameters = buildNetwork(tinyModel()).dispersion!;
const numbers = Uint8Array.of(6, 8, 1, 6);
const polarizabilities = referencePolarizabilities(parameters);
const references = referenceC6(parameters, polarizabilities, numbers);
const execution = soloExecution();
const charges = Float64Array.of(-0.3, 0.5, 0.2, -0.1);
const distances = Float64Array.of(1.3, 1.1, 1.6, 2.1, 2.9, 4.3);

for (const longRangeCutoff of [null, 4]) {
  const end = longRangeCutoff === null ? "without end" : `ending at ${longRangeCutoff} Å`;

  Deno.test(`dispersion ${end} has the slopes of its energy in distances and charges`, () => {
    const term = (q: Float64Array, r: Float64Array) =>
      dispersion(execution, parameters, references, longRangeCutoff, numbers, q, geometryOf(4, r));
    const energy = (q: Float64Array, r: Float64Array) => term(q, r).energies.reduce((a, b) => a + b, 0);
    const found = term(charges, distances);
    assertClose(found.distances, centralDifferences((r) => energy(charges, r), distances), 1e-8);
    assertClose(found.charges, centralDifferences((q) => energy(q, distances), charges), 1e-8);
  });

  Deno.test(`dispersionPairs ${end} has the slopes of its energy in the reference weights`, () => {
    const weights = randomArray(createRandom(1), numbers.length * referenceCount);
    const term = (at: Float64Array) =>
      dispersionPairs(
        execution,
        parameters,
        references,
        longRangeCutoff,
        at,
        contractReferences(execution, references, at),
        geometryOf(4, distances),
      );
    const expected = centralDifferences((at) => term(at).energies.reduce((a, b) => a + b, 0), weights);
    assertClose(term(weights).weights, expected, 1e-8);
  });
}

/** Two neutral carbon atoms at distance r (Å). */
function carbonPair(r: number, longRangeCutoff: number | null) {
  const carbon = Uint8Array.of(6, 6);
  const table = referenceC6(parameters, polarizabilities, carbon);
  const neutral = new Float64Array(2);
  return dispersion(execution, parameters, table, longRangeCutoff, carbon, neutral, geometryOf(2, Float64Array.of(r)));
}

Deno.test("dispersion ends with its slope at the long-range cutoff", () => {
  const last = carbonPair(4 - 1e-4, 4);
  // quadratic in the distance to the end, on an energy of some hundredths of eV
  assert.ok(Math.abs(last.energies[0]!) < 1e-9 && Math.abs(last.distances[0]!) < 1e-5);
  assert.deepEqual([...carbonPair(4, 4).energies], [0, 0]);
  assert.ok(carbonPair(3, 4).energies[0]! < 0);
});

Deno.test("dispersion falls off as C6/r⁶ of the atoms it reports", () => {
  const r = 60;
  const { energies, c6, polarizabilities } = carbonPair(r, null);
  // the r⁸ term and the damping are of the order (3 Å/r)² smaller
  assert.ok(Math.abs((energies[0]! + energies[1]!) / (-parameters.s6 * c6[0]! / r ** 6) - 1) < 0.02);
  assert.equal(c6[0], c6[1]);
  // the free carbon atom has 1.7 Å³ and 28 eV Å⁶
  assert.ok(polarizabilities[0]! > 1 && polarizabilities[0]! < 3);
  assert.ok(c6[0]! > 10 && c6[0]! < 60);
});
