import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { createRandom } from "../structure/random.ts";
import { conserveCharge, conserveChargeAdjoint } from "./charge_conservation.ts";
import { soloExecution } from "./solo_execution.ts";

const execution = soloExecution();

Deno.test("conserveCharge makes the charges sum to the total and keeps their differences", () => {
  const charges = randomArray(createRandom(1), 5);
  const conserved = conserveCharge(execution, charges, -2);
  assert.ok(Math.abs(conserved.reduce((a, b) => a + b, 0) + 2) < 1e-14);
  assert.ok(Math.abs(conserved[3]! - conserved[1]! - charges[3]! + charges[1]!) < 1e-14);
});

Deno.test("conserveCharge has the adjoint of its value", () => {
  const charges = randomArray(createRandom(2), 5), adjoint = randomArray(createRandom(3), 5);
  const expected = centralDifferences((at) => dot(conserveCharge(execution, at, 1), adjoint), charges);
  assertClose(conserveChargeAdjoint(execution, adjoint), expected, 1e-10);
});
