import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import type { DriverStep } from "../../src/protocol/driver.ts";
import { connect, type ConnectOptions } from "../../src/server/connect.ts";
import { bohr, ipiBohr } from "../../src/structure/units.ts";
import { tinyModelFile } from "../fixtures/tiny_model.ts";
import { type IpiInput, IpiSimulation } from "./ipi_simulation.ts";
import { type PythonEnvironment, pythonTest } from "./python_test_case.ts";
import { ipiGeometry, zundel } from "./structures.ts";

/** The Zundel cation, stretched. */
function stretched(factor: number): IpiInput["atoms"] {
  return ipiGeometry(zundel).atoms.map(([element, x, y, z]) => [element, factor * x, factor * y, factor * z]);
}

/** Four systems of the same atoms, each at its own place. */
const factors = [1, 1.01, 1.02, 1.03];
const input: IpiInput = {
  atoms: stretched(factors[0]!),
  furtherSystems: factors.slice(1).map(stretched),
  steps: 20,
  motion:
    `<motion mode="dynamics"><dynamics mode="nve"><timestep units="femtosecond"> 0.1 </timestep></dynamics></motion>`,
};

/** Runs the four systems with one driver. */
async function run(python: PythonEnvironment, socket: string, options: Partial<ConnectOptions> = {}) {
  await using calculator = await createCalculator(await loadModel(fileURLToPath(tinyModelFile)), { device: "cpu" });
  await using ipi = await IpiSimulation.start(python, { ...input, socket });
  const steps: DriverStep[] = [];
  const driver = connect({ to: ipi.to, calculator, atoms: zundel, onStep: (step) => steps.push(step), ...options });
  await ipi.finished();
  const summary = await driver.closed;
  assert.equal(summary.error, undefined);
  const files = factors.flatMap((_, k) => [`${k}_simulation.out`, `${k}_simulation.positions_0.xyz`]);
  return { steps, summary, outputs: await Promise.all(files.map((name) => ipi.read(name))) };
}

pythonTest(
  "i-PI's systems of the same atoms share one driver: one by one, in batches, over several connections",
  async (python) => {
    const single = await run(python, "");
    assert.equal(single.summary.evaluations, 4 * (input.steps + 1));
    const batched = await run(python, "<batch_size>4</batch_size>");
    assert.equal(Math.max(...batched.steps.map(({ frames }) => frames)), 4);
    const connections = await run(python, "", { clients: 4 });
    assert.ok(connections.steps.some(({ frames }) => frames > 1), "Expected systems to be computed together");
    assert.deepEqual(batched.outputs, single.outputs);
    assert.deepEqual(connections.outputs, single.outputs);

    await using calculator = await createCalculator(await loadModel(fileURLToPath(tinyModelFile)), { device: "cpu" });
    for (const [k, factor] of factors.entries()) {
      const positions = zundel.positions.map((x) => x * factor / ipiBohr * bohr);
      const { energy } = await calculator.compute({ ...zundel, positions });
      const firstLine = single.outputs[2 * k]!.split("\n").find((line) => !line.startsWith("#"))!;
      const potential = Number(firstLine.trim().split(/\s+/)[3]); // eV, by i-PI's hartree: 1e-7 off
      assert.ok(Math.abs(potential / energy - 1) < 1e-6, `system ${k}: ${potential} and ${energy} eV`);
    }
  },
);

// i-PI itself can not share a forcefield among systems of different sizes: it sends each as many atoms as the first has.
pythonTest("connect() refuses i-PI's system when it has other atoms than the driver was told of", async (python) => {
  await using calculator = await createCalculator(await loadModel(fileURLToPath(tinyModelFile)), { device: "cpu" });
  await using ipi = await IpiSimulation.start(python, input);
  const water = { numbers: Uint8Array.of(8, 1, 1), charge: 0, unpaired: 0 };
  const { ended, error } = await connect({ to: ipi.to, calculator, atoms: water }).closed;
  assert.equal(ended, "error");
  assert.match(error!.message, /Expected 3 atoms in the host's POSDATA but found 7; give the structure that the host/);
});
