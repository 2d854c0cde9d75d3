/**
 * Many clients at one server: healthy ones, whose every answer is compared with the calculator's own, and ones that die in
 * the midst of a message, send garbage, ask too much, or do not read. `tests/serve_test.ts` runs it for seconds; for longer:
 *
 *     deno run --allow-all tests/serve_soak.ts [SECONDS=600] [HEALTHY=16] [UNRULY=16]
 */
import { deepEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createCalculator } from "../src/engine/calculator.ts";
import { loadModel } from "../src/model/load_model.ts";
import { computeBody, FakeClient, helloBody, message, systemBody, valuesOf } from "../src/server/fake_client.ts";
import { createRandom } from "../src/structure/random.ts";
import { tinyModelFile } from "./fixtures/tiny_model.ts";
import { ServeProcess } from "./serve_process.ts";

/** What a soak has seen. */
export interface Soaked {
  /** Right answers to healthy clients; a wrong one, or a lost one, throws. */
  readonly answers: number;
  /** Connections of unruly clients. */
  readonly intrusions: number;
  /** By how much the server's memory has grown after the first third, MiB. */
  readonly growth: number;
}

/** Runs a server, and clients for the time given. */
export async function soak(seconds: number, clients: { healthy: number; unruly: number }): Promise<Soaked> {
  const model = fileURLToPath(tinyModelFile);
  await using server = await ServeProcess.start(["--model", model, "--device", "cpu", "--max-message", "1"]);
  await using calculator = await createCalculator(await loadModel(model), { device: "cpu" });
  const start = performance.now();
  const end = start + 1000 * seconds;
  let answers = 0, intrusions = 0;

  const healthy = async (seed: number) => {
    const random = createRandom(seed);
    using client = await FakeClient.open(server.address);
    while (performance.now() < end) {
      const numbers = Uint8Array.from(
        { length: 2 * (1 + Math.floor(2 * random())) },
        () => [1, 7][Math.floor(2 * random())]!,
      );
      const charge = numbers.reduce((sum, z) => sum + z) % 2;
      await client.system(numbers, charge);
      for (let step = 0; step < 10 && performance.now() < end; step++) {
        const positions = Float64Array.from(
          { length: 3 * numbers.length },
          (_, k) => 1.2 * Math.floor(k / 3) + 0.2 * random(),
        );
        const values = valuesOf(await client.compute({ positions, wanted: 5 }));
        const { energy, forces, charges } = await calculator.compute({
          numbers,
          positions,
          charge,
          unpaired: 0,
          cell: null,
          periodic: [false, false, false],
        }, ["charges"]);
        deepEqual([...values], [energy, ...forces, ...charges!]);
        answers++;
      }
    }
  };

  const unruly = async (seed: number) => {
    const random = createRandom(seed);
    while (performance.now() < end) {
      // Refused where all places are taken: closed, perhaps in the midst of what is sent.
      await intrude(server.address, random).catch(() => {});
      intrusions++;
      await new Promise((resolve) => setTimeout(resolve, 100 * random()));
    }
  };

  let first = 0;
  setTimeout(() => first = memoryOf(server.pid), 333 * seconds);
  await Promise.all([
    ...Array.from({ length: clients.healthy }, (_, k) => healthy(k + 1)),
    ...Array.from({ length: clients.unruly }, (_, k) => unruly(1000 + k)),
  ]);
  const growth = memoryOf(server.pid) - first;
  server.signal("SIGTERM");
  const { code, stderr } = await server.ended();
  if (code !== 0) throw new Error(`Expected the server to end with 0 but found ${code}: ${stderr}`);
  return { answers, intrusions, growth };
}

/** One connection of an unruly client. */
async function intrude(address: string, random: () => number): Promise<void> {
  using client = await FakeClient.connect(address);
  const positions = random() < 0.3 ? new Array(6 * 50).fill(0) : Array.from({ length: 6 * 50 }, (_, k) => k);
  const pieces = [
    message(1, helloBody(), 1),
    message(2, systemBody([1, 1]), 2),
    message(3, computeBody({ positions, count: 50 }), 3),
  ];
  if (random() < 0.2) pieces.push(message(3, new Uint8Array(1 << 21), 4));
  for (const piece of pieces) {
    if (random() < 0.15) piece[Math.floor(random() * piece.length)] = Math.floor(256 * random());
    if (random() < 0.15) return await client.send(piece.subarray(0, Math.floor(random() * piece.length)));
    await client.send(piece);
  }
  if (random() < 0.5) await client.receive();
}

/** Resident memory of a process, MiB; the launcher has become the server, so its number is the server's. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) / 1024;
}

if (import.meta.main) {
  const [seconds = 600, healthy = 16, unruly = 16] = Deno.args.map(Number);
  console.log(await soak(seconds, { healthy, unruly }));
}
