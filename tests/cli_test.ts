import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../src/engine/calculator.ts";
import { loadModel } from "../src/model/load_model.ts";
import { createStructure } from "../src/structure/create_structure.ts";
import { parseFrames } from "../src/structure/extended_xyz.ts";
import { tinyModelFile } from "./fixtures/tiny_model.ts";
import { inTemporaryFolder, launcher, spookynet } from "./spookynet_process.ts";

const tiny = fileURLToPath(tinyModelFile);

const waterAndHydronium = `3
dft_energy=-1.5 name="a water"
O 0.0 0.0 0.0
H 0.958 0.0 0.0
H -0.24 0.927 0.0
4
Properties=species:S:1:pos:R:3 charge=1
O 0.0 0.0 0.1
H 0.958 0.0 0.0
H -0.48 0.83 0.0
H -0.48 -0.83 0.0
`;

/** The computing commands' options that need neither a published model nor a GPU. */
const onCpu = ["--model", tiny, "--device", "cpu"];

Deno.test("eval writes what the calculator computes, one JSON object a frame, with all digits", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "in.xyz");
    await Deno.writeTextFile(file, waterAndHydronium);
    const { code, stdout, stderr } = await spookynet(
      ["eval", file, ...onCpu, "--format", "jsonl", "--properties", "energy,forces,charges,dipole,virial,energies"],
    );
    equal(code, 0, stderr);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    equal(lines.length, 2);
    await using calculator = await createCalculator(await loadModel(tiny), { device: "cpu" });
    const hydronium = createStructure({
      symbols: ["O", "H", "H", "H"],
      positions: [[0, 0, 0.1], [0.958, 0, 0], [-0.48, 0.83, 0], [-0.48, -0.83, 0]],
      charge: 1,
    });
    const expected = await calculator.compute(hydronium, ["charges", "dipole", "virial", "energies"]);
    equal(lines[1].energy, expected.energy);
    deepEqual(lines[1].forces.flat(), [...expected.forces]);
    deepEqual(lines[1].virial.flat(), [...expected.virial!]);
    deepEqual(lines[1].charges, [...expected.charges!]);
    deepEqual(lines[1].dipole, [...expected.dipole!]);
    deepEqual(lines[1].energies.dispersion, [...expected.energies!.dispersion]);
  });
});

Deno.test("eval writes extended XYZ that keeps the frames' own keys", async () => {
  await inTemporaryFolder(async (folder) => {
    const [file, output] = [join(folder, "in.xyz"), join(folder, "out.xyz")];
    await Deno.writeTextFile(file, waterAndHydronium);
    const { code, stdout, stderr } = await spookynet(["eval", file, ...onCpu, "--output", output]);
    equal(code, 0, stderr);
    equal(stdout, "");
    const frames = [...parseFrames(await Deno.readTextFile(output))];
    equal(frames.length, 2);
    equal(frames[0]!.info.get("name"), "a water");
    equal(frames[0]!.info.get("dft_energy"), -1.5);
    equal(typeof frames[0]!.info.get("energy"), "number");
    equal(frames[1]!.info.get("charge"), 1);
    equal(frames[1]!.arrays.get("forces")!.values.length, 12);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["in.xyz", "out.xyz"]);
  });
});

Deno.test("eval names the frame that cannot be computed, and keeps the results before it", async () => {
  await inTemporaryFolder(async (folder) => {
    const [file, output] = [join(folder, "in.xyz"), join(folder, "out.jsonl")];
    await Deno.writeTextFile(file, `${waterAndHydronium}2\n\nO 0 0 0\nO 0 0 0\n`);
    const { code, stderr } = await spookynet(["eval", file, ...onCpu, "--output", output]);
    equal(code, 1);
    match(stderr, /in\.xyz, frame 3: Expected atoms .* apart .*\(the frames before it are in .*out\.jsonl\.part\)\n$/);
    equal((await Deno.readTextFile(`${output}.part`)).trimEnd().split("\n").length, 2);
  });
});

Deno.test("eval takes charge, spin and periodicity from options before the file's", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "in.xyz");
    await Deno.writeTextFile(file, `1\nLattice="20 0 0 0 20 0 0 0 20" charge=1\nH 0 0 0\n`);
    const energies = ["--format", "jsonl", "--properties", "energy,stress"];
    const radical = await spookynet(["eval", file, ...onCpu, ...energies, "--charge", "0", "--multiplicity", "2"]);
    equal(radical.code, 1);
    match(radical.stderr, /Expected a long-range cutoff for a periodic structure/);
    const options = ["--charge", "0", "--multiplicity", "2", "--pbc", "none"];
    const cluster = await spookynet(["eval", file, ...onCpu, ...energies, ...options]);
    equal(cluster.code, 0, cluster.stderr);
    equal(JSON.parse(cluster.stdout).stress, null);
    const cut = await spookynet(["eval", file, ...onCpu, ...energies, "--lr-cutoff", "6"]);
    equal(cut.code, 0, cut.stderr);
    equal(JSON.parse(cut.stdout).stress.length, 3);
    const odd = await spookynet(["eval", file, ...onCpu, "--charge", "0", "--pbc", "none"]);
    equal(odd.code, 1);
    match(odd.stderr, /Expected an odd number of unpaired electrons/);
    const anyway = [...onCpu, ...energies, "--charge", "0", "--pbc", "none", "--no-electron-check"];
    equal((await spookynet(["eval", file, ...anyway])).code, 0);
  });
});

Deno.test("eval takes an i-PI file for a cluster, and says so, unless it is told", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "init.xyz");
    await Deno.writeTextFile(file, "1\n# CELL(abcABC): 9 9 9 90 90 90 positions{angstrom} cell{angstrom}\nNe 0 0 0\n");
    const { code, stderr } = await spookynet(["eval", file, ...onCpu]);
    equal(code, 0, stderr);
    match(stderr, /init\.xyz has a box but, as i-PI's files do, says nothing about periodicity: computing a cluster/);
    equal((await spookynet(["eval", file, ...onCpu, "--pbc", "none"])).stderr.includes("says nothing"), false);
    match((await spookynet(["eval", file, ...onCpu, "--pbc", "xyz"])).stderr, /long-range cutoff/);
  });
});

Deno.test("convert keeps every value, and replaces a file only when asked to", async () => {
  await inTemporaryFolder(async (folder) => {
    const copy = join(folder, "copy.safetensors");
    equal((await spookynet(["convert", tiny, copy])).code, 0);
    const [before, after] = [await loadModel(tiny), await loadModel(copy)];
    deepEqual(after.hyperparameters, before.hyperparameters);
    deepEqual(after.extras, before.extras);
    deepEqual([...after.tensors], [...before.tensors]);
    const again = await spookynet(["convert", tiny, copy]);
    equal(again.code, 1);
    match(again.stderr, /^spookynet: Expected .* to be new but it exists: .*--force.*\n$/);
    equal((await spookynet(["convert", tiny, copy, "--force"])).code, 0);
    equal((await spookynet(["convert", tiny, join(folder, "copy.pth")])).code, 2);
  });
});

Deno.test("info says what a model is", async () => {
  const { code, stdout } = await spookynet(["info", tiny]);
  equal(code, 0);
  match(stdout, /^name +tiny$/m);
  match(stdout, /^cutoff +5\.29\d+ Å$/m);
});

Deno.test("doctor says what computes, names the adapter, and finds the float64 engine and every kernel right", async () => {
  const { code, stdout, stderr } = await spookynet(["doctor"]);
  equal(code, 0, stdout + stderr);
  match(stdout, /^auto +(\S.* \((GPU|CPU): .*\), |not tried, for there is no model)/m);
  match(stdout, /^ok +float64 engine: /m);
  match(stdout, /^\d+ right, 0 wrong$/m);
  if (/^adapter +none/m.test(stdout) && Deno.env.get("CI") !== "true") return;
  match(stdout, /^adapter +\S.* \((GPU|software driver on the CPU)\)$/m);
  match(stdout, /^read-back +(synchronous|awaited)$/m);
  match(stdout, /^ok +linear: /m);
});

Deno.test("doctor of the processor looks for no adapter", async () => {
  const { code, stdout } = await spookynet(["doctor", "--device", "cpu"]);
  equal(code, 0);
  match(stdout, /^ok +threads: two threads and one agree to the last bit\n2 right, 0 wrong\n$/m);
  equal(stdout.includes("adapter"), false);
});

Deno.test("bench measures a file's structure, in parts and through a socket, and writes JSON", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "in.xyz");
    await Deno.writeTextFile(file, waterAndHydronium);
    const args = [...onCpu, "--seconds", "0", "--batch", "1,2", "--json"];
    const { code, stdout, stderr } = await spookynet(["bench", file, ...args]);
    equal(code, 0, stderr);
    const { model, systems, date } = JSON.parse(stdout);
    equal(model.name, "tiny");
    match(date, /^\d{4}-\d\d-\d\d$/);
    deepEqual(systems.map(({ atoms, copies }: { atoms: number; copies: number }) => [atoms, copies]), [[3, 1], [3, 2]]);
    for (const { devices: [{ device, description, evaluation, parts, socket, kernels, ...others }] } of systems) {
      equal(device, "cpu");
      equal(description.kind, "cpu");
      const sum = Object.values(parts as Record<string, number>).reduce((total, part) => total + part);
      equal(Math.abs(sum - evaluation.mean) < 1e-9 * evaluation.mean, true);
      equal(evaluation.count >= 5 && socket.count >= 1 && socket.median > 0, true);
      equal(kernels, null);
      equal([others.firstForces, others.residentBytes].every((value) => value > 0), true);
    }
  });
});

Deno.test("bench prints tables, and leaves out devices that are not there only where none was asked for", async () => {
  const quick = ["--model", tiny, "--sizes", "3", "--seconds", "0"];
  const { code, stdout, stderr } = await spookynet(["bench", ...quick]);
  equal(code, 0, stderr);
  match(stdout, /^machine .* \d+ processors/m);
  match(stdout, /^water +3 +1 cpu +\d/m);
  match(stdout, /^cpu: float64 engine \(CPU\)/m);
  if (/not measured: gpu/.test(stderr)) {
    const gpu = await spookynet(["bench", ...quick, "--device", "gpu"]);
    equal(gpu.code, 1);
    match(gpu.stderr, /^spookynet: Expected a (graphics processor|WebGPU adapter of kind gpu) but found/m);
  }
});

Deno.test("a missing published model is an error that says where to get it and where to put it", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stderr } = await spookynet(["info", "other"], { env: { HOME: "", SPOOKYNET_MODELS: folder } });
    equal(code, 1);
    match(stderr, new RegExp(`^spookynet: Expected a model other but found .*other\\.pth in ${folder}.*\\n$`));
  });
});

Deno.test("wrong usage exits with 2 and one line that says what to do", async () => {
  for (
    const [line, complaint] of [
      ["evaluate x", /Expected a command but found "evaluate": did you mean eval\?/],
      ["eval", /Expected \.\/spookynet eval FILE but found nothing: see \.\/spookynet eval --help/],
      ["eval x --propertis energy", /Expected an option of eval but found --propertis: did you mean --properties\?/],
      ["bench --sizes 4", /Expected multiples of 3 after --sizes, .* but found 4/],
      ["bench x --sizes 3", /Expected either FILE or --sizes but found both/],
      ["connect", /Expected --to ADDRESS but found none/],
      ["connect --to water --elements O", /Expected an address like unix:NAME/],
      ["connect --to unix:water", /Expected either --template FILE or --elements/],
      ["connect --to unix:water --elements O,,H", /Expected elements like O,H,H/],
    ] as const
  ) {
    const { code, stdout, stderr } = await spookynet(line.split(" "));
    equal(code, 2, `${line}: ${stderr}`);
    equal(stdout, "");
    match(stderr, complaint);
    equal(stderr.split("\n").length, 2);
  }
});

Deno.test("connect gives up after its patience, naming the address", async () => {
  await inTemporaryFolder(async (folder) => {
    const to = `unix:${folder}/nobody`;
    const { code, stderr } = await spookynet([
      "connect",
      "--to",
      to,
      "--elements",
      "O,2*H",
      "--retry",
      "0.1",
      ...onCpu,
    ]);
    equal(code, 1);
    match(stderr, /3 atoms, charge 0, cluster/);
    match(stderr, new RegExp(`spookynet: Expected a host .*${folder}/nobody.*\\n$`));
  });
});

Deno.test("connect ends in order on SIGTERM", async () => {
  await inTemporaryFolder(async (folder) => {
    using listener = Deno.listen({ transport: "unix", path: `${folder}/host` });
    const child = new Deno.Command(launcher, {
      args: ["connect", "--to", `unix:${folder}/host`, "--elements", "O,H,H", ...onCpu],
      stderr: "piped",
    }).spawn();
    using host = await listener.accept();
    await host.write(new TextEncoder().encode("STATUS      "));
    equal(await host.read(new Uint8Array(12)), 12);
    child.kill("SIGTERM");
    // The driver closes its end: the host reads the end of the stream.
    equal(await host.read(new Uint8Array(1)), null);
    const { code, stderr } = await child.output();
    equal(code, 143);
    match(new TextDecoder().decode(stderr), /nothing computed\n$/);
  });
});
