import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../src/engine/calculator.ts";
import { loadModel } from "../src/model/load_model.ts";
import { writeSafetensors } from "../src/model/safetensors.ts";
import { FakeConnection } from "../src/protocol/fake_host.ts";
import { header, init, positionData } from "../src/protocol/host_messages.ts";
import { bohr, hartree } from "../src/protocol/units.ts";
import { errorOf, FakeClient, helloBody, valuesOf } from "../src/server/fake_client.ts";
import type { Result } from "../src/structure/result.ts";
import type { Structure } from "../src/structure/structure.ts";
import { deviceTest } from "./device_test_case.ts";
import { tinyModel, tinyModelFile } from "./fixtures/tiny_model.ts";
import { soak } from "./serve_soak.ts";
import { ServeProcess } from "./serve_process.ts";
import { inTemporaryFolder, spookynet } from "./spookynet_process.ts";

const tiny = fileURLToPath(tinyModelFile);
const onCpu = ["--model", tiny, "--device", "cpu"];
const properties = ["energy", "forces", "virial", "charges", "dipole", "energies"] as const;

/** Everything but the Hessian, as RESULT has it for one structure. */
function flat({ energy, forces, virial, charges, dipole, energies }: Result): number[] {
  const { nn, repulsion, electrostatics, dispersion } = energies!;
  const atomic = nn.map((value, i) => value + repulsion[i]! + electrostatics[i]! + dispersion[i]!);
  return [energy, ...forces, ...virial!, ...charges!, ...dipole!, ...atomic];
}

/** Water's ions and a chain, of different sizes, charges and spins. */
const structures: readonly Structure[] = [0, 1, 2, 3].map((k) => ({
  numbers: Uint8Array.from([[8, 1, 1], [8, 1, 1, 1], [6, 8], [7, 1, 1]][k]!),
  positions: Float64Array.from(
    [
      [0, 0, 0.1, 0, 0.76, -0.5, 0, -0.76, -0.5],
      [0, 0, 0.1, 0.96, 0, -0.1, -0.48, 0.83, -0.1, -0.48, -0.83, -0.1],
      [0, 0, 0, 1.13, 0.1, 0],
      [0, 0, 0.1, 0.1, 0.8, -0.5, 0, -0.8, -0.5],
    ][k]!,
  ),
  cell: null,
  periodic: [false, false, false],
  charge: [0, 1, 0, 0][k]!,
  unpaired: [0, 0, 0, 1][k]!,
}));

/** Four clients at once, each with its own system, some steps each; every reply against the calculator itself. */
async function checkAnswers(device: "cpu" | "software") {
  await using server = await ServeProcess.start(["--model", tiny, "--device", device]);
  await using calculator = await createCalculator(await loadModel(tiny), { device });
  await Promise.all(structures.map(async ({ numbers, positions, charge, unpaired }, client) => {
    using connection = await FakeClient.open(server.address);
    equal((await connection.system(numbers, charge, unpaired)).kind, 102);
    for (let step = 0; step < 5; step++) {
      const moved = positions.map((x, k) => x + 0.01 * step * Math.sin(k + client));
      const values = valuesOf(await connection.compute({ positions: moved }));
      const expected = await calculator.compute({ ...structures[client]!, positions: moved }, properties);
      deepEqual([...values], flat(expected), `client ${client}, step ${step}`);
    }
  }));
  server.signal("SIGTERM");
  equal((await server.ended()).code, 0);
}

Deno.test("serve answers several clients at once with the calculator's own numbers, bit for bit", async () => {
  await checkAnswers("cpu");
});

deviceTest(
  "serve answers from a WebGPU device with the calculator's own numbers, bit for bit, in batches",
  async () => {
    await checkAnswers("software");
  },
);

Deno.test("serve computes crystals with a cutoff, and Hessians", async () => {
  await using server = await ServeProcess.start([...onCpu, "--lr-cutoff", "6"]);
  await using calculator = await createCalculator(await loadModel(tiny), { device: "cpu", longRangeCutoff: 6 });
  using client = await FakeClient.open(server.address);
  await client.system([8, 1, 1]);
  const { numbers, positions } = structures[0]!;
  const cell = Float64Array.of(6, 0, 0, 1, 6, 0, 0, 1, 6);
  const crystal: Structure = { ...structures[0]!, cell, periodic: [true, true, true] };
  const values = valuesOf(await client.compute({ positions, cells: [...cell], axes: 7 }));
  deepEqual([...values], flat(await calculator.compute(crystal, properties)));
  const withHessian = valuesOf(await client.compute({ positions, wanted: 32 }));
  const { energy, hessian } = await calculator.compute(structures[0]!, ["hessian"]);
  deepEqual([...withHessian], [energy, ...hessian!]);
  equal(withHessian.length, 1 + (3 * numbers.length) ** 2);
});

Deno.test("serve writes one line to standard output, finishes what runs at SIGTERM, answers it and removes its socket", async () => {
  await using server = await ServeProcess.start([...onCpu, "--max-atoms", "100"]);
  const path = server.address.slice("unix:".length);
  equal(Deno.lstatSync(path).mode! & 0o777, 0o600);
  using client = await FakeClient.open(server.address);
  const { numbers, positions } = structures[0]!;
  await client.system(numbers);
  // More than are computed in one batch.
  const count = 300;
  const reply = client.compute({ positions: new Array(count).fill([...positions]).flat(), count, wanted: 0 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.signal("SIGTERM");
  equal(valuesOf(await reply).length, count);
  await client.receiveEnd();
  const { code, stderr } = await server.ended();
  equal(code, 0, stderr);
  deepEqual(server.lines, [`listening on unix:${path}`]);
  match(stderr, /tiny on float64 engine .*\n(.*\n)*3 requests answered: 300 structures in 4 evaluations/);
  equal(await Deno.lstat(path).catch((error) => error.name), "NotFound");
});

Deno.test("serve takes its token from the environment, and ends by itself when nobody comes", async () => {
  await using server = await ServeProcess.start([...onCpu, "--idle-exit", "0.5"], { SPOOKYNET_TOKEN: "secret" });
  {
    using stranger = await FakeClient.connect(server.address);
    equal(errorOf(await stranger.request(1, helloBody("guess"))).code, 3);
    using friend = await FakeClient.open(server.address, "secret");
    equal((await friend.system([6])).kind, 102);
  }
  const { code, stderr } = await server.ended();
  equal(code, 0);
  match(stderr, /no client for 0\.5 s/);
});

Deno.test("serve drives a host of the i-PI protocol with the options' atoms, and a committee of models", async () => {
  await inTemporaryFolder(async (folder) => {
    const other = `${folder}/other.safetensors`;
    await Deno.writeFile(other, writeSafetensors(tinyModel({ seed: 2 })));
    const models = `${tiny},${other}`;
    await using server = await ServeProcess.start(["--model", models, "--device", "cpu", "--elements", "O,2*H"]);
    const path = server.address.slice("unix:".length);
    using connection = await Deno.connect({ transport: "unix", path });
    const host = new FakeConnection(connection);
    await host.send(header("STATUS"));
    equal(await host.receiveHeader(), "NEEDINIT    ");
    const positions = Array.from(structures[0]!.positions, (x) => x / bohr);
    await host.send(init(0, "\0"), positionData({ cell: [9, 0, 0, 0, 9, 0, 0, 0, 9], positions }), header("GETFORCE"));
    const { energies } = await host.receiveForces(3);
    let mean = 0;
    for (const model of [tiny, other]) {
      await using calculator = await createCalculator(await loadModel(model), { device: "cpu" });
      mean += (await calculator.compute(structures[0]!)).energy / 2;
    }
    // Positions went to bohr and back.
    equal(Math.abs(energies[0]! * hartree - mean) < 1e-10, true);
  });
});

Deno.test("serve refuses wrong usage with 2, and an address in use with 1", async () => {
  for (
    const [args, expected] of [
      [[], /Expected --listen ADDRESS/],
      [["--listen", "somewhere"], /Expected an address like/],
      [["--listen", "tcp:0.0.0.0:31415"], /--allow-remote/],
      [["--listen", "tcp:0.0.0.0:31415", "--allow-remote"], /a token/],
      [["--listen", "unix:x", "--extras", "committee"], /Expected --model A,B/],
      [["--listen", "unix:x", "--charge", "1"], /--charge together with --template/],
    ] as const
  ) {
    const { code, stderr } = await spookynet(["serve", ...args, ...onCpu]);
    equal(code, 2, stderr);
    match(stderr, expected);
  }
  await using server = await ServeProcess.start(onCpu);
  const { code, stderr } = await spookynet(["serve", "--listen", server.address, ...onCpu]);
  equal(code, 1);
  match(stderr, /found a server/);
});

Deno.test("serve holds out against clients that die, break off and ask too much, for some seconds of the long soak", async () => {
  const { answers, growth } = await soak(4, { healthy: 6, unruly: 6 });
  equal(answers > 50, true, `${answers} answers`);
  equal(growth < 200, true, `${growth} MiB`);
});
