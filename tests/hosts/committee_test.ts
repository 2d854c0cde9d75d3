import assert from "node:assert/strict";
import { createCalculator } from "../../src/engine/calculator.ts";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { hartreePerBohr } from "../../src/protocol/units.ts";
import type { Result } from "../../src/structure/result.ts";
import { bohr, hartree, ipiBohr } from "../../src/structure/units.ts";
import { tinyModel } from "../fixtures/tiny_model.ts";
import { inTemporaryFolder, spookynet } from "../spookynet_process.ts";
import { ConnectProcess } from "./connect_process.ts";
import { freePort } from "./free_port.ts";
import { type IpiInput, IpiSimulation } from "./ipi_simulation.ts";
import { pythonTest } from "./python_test_case.ts";
import { ipiGeometry, zundel } from "./structures.ts";

const models = [1, 2, 3].map((seed) => tinyModel({ seed }));

/** Writes the models to files; their names with commas between them. */
async function modelFiles(folder: string): Promise<string> {
  const paths = models.map((_, k) => `${folder}/member-${k}.safetensors`);
  for (const [k, model] of models.entries()) await Deno.writeFile(paths[k]!, writeSafetensors(model));
  return paths.join(",");
}

/** What each model alone makes of the structure that i-PI sends: its bohr is not CODATA's. */
async function membersAlone(): Promise<Result[]> {
  const structure = { ...zundel, positions: zundel.positions.map((x) => x / ipiBohr * bohr) };
  const results: Result[] = [];
  for (const model of models) {
    await using calculator = await createCalculator(model, { device: "cpu" });
    results.push(await calculator.compute(structure, ["virial"]));
  }
  return results;
}

/** The numbers of the first step in a file of i-PI's properties, a line a step, or in one of its extras. */
function numbersOf(text: string): number[] {
  const blocks = text.split(/^\s*#.*\n/m).filter((block) => block !== "");
  const [first] = text.startsWith(" #") ? blocks : blocks[0]!.split("\n");
  return first!.trim().split(/\s+/).map(Number);
}

/** i-PI's own files have nine digits. */
function assertSame(found: readonly number[], expected: readonly number[], name: string) {
  assert.equal(found.length, expected.length, name);
  const scale = Math.max(...expected.map(Math.abs));
  expected.forEach((number, k) =>
    assert.ok(Math.abs(found[k]! - number) < 1e-7 * scale, `${name} ${k}: expected ${number} but found ${found[k]}`)
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanOf(arrays: readonly Float64Array[], unit: number): number[] {
  return Array.from(arrays[0]!, (_, i) => mean(arrays.map((array) => array[i]! / unit)));
}

const box = 50 / ipiBohr;
const forceNames = Array.from(zundel.numbers, (_, i) => `atom_f(${i})`).join(", ");
const committeeExtras = ["pot", "uncertainty", "force", "virial"].map((name) =>
  `<trajectory filename="${name}" stride="1" extra_type="committee_${name}">extras</trajectory>`
);

/** Two steps of the Zundel cation; every quantity in atomic units. */
const input: IpiInput = {
  ...ipiGeometry(zundel),
  steps: 2,
  output: `<properties stride="1" filename="means"> [potential, virial_md, ${forceNames}] </properties>
    ${committeeExtras.join("\n")}`,
};

pythonTest(
  "i-PI's <ffcommittee> takes the mean and every member's energy, forces and virial from one driver",
  async (python) => {
    await inTemporaryFolder(async (folder) => {
      const model = await modelFiles(folder);
      await using ipi = await IpiSimulation.start(python, { ...input, committee: true, port: freePort() });
      await using driver = await ConnectProcess.start(ipi.to, zundel, [
        ...["--model", model, "--extras", "committee,charges", "--device", "cpu"],
      ]);
      await Promise.all([driver.finished(), ipi.finished()]);

      const members = await membersAlone();
      const energies = members.map(({ energy }) => energy / hartree);
      const [potential, ...others] = numbersOf(await ipi.read("simulation.means"));
      assertSame([potential!], [mean(energies)], "potential");
      const virial = meanOf(members.map((member) => member.virial!), hartree * box ** 3);
      assertSame(others.slice(0, 6), [0, 4, 8, 1, 2, 5].map((k) => virial[k]!), "virial_md");
      assertSame(others.slice(6), meanOf(members.map(({ forces }) => forces), hartreePerBohr), "forces");

      const printed = async (name: string) => numbersOf(await ipi.read(`simulation.${name}_0`));
      assertSame(await printed("pot"), energies, "committee_pot");
      const deviation = Math.hypot(...energies.map((energy) => energy - mean(energies))) /
        Math.sqrt(members.length - 1);
      assertSame(await printed("uncertainty"), [deviation], "committee_uncertainty");
      assertSame(
        await printed("force"),
        members.flatMap(({ forces }) => meanOf([forces], hartreePerBohr)),
        "committee_force",
      );
      assertSame(
        await printed("virial"),
        members.flatMap((member) => meanOf([member.virial!], hartree)),
        "committee_virial",
      );
    });
  },
);

pythonTest("i-PI prints the committee's energies and uncertainty without an <ffcommittee>", async (python) => {
  await inTemporaryFolder(async (folder) => {
    const model = await modelFiles(folder);
    await using ipi = await IpiSimulation.start(python, input);
    await using driver = await ConnectProcess.start(ipi.to, zundel, [
      ...["--model", model, "--extras", "committee", "--device", "cpu"],
    ]);
    await Promise.all([driver.finished(), ipi.finished()]);
    const energies = (await membersAlone()).map(({ energy }) => energy / hartree);
    assertSame(numbersOf(await ipi.read("simulation.means")).slice(0, 1), [mean(energies)], "potential");
    assertSame(numbersOf(await ipi.read("simulation.pot_0")), energies, "committee_pot");
    const deviation = Math.hypot(...energies.map((energy) => energy - mean(energies))) / Math.sqrt(energies.length - 1);
    assertSame(numbersOf(await ipi.read("simulation.uncertainty_0")), [deviation], "committee_uncertainty");
  });
});

Deno.test("./spookynet connect refuses a committee of one model", async () => {
  const args = ["connect", "--to", "unix:none", "--elements", "O,H,H", "--extras", "committee", "--device", "cpu"];
  const model = "tests/fixtures/tiny.safetensors";
  const one = await spookynet([...args, "--model", model]);
  assert.deepEqual([one.code, /Expected --model A,B,.* but found one model/.test(one.stderr)], [2, true], one.stderr);
  const twice = await spookynet([...args, "--model", `${model},${model}`]);
  assert.deepEqual([twice.code, /Expected different models/.test(twice.stderr)], [2, true], twice.stderr);
});
