import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { IpiProcess } from "../src/cli/ipi_process.ts";
import { parseIpiProperties } from "../src/cli/ipi_properties.ts";
import type { PythonEnvironment } from "../src/cli/python_environment.ts";
import { type Acceptance, acceptanceTest } from "./hosts/acceptance_test_case.ts";
import { inTemporaryFolder, launcher, project } from "./spookynet_process.ts";

/** Registers a test of an example. */
function exampleTest(name: string, run: (acceptance: Acceptance, folder: string) => Promise<void>) {
  acceptanceTest(
    `examples/${name} does what its README says`,
    (acceptance) => run(acceptance, join(project, "examples", name)),
  );
}

/** Runs a program and compares what it prints with the last block of its README. */
async function checkOutput(folder: string, program: string, args: readonly string[], tolerance: number) {
  const output = await new Deno.Command(program, { args: [...args], cwd: folder, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  equal(output.success, true, text(output.stderr));
  await checkText(folder, text(output.stdout), tolerance);
}

/** Compares text with the last block of a README: words exactly, numbers within a tolerance. */
async function checkText(folder: string, text: string, tolerance: number) {
  const blocks = [...(await Deno.readTextFile(join(folder, "README.md"))).matchAll(/^```\n([^]*?)^```$/gm)];
  const [expected, found] = [blocks.at(-1)![1]!, text].map((block) => block.trim().split(/\s+/));
  deepEqual(found!.length, expected!.length, text);
  found!.forEach((word, k) => {
    const [number, wanted] = [Number(word), Number(expected![k])];
    if (Number.isNaN(wanted)) equal(word, expected![k]);
    else equal(Math.abs(number - wanted) <= tolerance, true, `Expected ${wanted} but found ${word} in\n${text}`);
  });
}

/** Runs an i-PI example in a copy of its folder, with the driver as its README starts it. */
async function runIpiExample(
  environment: PythonEnvironment,
  folder: string,
  check: (results: string) => Promise<void>,
) {
  await inTemporaryFolder(async (copy) => {
    for (const name of ["input.xml", "init.xyz"]) await Deno.copyFile(join(folder, name), join(copy, name));
    const readme = await Deno.readTextFile(join(folder, "README.md"));
    const args = /^ {4}\.\.\/\.\.\/\.\.\/spookynet (.*)$/m.exec(readme)![1]!.split(" ");
    await using host = await IpiProcess.start(environment, copy);
    const driver = await new Deno.Command(launcher, { args: [...args, "--prefix", host.prefix], cwd: copy }).output();
    equal(driver.success, true, new TextDecoder().decode(driver.stderr));
    await host.finished();
    await check(copy);
  });
}

async function propertiesOf(folder: string, name = "simulation.out"): Promise<Map<string, number[]>> {
  return parseIpiProperties(await Deno.readTextFile(join(folder, name)));
}

/** The numbers that a README states in these words. */
async function numbersOf(folder: string, words: RegExp): Promise<number[]> {
  const readme = await Deno.readTextFile(join(folder, "README.md"));
  return Array.from(readme.matchAll(words), ([, number]) => Number(number));
}

/** The first potential energy, eV, must be the one of the README, but for its last digit. */
async function checkFirstPotential(folder: string, properties: ReadonlyMap<string, readonly number[]>) {
  const [promised] = await numbersOf(folder, /potential energy of\s+(-[\d.]+)\s+eV/g);
  const [found] = properties.get("potential")!;
  equal(Math.abs(found! - promised!) < 0.001, true, `Expected ${promised} eV but found ${found} eV`);
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

exampleTest("ase/ethanol-optimisation", async ({ python: { python } }, folder) => {
  // The minimiser stops anywhere below its threshold: 0.001 eV and Å on either side.
  await checkOutput(folder, python, ["optimise.py"], 0.002);
});

exampleTest("ase/water-vibrations", async ({ python: { python } }, folder) => {
  await checkOutput(folder, python, ["vibrations.py"], 2);
});

exampleTest("ase/zundel-md", async ({ python: { python } }, folder) => {
  await checkOutput(folder, python, ["md.py"], 1.5);
});

exampleTest("ipi/zundel-pimd", async ({ python }, folder) => {
  await runIpiExample(python, folder, async (results) => {
    const properties = await propertiesOf(results);
    equal(properties.get("step")!.length, 201);
    await checkFirstPotential(folder, properties);
    equal(Math.abs(mean(properties.get("temperature")!) - 300) < 30, true);
    equal(spread(properties.get("conserved")!) < 0.02, true);
    equal(spread(properties.get("conserved")!.slice(20)) < 0.008, true);
  });
});

exampleTest("ipi/water-hexamer-nvt", async ({ python }, folder) => {
  await runIpiExample(python, folder, async (results) => {
    const properties = await propertiesOf(results);
    equal(properties.get("step")!.length, 201);
    await checkFirstPotential(folder, properties);
    equal(spread(properties.get("conserved")!) < 0.02, true);
    const charges = (await Deno.readTextFile(join(results, "simulation.charges_0"))).split("\n")[1]!.trim().split(
      /\s+/,
    );
    const promised = await numbersOf(folder, /near\s+(-?[\d.]+)\s+e\b/g);
    deepEqual(charges.slice(0, 3).map((charge) => Number(Number(charge).toFixed(2))), promised);
  });
});

exampleTest("ipi/water-phonons", async ({ python }, folder) => {
  await runIpiExample(python, folder, async (results) => {
    const lines = (await Deno.readTextFile(join(results, "simulation.phonons.eigval"))).split("\n");
    const wavenumbers = lines.map(Number).filter((value) => value > 1e-8).map((value) => 219474.63 * Math.sqrt(value));
    await checkText(folder, wavenumbers.map((value) => `${value.toFixed(0)} cm-1`).join("\n"), 2);
  });
});

exampleTest("ipi/zundel-replica-exchange", async ({ python }, folder) => {
  await runIpiExample(python, folder, async (results) => {
    const systems = await Promise.all([0, 1, 2, 3].map((k) => propertiesOf(results, `${k}_simulation.out`)));
    for (const properties of systems) {
      equal(properties.get("step")!.length, 201);
      await checkFirstPotential(folder, properties);
    }
    const temperatures = new Set(systems[0]!.get("ensemble_temperature"));
    equal(temperatures.size > 1, true, `Expected exchanges but found only ${[...temperatures]} K`);
    const places = (await Deno.readTextFile(join(results, "simulation.remd_idx"))).trimEnd().split("\n");
    for (const line of places) deepEqual(line.trim().split(/\s+/).slice(1).sort(), ["0", "1", "2", "3"]);
  });
});

exampleTest("typescript/energies", async (_, folder) => {
  const args = ["run", "--allow-read", "--allow-env", "energies.ts"];
  await checkOutput(folder, Deno.execPath(), args, 0.011);
});
