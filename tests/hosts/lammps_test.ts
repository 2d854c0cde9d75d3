import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { FixExternal, type FixExternalOptions } from "../../adapters/lammps/fix_external.ts";
import { Lammps } from "../../adapters/lammps/lammps.ts";
import { runScript } from "../../adapters/lammps/run_script.ts";
import { type Calculator, createCalculator } from "../../src/engine/calculator.ts";
import { loadModel } from "../../src/model/load_model.ts";
import type { Structure } from "../../src/structure/structure.ts";
import { strained } from "../fixtures/strained.ts";
import { inTemporaryFolder, launcher, project, spookynet } from "../spookynet_process.ts";
import { femtosecond, lammpsAtoms } from "./lammps_input.ts";
import { lammpsTest } from "./lammps_test_case.ts";
import { ethanol, waterBox, zundel } from "./structures.ts";

/** bar Å³ in an eV, atm Å³ in a kcal/mol: LAMMPS' own constants. */
const pressureUnit: Readonly<Record<string, number>> = { metal: 1602176.6, real: 68568.415 };

const tinyModelPath = `${project}tests/fixtures/tiny.safetensors`;

const model = await loadModel(tinyModelPath);

const kilocaloriesPerMole = 23.060549;

/** Atomic numbers of the atom types that {@linkcode lammpsAtoms} makes. */
const elements = [8, 1, 6] as const;

/** Commands for a box with a structure's atoms, and steps of 0.5 fs. */
function commandsFor(structure: Structure, units = "metal"): string {
  return `${lammpsAtoms(structure, units)}\ntimestep ${0.5 * (femtosecond[units] ?? 1)}`;
}

/** LAMMPS with a structure in it, served by a calculator. */
function lammpsWith(
  structure: Structure,
  calculator: FixExternalOptions["calculator"],
  { units = "metal", ...options }: Partial<FixExternalOptions> & { units?: string; before?: string } = {},
): { lammps: Lammps; fix: FixExternal } & Disposable {
  const lammps = new Lammps(["-log", "none", "-screen", "none"]);
  const { charge, unpaired } = structure;
  const fix = new FixExternal(lammps, { calculator, elements, charge, unpaired, ...options });
  lammps.command(commandsFor(structure, units));
  if (options.before !== undefined) lammps.command(options.before);
  fix.create();
  fix.attach();
  return { lammps, fix, [Symbol.dispose]: () => lammps[Symbol.dispose]() };
}

/** Forces `[N][3]` by atom ID. */
function forcesById(lammps: Lammps): Float64Array {
  const { symbols, handle } = lammps;
  const count = lammps.setting("nlocal");
  const pointer = (name: string) => symbols.lammps_extract_atom(handle, new TextEncoder().encode(`${name}\0`))!;
  const ids = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer("id"), 4 * count));
  const rows = new Deno.UnsafePointerView(pointer("f")).getPointer(0)!;
  const forces = new Float64Array(Deno.UnsafePointerView.getArrayBuffer(rows, 24 * count));
  const byId = new Float64Array(3 * count);
  ids.forEach((id, i) => byId.set(forces.subarray(3 * i, 3 * i + 3), 3 * (id - 1)));
  return byId;
}

/** Virial xx, yy, zz, xy, xz, yz from the pressure of atoms that do not move, in units of energy. */
function virialFromPressure(lammps: Lammps): number[] {
  const factor = lammps.thermo("vol") / pressureUnit[lammps.units]!;
  return ["pxx", "pyy", "pzz", "pxy", "pxz", "pyz"].map((keyword) => factor * lammps.thermo(keyword));
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    ok(Math.abs(found[i]! - expected[i]!) <= tolerance, `${found[i]} is not ${expected[i]} at ${i}`);
  }
}

function tinyCalculator(): Promise<Calculator> {
  return createCalculator(model, { device: "cpu", longRangeCutoff: 5 });
}

for (const units of ["metal", "real"]) {
  lammpsTest(`LAMMPS has energy, forces and virial of the calculator, in units ${units}`, async () => {
    await using calculator = await tinyCalculator();
    const unit = units === "metal" ? 1 : kilocaloriesPerMole;
    for (const structure of [waterBox, zundel, ethanol]) {
      const expected = await calculator.compute(structure, ["virial"]);
      using host = lammpsWith(structure, calculator, { units });
      host.lammps.command("run 0");
      // LAMMPS' coordinates have 12 decimals; its constants for pressure 8 digits.
      assertClose([host.lammps.thermo("pe")], [unit * expected.energy], 1e-9 * Math.abs(unit * expected.energy));
      assertClose(forcesById(host.lammps), expected.forces.map((force) => unit * force), 1e-8 * unit);
      const virial = [0, 4, 8, 1, 2, 5].map((k) => unit * expected.virial![k]!);
      const scale = Math.max(...virial.map(Math.abs));
      assertClose(virialFromPressure(host.lammps), virial, 1e-6 * scale);
    }
  });
}

lammpsTest("LAMMPS' pressure is the derivative of its energy by the box's strain", async () => {
  await using calculator = await tinyCalculator();
  const energyAndVirial = (structure: Structure) => {
    using host = lammpsWith(structure, calculator);
    host.lammps.command("run 0");
    return { energy: host.lammps.thermo("pe"), virial: virialFromPressure(host.lammps) };
  };
  const { virial } = energyAndVirial(waterBox);
  const step = 1e-4;
  // xx, yy, zz and, since LAMMPS' cells are lower triangular, yx, zx, zy.
  for (const [k, element] of [0, 4, 8, 3, 6, 7].entries()) {
    const energyAt = (size: number) => {
      const strain = new Float64Array(9);
      strain[element] = size;
      return energyAndVirial(strained(waterBox, strain)).energy;
    };
    // Central differences lose the third derivative's 1e-8 of some 100 eV, and 1e-12 Å of coordinates by 1e-4.
    assertClose([-(energyAt(step) - energyAt(-step)) / (2 * step)], [virial[k]!], 2e-5);
  }
});

lammpsTest("LAMMPS conserves energy, in units real as in units metal", async () => {
  await using calculator = await tinyCalculator();
  const trajectory = (units: string) => {
    using host = lammpsWith(zundel, calculator, { units });
    const unit = units === "metal" ? 1 : kilocaloriesPerMole;
    host.lammps.command(
      `velocity all create 300 4711 loop geom\nfix move all nve\ntimestep ${0.1 * femtosecond[units]!}\nrun 0`,
    );
    const energies = [host.lammps.thermo("etotal") / unit];
    for (let part = 0; part < 10; part++) {
      host.lammps.command("run 20");
      energies.push(host.lammps.thermo("etotal") / unit);
    }
    return { energies, potential: host.lammps.thermo("pe") / unit };
  };
  const metal = trajectory("metal"), real = trajectory("real");
  // A random model is stiffer than molecules are: 0.1 fs stands for their 0.5.
  assertClose(metal.energies, metal.energies.map(() => metal.energies[0]!), 1e-3);
  // The two units' constants for mass and velocity agree to 7 digits.
  assertClose([real.potential], [metal.potential], 1e-5 * Math.abs(metal.potential));
});

lammpsTest("LAMMPS minimises with the model", async () => {
  await using calculator = await tinyCalculator();
  using host = lammpsWith(zundel, calculator);
  host.lammps.command("run 0");
  const start = host.lammps.thermo("pe");
  host.lammps.command("minimize 0 1e-3 500 2000");
  ok(host.lammps.thermo("pe") < start);
  const largest = Math.max(...forcesById(host.lammps).map(Math.abs));
  ok(largest < 0.02, `a force of ${largest} eV/Å is left`);
});

lammpsTest("LAMMPS runs NPT: the box is read anew at every step, and the pressure is that of the virial", async () => {
  await using calculator = await tinyCalculator();
  let last: Structure | null = null;
  const watching = {
    computeSync(structures: readonly Structure[], properties?: Parameters<Calculator["computeSync"]>[1]) {
      const [structure] = structures;
      last = { ...structure!, positions: structure!.positions.slice() };
      return calculator.computeSync(structures, properties);
    },
  };
  using host = lammpsWith(waterBox, watching);
  const { lammps } = host;
  lammps.command("velocity all create 300 4711\nfix move all npt temp 300 300 0.05 tri 1 1 0.5\nrun 40");
  ok(Math.abs(lammps.thermo("lx") - waterBox.cell![0]!) > 1e-4);
  const { cell } = lammps.box();
  deepEqual(last!.cell, cell);
  const { energy, virial } = await calculator.compute(last!, ["virial"]);
  assertClose([lammps.thermo("pe")], [energy], 1e-9 * Math.abs(energy));
  // The trace of the kinetic part is 2 K; K = (3 N − 3) k T / 2.
  const fromModel = (2 * lammps.thermo("ke") + virial![0]! + virial![4]! + virial![8]!) / 3;
  const fromLammps = lammps.thermo("press") * lammps.thermo("vol") / pressureUnit.metal!;
  assertClose([fromLammps], [fromModel], 1e-5 * Math.max(1, Math.abs(fromModel)));
});

lammpsTest("FixExternal gives the model the group's atoms alone, and moves no others", async () => {
  await using calculator = await tinyCalculator();
  const water: Structure = {
    ...zundel,
    numbers: zundel.numbers.slice(0, 3),
    positions: zundel.positions.slice(0, 9),
    charge: 0,
  };
  const expected = await calculator.compute(water);
  // The remaining atoms are of a type that has no element.
  using host = lammpsWith({ ...zundel, charge: 0 }, calculator, {
    elements: [8, 1],
    group: "qm",
    before: "group mm id 4:7\ngroup gone id 1\ngroup gone delete\nset group mm type 3\ngroup qm subtract all mm",
  });
  host.lammps.command("run 0");
  assertClose([host.lammps.thermo("pe")], [expected.energy], 1e-9 * Math.abs(expected.energy));
  const forces = forcesById(host.lammps);
  assertClose(forces.subarray(0, 9), expected.forces, 1e-8);
  deepEqual(forces.subarray(9), new Float64Array(12));
});

lammpsTest("An exception in the callback stops LAMMPS and is thrown, on either thread", async () => {
  await using calculator = await tinyCalculator();
  const failure = new Error("the model gave up");
  let calls = 0;
  const failing = {
    computeSync(...args: Parameters<Calculator["computeSync"]>) {
      if (++calls >= 3) throw failure;
      return calculator.computeSync(...args);
    },
  };
  {
    using host = lammpsWith(zundel, failing);
    throws(() => host.lammps.command("fix move all nve\nrun 1000"), failure);
    equal(host.fix.evaluations, 2);
    ok(host.lammps.thermo("step") <= 3);
  }
  calls = 0;
  using lammps = new Lammps(["-log", "none", "-screen", "none"]);
  const fix = new FixExternal(lammps, { calculator: failing, elements, charge: 1 });
  await rejects(runScript(lammps, `${commandsFor(zundel)}\nfix move all nve\nrun 1000\nbogus`, fix), failure);
});

lammpsTest("FixExternal refuses what it cannot serve", async () => {
  await using calculator = await tinyCalculator();
  throws(
    () => lammpsWith(zundel, calculator, { units: "electron" }),
    /Expected units metal or real but found units electron/,
  );
  throws(() => lammpsWith(zundel, calculator, { group: "qm" }), /Expected the group qm but there is none/);
  {
    using host = lammpsWith(zundel, calculator, { elements: [8] });
    throws(
      () => host.lammps.command("run 0"),
      /Expected the elements of all atom types .* found 1, and an atom of type 2/,
    );
  }
  {
    using host = lammpsWith(zundel, calculator);
    const leaving = "velocity all set 1e4 0 0\nfix move all nve\ntimestep 1e-3\nthermo 1000\nrun 1000";
    throws(() => host.lammps.command(leaving), /Expected all of LAMMPS' 7 atoms but found [0-6], the others have left/);
  }
  using host = lammpsWith({ ...zundel, charge: 0 }, calculator);
  throws(() => host.lammps.command("run 0"), /Expected an odd number of unpaired electrons/);
});

lammpsTest("runScript() serves loops, clear, and scripts with a fix external of their own", async () => {
  await using calculator = await tinyCalculator();
  const { energy } = await calculator.compute(zundel);
  const atoms = commandsFor(zundel);
  const scripts = {
    loop: `${atoms}\nfix move all nve\nvariable turn loop 3\nlabel again\nrun 2\nnext turn\njump SELF again`,
    clear: `variable turn loop 2\nlabel again\n${atoms}\nfix move all nve\nrun 2\nclear\nnext turn\njump SELF again`,
    own: `${atoms}\nfix own all &\n external pf/callback 1 1\nthermo_style custom step pe f_own\nrun 2`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    using lammps = new Lammps(["-log", "none", "-screen", "none"]);
    const first: number[] = [];
    const watching = {
      computeSync(...args: Parameters<Calculator["computeSync"]>) {
        const results = calculator.computeSync(...args);
        first.push(results[0]!.energy);
        return results;
      },
    };
    const id = name === "own" ? "own" : "spookynet";
    const fix = new FixExternal(lammps, { calculator: watching, elements, charge: 1, id });
    await runScript(lammps, script, fix);
    equal(fix.evaluations, { loop: 9, clear: 6, own: 3 }[name]);
    assertClose([first[0]!], [energy], 1e-9 * Math.abs(energy));
  }
  using lammps = new Lammps(["-log", "none", "-screen", "none"]);
  const fix = new FixExternal(lammps, { calculator, elements, charge: 1 });
  await rejects(runScript(lammps, atoms, fix), /never asked for forces/);
});

lammpsTest("./spookynet lammps runs a script, and says in one line what was wrong", async () => {
  await inTemporaryFolder(async (folder) => {
    const run = (name: string, script: string, ...args: string[]) => {
      Deno.writeTextFileSync(`${folder}/${name}`, script);
      const options = [
        "--elements",
        "O,H,C",
        "--device",
        "cpu",
        "--model",
        tinyModelPath,
        "--lammps-args",
        "-log none",
      ];
      return spookynet(["lammps", name, ...options, ...args], { cwd: folder });
    };
    await using calculator = await createCalculator(model, { device: "cpu" });
    const { energy } = await calculator.compute(zundel);
    const script = `${commandsFor(zundel)}\nthermo_modify format float %.9f\nrun 0\nprint "pe $(pe:%.9f)"`;
    const good = await run("good", script, "--charge", "1");
    equal(good.code, 0, good.stderr);
    assertClose([Number(/^pe (\S+)$/m.exec(good.stdout)?.[1])], [energy], 1e-6 * Math.abs(energy));
    const crystal = await run("crystal", `${commandsFor(waterBox)}\nrun 0`);
    equal(crystal.code, 1);
    match(crystal.stderr, /\nspookynet: Expected a long-range cutoff .*\n$/);
    const bogus = await run("bogus", "bogus");
    equal(bogus.code, 1);
    match(bogus.stdout + bogus.stderr, /Unknown command: bogus/);
    const group = await run("group", "fix a qm external pf/callback 1 1", "--group", "all");
    equal(group.code, 2);
    match(group.stderr, /Expected --group qm/);
    const missing = await run("missing", script, "--library", "/nowhere/liblammps.so");
    equal(missing.code, 1);
    match(missing.stderr, /Expected LAMMPS' library .* apt-get install liblammps0/);
  });
});

lammpsTest("./spookynet lammps ends in order when it is interrupted", async () => {
  await inTemporaryFolder(async (folder) => {
    const script = `${commandsFor(zundel)}\nthermo 10\nthermo_modify flush yes\nrun 10000000\nprint over`;
    await Deno.writeTextFile(`${folder}/in.long`, script);
    const options = ["--elements", "O,H,C", "--charge", "1", "--device", "cpu", "--model", tinyModelPath];
    const child = new Deno.Command(launcher, {
      args: ["lammps", "in.long", ...options],
      cwd: folder,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = child.output();
    for (let tries = 0; tries < 300; tries++) {
      const log = await Deno.readTextFile(`${folder}/log.lammps`).catch(() => "");
      if (/^ +20 /m.test(log)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.kill("SIGINT");
    const { code, stdout } = await output;
    equal(code, 130);
    const text = new TextDecoder().decode(stdout);
    match(text, /Loop time/);
    equal(text.includes("over\n"), false);
  });
});

lammpsTest("adapters/lammps/README.md shows what the examples print", async () => {
  const readme = await Deno.readTextFile(`${project}adapters/lammps/README.md`);
  const examples = [...readme.matchAll(/^\$ \.\/spookynet (lammps .*)\n([^`]*)```/gm)];
  equal(examples.length, 2);
  for (const [, command, expected] of examples) {
    const args = [...command!.split(" "), "--device", "cpu", "--lammps-args", "-log none"];
    const { code, stdout, stderr } = await spookynet(args, { cwd: `${project}adapters/lammps/examples` });
    equal(code, 0, stderr);
    const rows = rowsOf(stdout);
    for (const row of rowsOf(expected!)) {
      // Float64 on another processor may round the last printed digit otherwise; float32 ends the minimisation elsewhere.
      const isThere = rows.some((found) =>
        found.every((x, k) => Math.abs(x - row[k]!) <= 2e-4 + 1e-6 * Math.abs(row[k]!))
      );
      ok(isThere, `Expected ${row.join(" ")} of ${command} in ${stdout}`);
    }
  }
});

/** Rows of five numbers. */
function rowsOf(text: string): number[][] {
  return text.split("\n").map((line) => line.trim().split(/\s+/).map(Number)).filter((row) =>
    row.length === 5 && row.every(Number.isFinite)
  );
}
