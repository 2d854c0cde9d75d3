import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Property } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { FakeCalculator, resultOf } from "./fake_calculator.ts";
import type { Refusal } from "./refusal.ts";
import { type Job, Scheduler } from "./scheduler.ts";

const everything = new Set<Property>(["energy", "forces"]);

/** Structures of a client, which are told apart by their charge. */
function structuresOf(client: number, count: number, atoms = 1, numbers = 6): Structure[] {
  return Array.from({ length: count }, (_, s) => ({
    numbers: new Uint8Array(atoms).fill(numbers),
    positions: new Float64Array(3 * atoms).fill(s),
    cell: null,
    periodic: [false, false, false],
    charge: client,
    unpaired: 0,
  }));
}

/** A job that gathers its energies. */
function jobOf(structures: readonly Structure[]): Job & { readonly energies: number[] } {
  const energies: number[] = [];
  return { structures, properties: everything, energies, accept: (s, { energy }) => energies[s] = energy };
}

function energiesOf(structures: readonly Structure[]): number[] {
  return structures.map((structure) => resultOf(structure).energy);
}

function schedulerOf(calculator: FakeCalculator, clients: number): Scheduler {
  const scheduler = new Scheduler(calculator);
  for (let client = 0; client < clients; client++) scheduler.join(client);
  return scheduler;
}

Deno.test("Scheduler computes what waits together, in the order of the clients", async () => {
  const calculator = new FakeCalculator();
  const scheduler = schedulerOf(calculator, 4);
  const order = [2, 0, 3, 1];
  const jobs = order.map((client) => jobOf(structuresOf(client, client + 1)));
  await Promise.all(order.map((client, k) => scheduler.submit(client, jobs[k]!)));
  deepEqual(calculator.batches, [[0, 1, 1, 2, 2, 2, 3, 3, 3, 3]]);
  for (const job of jobs) deepEqual(job.energies, energiesOf(job.structures));
});

Deno.test("Scheduler waits for the clients of the last evaluation, so that batches stay as they are", async () => {
  const calculator = new FakeCalculator({ milliseconds: 20 });
  const scheduler = schedulerOf(calculator, 4);
  await Promise.all([0, 1, 2, 3].map(async (client) => {
    for (let step = 0; step < 5; step++) {
      await scheduler.submit(client, jobOf(structuresOf(client, 1)));
      // A client's own part of a step: less than it pays to wait for.
      await new Promise((resolve) => queueMicrotask(() => resolve(0)));
    }
  }));
  deepEqual(calculator.batches, Array.from({ length: 5 }, () => [0, 1, 2, 3]));
});

Deno.test("Scheduler splits a large job, and lets others in between", async () => {
  const calculator = new FakeCalculator();
  const scheduler = schedulerOf(calculator, 2);
  const large = jobOf(structuresOf(0, 1000));
  const done: string[] = [];
  const waiting = scheduler.submit(0, large).then(() => done.push("large"));
  for (let k = 0; k < 5; k++) {
    const small = jobOf(structuresOf(1, 1));
    await scheduler.submit(1, small);
    deepEqual(small.energies, energiesOf(small.structures));
    done.push("small");
  }
  await waiting;
  deepEqual(done, ["small", "small", "small", "small", "small", "large"]);
  deepEqual(large.energies, energiesOf(large.structures));
  ok(calculator.batches.every((batch) => batch.length <= 96));
});

Deno.test("Scheduler shares a batch equally among large jobs, and everybody has a turn where atoms are many", async () => {
  const calculator = new FakeCalculator();
  const scheduler = schedulerOf(calculator, 3);
  await Promise.all([0, 1, 2].map((client) => scheduler.submit(client, jobOf(structuresOf(client, 96)))));
  deepEqual(calculator.batches.map((batch) => [0, 1, 2].map((client) => batch.filter((q) => q === client).length)), [
    [32, 32, 32],
    [32, 32, 32],
    [32, 32, 32],
  ]);
  // Three structures of 5000 atoms: one at a time, in turn.
  calculator.batches.length = 0;
  await Promise.all([0, 1, 2].map((client) => scheduler.submit(client, jobOf(structuresOf(client, 2, 5000)))));
  deepEqual(calculator.batches.map(([client]) => client).sort(), [0, 0, 1, 1, 2, 2]);
  equal(new Set(calculator.batches.slice(0, 3).flat()).size, 3);
});

Deno.test("Scheduler fails only the client whose structure cannot be computed, and names the structure", async () => {
  const calculator = new FakeCalculator();
  const scheduler = schedulerOf(calculator, 3);
  const bad = structuresOf(1, 3, 1, 1);
  bad[1]!.positions[0] = 2000;
  const good = [0, 2].map((client) => jobOf(structuresOf(client, 2)));
  const failing = rejects(
    scheduler.submit(1, jobOf(bad)),
    (error: Refusal) => error.code === 6 && /2000 \(structure 2 of 3\)/.test(error.message),
  );
  await Promise.all([scheduler.submit(0, good[0]!), failing, scheduler.submit(2, good[1]!)]);
  for (const job of good) deepEqual(job.energies, energiesOf(job.structures));
  // Until it has sent a good one, that client is computed by itself.
  calculator.batches.length = 0;
  await Promise.all([0, 1, 2].map((client) => scheduler.submit(client, jobOf(structuresOf(client, 1)))));
  deepEqual(calculator.batches.map((batch) => batch.length).sort(), [1, 2]);
  calculator.batches.length = 0;
  await Promise.all([0, 1, 2].map((client) => scheduler.submit(client, jobOf(structuresOf(client, 1)))));
  deepEqual(calculator.batches, [[0, 1, 2]]);
  // What is no RangeError is a computation that failed.
  await rejects(scheduler.submit(0, jobOf(structuresOf(0, 1, 1, 2))), (error: Refusal) => error.code === 7);
});

Deno.test("Scheduler drops the job of a client that leaves, also in the midst of an evaluation", async () => {
  const calculator: FakeCalculator = new FakeCalculator({
    onCompute: () => {
      if (calculator.batches.length === 1) scheduler.leave(0);
    },
  });
  const scheduler = schedulerOf(calculator, 2);
  const gone = jobOf(structuresOf(0, 500));
  const stays = jobOf(structuresOf(1, 3));
  await Promise.all([rejects(scheduler.submit(0, gone)), scheduler.submit(1, stays)]);
  deepEqual(gone.energies, []);
  deepEqual(stays.energies, energiesOf(stays.structures));
  equal(calculator.batches.length, 1);
  await rejects(scheduler.submit(0, gone));
});
