/** The training tool of `tools/train`: its own tests, the reference cases, and files that the program reads. */
import assert from "node:assert/strict";
import { createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { trainingDomain } from "../../src/model/training_domain.ts";
import { createStructure } from "../../src/structure/create_structure.ts";
import { hasAdapter } from "../adapter.ts";
import { checkpointPath, loadCases } from "../reference_cases.ts";
import { inTemporaryFolder, project } from "../spookynet_process.ts";
import { findTorchPython } from "./torch_python.ts";

const folder = `${project}tools/train`;
const python = await findTorchPython();
const cases = python === null ? [] : await loadCases();

/** Runs Python with the tool and its tests on the path; fails with what it prints. */
async function runPython(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(python!, {
    args: [...args],
    cwd: `${folder}/tests`,
    // Small matrices are no faster on several threads, and much slower where others use the processor as well.
    env: { PYTHONPATH: `${folder}:${folder}/tests`, PYTHONDONTWRITEBYTECODE: "1", OMP_NUM_THREADS: "1", ...env },
    stdin: "null",
  }).output();
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, `${printed}${errors}`);
}

Deno.test({
  name: "tools/train samples, trains, goes on with a training and evaluates",
  ignore: python === null,
  fn: async () => await runPython(["-m", "unittest", "discover", "--start-directory", "."]),
});

Deno.test({
  name: "tools/train, written from MODEL.md alone, computes the reference cases without cell in float64",
  ignore: python === null || cases.length === 0,
  async fn() {
    await inTemporaryFolder(async (temporary) => {
      // Converted, because Debian's PyTorch can not read a checkpoint without executing it.
      const checkpoints = new Set(cases.map(({ checkpoint }) => checkpoint));
      for (const path of checkpoints) {
        const name = path.split("/").at(-1)!.replace(/\.pth$/, ".safetensors");
        await Deno.writeFile(`${temporary}/${name}`, writeSafetensors(await loadModel(path)));
      }
      const env = { REFERENCE_CASES: checkpointPath("../cases"), REFERENCE_CHECKPOINTS: temporary };
      await runPython(["-m", "unittest", "test_network.ReferenceCases"], env);
    });
  },
});

interface ExportedCase {
  readonly symbols: string[];
  readonly positions: [number, number, number][];
  readonly charge: number;
  readonly unpaired: number;
  readonly energy: number;
  readonly forces: number[][];
  readonly charges: number[];
  readonly dipole: number[];
}

Deno.test({
  name: "tools/train exports models in both formats that give the energies and forces of its own network",
  ignore: python === null,
  async fn() {
    await inTemporaryFolder(async (temporary) => {
      await runPython(["export_case.py", temporary]);
      const expected: ExportedCase[] = JSON.parse(await Deno.readTextFile(`${temporary}/cases.json`));
      for (const format of ["safetensors", "pth"]) {
        const model = await loadModel(`${temporary}/model.${format}`);
        if (format === "safetensors") {
          const { elements, charge, unpaired, closest } = trainingDomain(model);
          assert.deepEqual([elements, charge, unpaired], [[1, 6, 8], [-1, 1], [0, 2]]);
          assert.deepEqual(closest?.pairs, [{ elements: [1, 8], distance: 0.7 }]);
          assert.equal(model.metadata.get("licence"), "MIT");
        }
        // Float64 against float64: rounding alone. The kernels compute in float32.
        await compare(`${temporary}/model.${format}`, expected, "cpu", 1e-11);
        if (await hasAdapter()) await compare(`${temporary}/model.${format}`, expected, "software", 2e-5);
      }
    });
  },
});

async function compare(path: string, expected: ExportedCase[], device: "cpu" | "software", tolerance: number) {
  await using calculator = await createCalculator(await loadModel(path), { device });
  for (const { symbols, positions, charge, unpaired, ...values } of expected) {
    const structure = createStructure({ symbols, positions, charge, unpaired });
    const result = await calculator.compute(structure, ["energy", "forces", "charges", "dipole"]);
    const pairs: [string, ArrayLike<number>, number[]][] = [
      ["energy", [result.energy], [values.energy]],
      ["forces", result.forces, values.forces.flat()],
      ["charges", result.charges!, values.charges],
      ["dipole", result.dipole!, values.dipole],
    ];
    for (const [name, found, reference] of pairs) {
      assert.equal(found.length, reference.length, name);
      const largest = Math.max(1, ...reference.map(Math.abs));
      for (const [i, value] of reference.entries()) {
        const error = Math.abs(found[i]! - value);
        assert.ok(error <= tolerance * largest, `${name}[${i}] of ${symbols.join("")}: ${found[i]} against ${value}`);
      }
    }
  }
}
