import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { geometryOf } from "../../tests/fixtures/pair_distances.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { coulombConstant } from "../model/constants.ts";
import { repulsion } from "./repulsion.ts";
import { soloExecution } from "./solo_execution.ts";

const { repulsion: parameters, hyperparameters: { cutoff } } = buildNetwork(tinyModel());
const execution = soloExecution();
const numbers = Uint8Array.of(1, 8, 17);

Deno.test("repulsion has the slopes of its energy", () => {
  const distances = Float64Array.of(0.7, 1.1, 2.3);
  const energy = (r: Float64Array) => repulsion(execution, parameters!, cutoff, numbers, geometryOf(3, r)).energies;
  const { distances: slopes } = repulsion(execution, parameters!, cutoff, numbers, geometryOf(3, distances));
  assertClose(slopes, centralDifferences((r) => energy(r).reduce((a, b) => a + b, 0), distances), 1e-8);
});

Deno.test("repulsion is the nuclei's Coulomb energy close to them and nothing beyond the cutoff", () => {
  const pair = (r: number) => {
    const { energies } = repulsion(
      execution,
      parameters!,
      cutoff,
      Uint8Array.of(1, 8),
      geometryOf(2, Float64Array.of(r)),
    );
    assert.equal(energies[0], energies[1]);
    return energies[0]! + energies[1]!;
  };
  // the screening's coefficients sum to 1; its exponents are a few per Å
  assert.ok(Math.abs(pair(1e-6) / (coulombConstant * 8 / 1e-6) - 1) < 1e-4);
  assert.equal(pair(cutoff), 0);
  assert.equal(pair(cutoff + 1), 0);
});
