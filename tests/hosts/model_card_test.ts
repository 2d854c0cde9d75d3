/** The tool of `tools/model_card`: its own tests, the engine it asks, and that what it writes is formatted. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { createStructure } from "../../src/structure/create_structure.ts";
import { tinyModelFile } from "../fixtures/tiny_model.ts";
import { inTemporaryFolder, project } from "../spookynet_process.ts";
import { pythonTest } from "./python_test_case.ts";

const folder = `${project}tools/model_card`;

/** Runs Python with the tool and its tests on the path; fails with what it prints. */
async function runPython(python: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-B", ...args],
    cwd: `${folder}/tests`,
    env: { PYTHONPATH: `${folder}:${folder}/tests`, OMP_NUM_THREADS: "1" },
    stdin: "null",
  }).output();
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, `${printed}${errors}`);
  return printed!;
}

pythonTest("tools/model_card measures potentials whose answers are known, and writes cards", async ({ python }) => {
  await runPython(python, ["-m", "unittest", "discover", "--start-directory", "."]);
});

pythonTest("tools/model_card writes Markdown as deno fmt leaves it", async ({ python }) => {
  await inTemporaryFolder(async (temporary) => {
    const script = "import sys, pathlib, test_commands; test_commands.write_card(pathlib.Path(sys.argv[1]))";
    await runPython(python, ["-c", script, temporary]);
    const args = ["fmt", "--check", "--line-width", "120", `${temporary}/README.md`];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
});

pythonTest("tools/model_card asks the engine for energies, forces and the Hessian", async ({ python }) => {
  const file = fileURLToPath(tinyModelFile);
  const found = JSON.parse(await runPython(python, ["engine_case.py", file, "cpu"]));
  await using calculator = await createCalculator(await loadModel(file), { device: "cpu" });
  // Water as ASE ships it.
  const positions: [number, number, number][] = [[0, 0, 0.119262], [0, 0.763239, -0.477047], [0, -0.763239, -0.477047]];
  const structure = createStructure({ symbols: ["O", "H", "H"], positions, charge: 1, unpaired: 1 });
  const { energy } = await calculator.compute(structure, ["energy"]);
  for (const value of [found.energy, ...found.energies]) {
    assert.ok(Math.abs(value - energy) < 1e-9, `${value} eV against ${energy} eV`);
  }
  // Central differences with steps of 1e-4 Å, in both.
  assert.ok(found.hessian_error < 1e-4, `${found.hessian_error} eV/Å²`);
  assert.ok(found.lower, "three steps of an optimisation lower the energy");
});
