import assert from "node:assert/strict";
import type { SharedModel } from "./shared_model.ts";
import { TeamControl } from "./team_control.ts";
import { WorkerThreads } from "./worker_threads.ts";

Deno.test("WorkerThreads reports a worker that has failed instead of going on without it", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const control = new TeamControl(memory);
  // the worker finds no model
  const workers = new WorkerThreads(control, {
    model: { memory } as unknown as SharedModel,
    longRangeCutoff: null,
    exchange: memory,
  });
  assert.equal(workers.muster(2, false), 1);
  while (control.failure === null) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.throws(() => workers.muster(2, false), /^Error: Expected all threads to compute but one has failed: .+/);
  workers.dispose();
});

Deno.test("WorkerThreads starts no workers for one thread", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const workers = new WorkerThreads(new TeamControl(memory), {
    model: { memory } as unknown as SharedModel,
    longRangeCutoff: null,
    exchange: memory,
  });
  assert.equal(workers.muster(1, false), 1);
  assert.equal(workers.launches, 0);
});
