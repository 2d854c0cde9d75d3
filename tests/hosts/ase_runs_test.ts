import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tinyModelFile } from "../fixtures/tiny_model.ts";
import { inTemporaryFolder, project } from "../spookynet_process.ts";
import { pythonTest } from "./python_test_case.ts";

const scripts = join(project, "tools", "ase_runs");
const tiny = fileURLToPath(tinyModelFile);

async function runPython(python: string, args: readonly string[], modules = "") {
  const { code, stdout, stderr } = await new Deno.Command(python, {
    args: ["-B", ...args],
    env: { PYTHONPATH: modules },
    stdin: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

pythonTest("long_run.py writes a line a block, and what became of energy, speed and memory", async ({ python }) => {
  await inTemporaryFolder(async (folder) => {
    const output = join(folder, "run");
    const args = ["--model", tiny, "--device", "cpu", "--steps", "60", "--every", "20", "--timestep", "0.1"];
    const { code, stderr } = await runPython(python, [join(scripts, "long_run.py"), ...args, "--output", output]);
    assert.equal(code, 0, stderr);
    const lines = (await Deno.readTextFile(`${output}.csv`)).trimEnd().split("\n");
    assert.equal(lines.length, 4);
    assert.deepEqual(lines.slice(1).map((line) => line.split(",").slice(0, 2)), [
      ["20", "0.002"],
      ["40", "0.004"],
      ["60", "0.006"],
    ]);
    const summary = JSON.parse(await Deno.readTextFile(`${output}.json`));
    assert.equal(summary.steps, 60);
    // Velocity Verlet in steps of 0.1 fs, a twentieth of the shortest period of a hydrogen atom here.
    assert.ok(summary.energy_noise_mev_per_atom < 1, `${summary.energy_noise_mev_per_atom} meV`);
    assert.ok(summary.temperature_k > 100, `${summary.temperature_k} K`);
    if (Deno.build.os === "linux") assert.ok(summary.memory_mib_at_end > 20, `${summary.memory_mib_at_end} MiB`);
    assert.ok(summary.first_forces_s > 0 && summary.ms_per_step_last_tenth > 0);
  });
});

pythonTest("long_run.py goes on where it was, as if it had never stopped", async ({ python }) => {
  await inTemporaryFolder(async (folder) => {
    const run = async (name: string, steps: string, ...more: string[]) => {
      const args = [
        "--model",
        tiny,
        "--device",
        "cpu",
        "--steps",
        steps,
        "--every",
        "10",
        "--timestep",
        "0.1",
        ...more,
      ];
      const { code, stderr } = await runPython(python, [
        join(scripts, "long_run.py"),
        ...args,
        "--output",
        join(folder, name),
      ]);
      assert.equal(code, 0, stderr);
      const table = await Deno.readTextFile(join(folder, `${name}.csv`));
      // Steps, time, energies and temperature; speed and memory are never the same.
      return table.trimEnd().split("\n").map((line) => line.split(",").slice(0, 5));
    };
    const whole = await run("whole", "60");
    await run("parts", "30");
    assert.deepEqual(await run("parts", "60", "--resume"), whole);
  });
});

pythonTest("long_run.py --check-water lets protons hop and says when a molecule breaks", async ({ python }) => {
  await runPython(python, ["-m", "unittest", "discover", "--start-directory", scripts], scripts).then((ended) => {
    assert.equal(ended.code, 0, ended.stderr);
  });
  await inTemporaryFolder(async (folder) => {
    const structure = join(folder, "broken.xyz");
    await Deno.writeTextFile(structure, "3\ncharge=0\nO 0 0 0\nH 0 0 1\nH 0 1.7 0\n");
    const args = ["--model", tiny, "--check-water", "--structure", structure, "--output", join(folder, "run")];
    const { code, stderr } = await runPython(python, [join(scripts, "long_run.py"), ...args]);
    assert.equal(code, 1);
    assert.match(stderr, /Expected water, hydronium or hydroxide for --check-water but found a hydrogen 1\.70 Å/);
  });
});

pythonTest(
  "water_droplet.py makes whole molecules as dense as water, with momenta for long_run.py",
  async ({ python }) => {
    await inTemporaryFolder(async (folder) => {
      const script = "import numpy as np, water_droplet as w; a = w.droplet(64, np.random.default_rng(1)); " +
        "o = a[a.numbers == 8]; r = np.linalg.norm(o.positions - o.positions.mean(0), axis=1).max(); " +
        "d = a.get_all_distances() + 9 * np.eye(192); w.WholeWater(a); print(r, d.min())";
      const { stdout, stderr } = await runPython(python, ["-c", script], scripts);
      const [radius, closest] = stdout.trim().split(" ").map(Number);
      // 64 molecules of 29.99 Å³ fill a sphere of 7.7 Å.
      assert.ok(radius! > 6.5 && radius! < 8.5, `${radius} Å ${stderr}`);
      assert.ok(closest! > 0.9, `${closest} Å`);
      const output = join(folder, "droplet.xyz");
      const args = ["--model", tiny, "--device", "cpu", "--molecules", "1", "--picoseconds", "0", "--output", output];
      const ended = await runPython(python, [join(scripts, "water_droplet.py"), ...args]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(await Deno.readTextFile(output), /momenta:R:3/);
    });
  },
);

/** Stands for PyTorch as far as the script itself needs it. */
const fakeTorch = `__version__ = "none"
class cuda:
    is_available = staticmethod(lambda: False)
def set_num_threads(count):
    print(count, "threads")
`;

/** Stands for the published code: a calculator of zeros. */
const fakePublished = `import numpy as np
from ase.calculators.calculator import Calculator
class SpookyNetCalculator(Calculator):
    implemented_properties = ["energy", "forces"]
    def __init__(self, load_from, charge, magmom):
        Calculator.__init__(self)
    def calculate(self, atoms, properties, changes):
        self.atoms = atoms.copy()
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}
`;

pythonTest("compare_pytorch.py measures in turns, and fails where energies differ", async ({ python }) => {
  await inTemporaryFolder(async (folder) => {
    const [code, report] = [join(folder, "code"), join(folder, "report.json")];
    await Deno.mkdir(join(code, "spookynet"), { recursive: true });
    await Deno.writeTextFile(join(code, "torch.py"), fakeTorch);
    await Deno.writeTextFile(join(code, "spookynet", "__init__.py"), fakePublished);
    const options = ["--spookynet-code", code, "--checkpoint", tiny, "--json", report];
    const quick = ["--devices", "cpu", "--sizes", "3", "--seconds", "0.1", "--threads", "1,2"];
    const ended = await runPython(python, [join(scripts, "compare_pytorch.py"), ...options, ...quick], code);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /Expected energies and forces to agree but found a difference with 3 atoms/);
    assert.match(ended.stdout, /first forces of cpu with empty caches: [\d.]+ s/);
    const { rows } = JSON.parse(await Deno.readTextFile(report));
    const names = rows.map(({ calculator }: { calculator: string }) => calculator);
    assert.deepEqual(names, ["published, 1 thread", "published, 2 threads", "cpu"]);
    assert.ok(rows[2].energy_difference_ev_per_atom > 0 && rows[2].median_ms > 0 && rows[2].steps >= 6);
    // each turn of a calculator sets its threads: one to warm up and six that count
    assert.equal(ended.stdout.match(/^2 threads$/gm)?.length, 7);
  });
});
