import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { formatExtendedXyz } from "../../src/structure/format_extended_xyz.ts";
import type { Result } from "../../src/structure/result.ts";
import type { Structure } from "../../src/structure/structure.ts";
import { bohr } from "../../src/structure/units.ts";
import { inTemporaryFolder } from "../spookynet_process.ts";
import { acceptanceTest } from "./acceptance_test_case.ts";
import { ConnectProcess } from "./connect_process.ts";
import { debianPython, hasDebianAse } from "./debian_ase.ts";
import { ethanol, waterBox, waterLayer } from "./structures.ts";

/** What `ase_chemistry.py` prints: eV and Å. */
interface AseResult {
  /** ASE's bohr, Å. */
  readonly bohr: number;
  readonly before: number;
  readonly energy: number;
  readonly forces: readonly number[];
  readonly positions: readonly number[];
  /** Only of an optimisation. */
  readonly converged: boolean;
  readonly steps: number;
  /** Only of a stress: Voigt order, eV/Å³. */
  readonly stress: readonly number[];
  readonly numerical: readonly number[];
}

const longRangeCutoff = 6; // Å

/** Runs a task of `ase_chemistry.py` with `./spookynet connect` as its calculator. */
async function runAse(
  python: string,
  task: "energy" | "optimise" | "stress",
  structure: Structure,
  args: readonly string[],
): Promise<AseResult> {
  let result: AseResult;
  await inTemporaryFolder(async (folder) => {
    const file = `${folder}/start.xyz`;
    await Deno.writeTextFile(file, formatExtendedXyz(structure));
    const script = fileURLToPath(new URL("./ase_chemistry.py", import.meta.url));
    const name = `spookynet-test-${crypto.randomUUID()}`;
    const host = new Deno.Command(python, { args: [script, name, task, file], stdout: "piped", stderr: "piped" });
    await using driver = await ConnectProcess.start(`unix:${name}`, structure, args);
    const [{ success, stdout, stderr }] = await Promise.all([host.output(), driver.finished()]);
    assert.ok(success, new TextDecoder().decode(stderr));
    result = JSON.parse(new TextDecoder().decode(stdout));
  });
  return result!;
}

/**
 * What the library computes for the atoms where ASE has them. Lengths go to bohr with ASE's bohr and back with this
 * project's, which differs by 6e-10: little, but enough to turn last bits of float32, and those sum up to 1e-6 of a force.
 */
async function compute(model: string, structure: Structure, ase: AseResult): Promise<Result> {
  const received = (length: number) => length / ase.bohr * bohr;
  const cell = structure.cell && structure.cell.map(received);
  await using calculator = await createCalculator(await loadModel(model), {
    device: "software",
    ...(cell !== null && { longRangeCutoff }),
  });
  const positions = Float64Array.from(ase.positions, received);
  return await calculator.compute({ ...structure, positions, cell }, ["virial"]);
}

function assertSame(ase: AseResult, { energy, forces }: Result): void {
  assert.ok(Math.abs(ase.energy - energy) <= 1e-6 * Math.abs(energy), `${ase.energy} eV against ${energy} eV`);
  assert.equal(ase.forces.length, forces.length);
  const largestForce = Math.max(...forces.map(Math.abs));
  for (const [i, force] of forces.entries()) {
    assert.ok(Math.abs(ase.forces[i]! - force) <= 1e-6 * largestForce, `${ase.forces[i]} eV/Å against ${force} eV/Å`);
  }
}

/** ASE's geometry optimisation of ethanol, whose bonds must get the lengths that ethanol has. */
async function checkOptimisation(python: string, model: string): Promise<void> {
  const result = await runAse(python, "optimise", ethanol, ["--model", model, "--device", "software"]);
  assert.ok(result.converged && result.energy < result.before, `after ${result.steps} steps`);
  assertSame(result, await compute(model, ethanol, result));
  const distance = (i: number, j: number) =>
    Math.hypot(...[0, 1, 2].map((axis) => result.positions[3 * i + axis]! - result.positions[3 * j + axis]!));
  // Bonds in the gas phase (NIST CCCBDB): C-C 1.512, C-O 1.431, O-H 0.971 Å; DFT differs by some hundredths.
  for (const [i, j, length] of [[0, 1, 1.512], [1, 2, 1.431], [2, 3, 0.971]] as const) {
    assert.ok(Math.abs(distance(i, j) - length) < 0.03, `bond ${i}-${j}: ${distance(i, j)} Å`);
  }
}

acceptanceTest(
  "ASE optimises ethanol to 0.01 eV/Å with ./spookynet connect, and gets what Calculator.compute computes",
  async ({ python, model }) => await checkOptimisation(python.python, model),
);

acceptanceTest("ASE finds its own numerical stress in a periodic box with a long-range cutoff", async (acceptance) => {
  const { python, model } = acceptance;
  const args = ["--model", model, "--device", "software", "--lr-cutoff", String(longRangeCutoff)];
  const result = await runAse(python.python, "stress", waterBox, args);
  const expected = await compute(model, waterBox, result);
  assertSame(result, expected);
  const volume = 6.3 * 6.1 * 6.4;
  const voigt = [0, 4, 8, 5, 2, 1];
  const largest = Math.max(...result.stress.map(Math.abs));
  // Strains of ±2e-3: float32's noise in the energy, some 3e-6 eV, over 4e-3 times 246 Å³, and as much from the third
  // derivative. Measured 8e-6 eV/Å³, 3e-6 with the published model; a component left out, swapped or of the wrong sign is
  // off by 1e-4 or more.
  const deviations = result.numerical.map((numerical, i) => Math.abs(numerical - result.stress[i]!));
  console.log(`stress up to ${largest.toFixed(4)} eV/Å³, within ${Math.max(...deviations).toExponential(1)} eV/Å³`);
  for (const [i, stress] of result.stress.entries()) {
    const own = -expected.virial![voigt[i]!]! / volume;
    assert.ok(Math.abs(stress - own) <= 1e-6 * largest, `${result.stress}`);
    assert.ok(deviations[i]! < 2e-5, `${result.stress} against ${result.numerical}`);
    assert.ok(Math.abs(stress) > 1e-4, `${result.stress}`);
  }
});

acceptanceTest("ASE's slab with one missing cell vector repeats along the two it has", async ({ python, model }) => {
  const args = ["--model", model, "--device", "software", "--lr-cutoff", String(longRangeCutoff)];
  const slab = await runAse(python.python, "energy", waterLayer, args);
  assertSame(slab, await compute(model, waterLayer, slab));
  // With 40 Å to the next layer no pair is within any cutoff: a crystal of such layers has the slab's energy.
  const cell = waterLayer.cell!.with(8, 40);
  const crystal = await compute(model, { ...waterLayer, cell, periodic: [true, true, true] }, slab);
  assert.ok(Math.abs(slab.energy - crystal.energy) <= 1e-6 * Math.abs(crystal.energy), `${crystal.energy} eV`);
  const cluster = await compute(model, { ...waterLayer, cell: null, periodic: [false, false, false] }, slab);
  assert.ok(Math.abs(slab.energy - cluster.energy) > 0.01, "Expected the molecules to feel their images");
});

const debianName = "ASE as Debian has it (3.22) optimises ethanol with ./spookynet connect, too";

if (hasDebianAse) acceptanceTest(debianName, async ({ model }) => await checkOptimisation(debianPython, model));
else Deno.test.ignore(debianName, () => {});
