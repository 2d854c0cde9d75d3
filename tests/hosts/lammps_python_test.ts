import { equal, match } from "node:assert/strict";
import { createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { createStructure } from "../../src/structure/create_structure.ts";
import { project } from "../spookynet_process.ts";
import { debianPython } from "./debian_ase.ts";
import { installDebianPackage } from "./debian_packages.ts";
import { skipping } from "../skipping.ts";

const inCI = Deno.env.get("CI") === "true";
const folder = `${project}adapters/lammps/python`;
const tinyModelPath = `${project}tests/fixtures/tiny.safetensors`;

const environment = {
  PYTHONPATH: `${folder}:${project}adapters/python`,
  PYTHONDONTWRITEBYTECODE: "1",
  SPOOKYNET_COMMAND: `${project}spookynet`,
  MODEL: tinyModelPath,
};

let isThere = await hasLammps();
if (!isThere && inCI) {
  for (const name of ["lammps", "python3-lammps", "liblammps-dev", "python3-ase"]) await installDebianPackage(name);
  isThere = await hasLammps();
}
if (!isThere) {
  skipping("LAMMPS with Python", "it is missing (Debian: apt-get install lammps python3-lammps liblammps-dev)");
}

/** Whether Debian's `lmp` and its Python module work. */
async function hasLammps(): Promise<boolean> {
  try {
    const python = await run(
      debianPython,
      "-c",
      "import ase; from lammps import lammps; lammps(cmdargs=['-log', 'none'])",
    );
    return python.code === 0 && (await run("lmp", "-h")).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(program: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    env: environment,
    stdin: "null",
  })
    .output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

function pythonLammpsTest(name: string, body: () => Promise<void>) {
  Deno.test({
    name,
    ignore: !isThere && !inCI,
    async fn() {
      if (!isThere) throw new Error("Expected Debian's LAMMPS with Python in CI but found none");
      await body();
    },
  });
}

/** Energy of the dimer in `examples/water.data`, eV. */
async function startEnergy(): Promise<number> {
  const data = await Deno.readTextFile(`${project}adapters/lammps/examples/water.data`);
  const rows = [...data.matchAll(/^\d+ ([12]) (\S+) (\S+) (\S+)$/gm)];
  await using calculator = await createCalculator(await loadModel(tinyModelPath), { device: "cpu" });
  const structure = createStructure({
    symbols: rows.map(([, type]) => type === "1" ? "O" : "H"),
    positions: rows.map(([, , x, y, z]) => [Number(x), Number(y), Number(z)]),
  });
  return (await calculator.compute(structure)).energy;
}

pythonLammpsTest("ModelForces serves LAMMPS in a Python script", async () => {
  const { code, stdout, stderr } = await run(debianPython, "dimer.py", tinyModelPath);
  equal(code, 0, stderr);
  equal(/^start +(\S+) eV$/m.exec(stdout)?.[1], (await startEnergy()).toFixed(4));
  match(stdout, /^minimum \S+ eV$/m);
});

pythonLammpsTest("ModelForces serves a stock lmp through its python command", async () => {
  const { code, stdout, stderr } = await run("lmp", "-log", "none", "-in", "in.python");
  equal(code, 0, stderr);
  equal(/^ +0 0\.0000 (\S+)/m.exec(stdout)?.[1], (await startEnergy()).toFixed(4));
});

pythonLammpsTest("ModelForces raises what went wrong in a callback, and stops LAMMPS", async () => {
  const program = `
from lammps import lammps
from model_forces import ModelForces
lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
lmp.commands_string("units metal\\nboundary p p p\\nread_data ../examples/water.data\\nfix spookynet all external pf/callback 1 1")
with ModelForces(lmp, elements=[8, 1], model="${tinyModelPath}", device="cpu"):
    lmp.command("run 1000000")
`;
  const { code, stderr } = await run(debianPython, "-c", program);
  equal(code, 1);
  match(stderr, /ServerError: .*Expected a long-range cutoff/);
});
