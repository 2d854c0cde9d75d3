import assert from "node:assert/strict";
import { EvaluationQueue, type EvaluationRequest } from "./evaluation_queue.ts";
import { emptyFrame, type Frame, type FrameResult } from "./frame.ts";

/** A request whose frame carries its number, and which notes the energies it gets. */
function request(number: number, energies: number[], followed = true): EvaluationRequest {
  const frame = emptyFrame(1);
  frame.positions[0] = number;
  return {
    frames: [frame],
    followed: () => followed,
    accept: (results) => energies.push(...results.map(({ energy }) => energy)),
  };
}

function evaluate(frames: readonly Frame[]): FrameResult[] {
  return frames.map(({ positions }) => ({
    energy: positions[0]!,
    forces: new Float64Array(3),
    virial: new Float64Array(9),
  }));
}

Deno.test("EvaluationQueue computes what all connections have asked for in one call, and gives each its own", async () => {
  const calls: number[] = [];
  const queue = new EvaluationQueue(evaluate, ({ frames }) => calls.push(frames));
  const energies: number[][] = [[], [], []];
  for (const _ of energies) queue.join();
  await Promise.all(energies.map((own, i) => queue.submit(request(i, own))));
  assert.deepEqual(calls, [3]);
  assert.deepEqual(energies, [[0], [1], [2]]);
});

Deno.test("EvaluationQueue waits about a millisecond for a connection that does not ask, and not for one that has left", async () => {
  const queue = new EvaluationQueue(evaluate, () => {});
  queue.join();
  queue.join();
  const energies: number[] = [];
  const start = performance.now();
  await queue.submit(request(1, energies));
  assert.ok(performance.now() - start >= 0.9); // the clock is coarse
  queue.leave();
  await queue.submit(request(2, energies));
  assert.deepEqual(energies, [1, 2]);
});

Deno.test("EvaluationQueue fails the requests of a failed call, and goes on", async () => {
  let fails = true;
  const queue = new EvaluationQueue((frames) => {
    if (fails) throw new Error("no memory");
    return evaluate(frames);
  }, () => {});
  queue.join();
  const energies: number[] = [];
  await assert.rejects(queue.submit(request(1, energies)), /^Error: no memory$/);
  fails = false;
  await queue.submit(request(2, energies, false));
  assert.deepEqual(energies, [2]);
});

Deno.test("EvaluationQueue fails only the request whose results are not accepted", async () => {
  const queue = new EvaluationQueue(evaluate, () => {});
  queue.join();
  queue.join();
  const energies: number[] = [];
  const refusing = {
    ...request(1, energies),
    accept() {
      throw new Error("not finite");
    },
  };
  const [refused, accepted] = await Promise.allSettled([queue.submit(refusing), queue.submit(request(2, energies))]);
  assert.deepEqual([refused.status, accepted.status], ["rejected", "fulfilled"]);
  assert.deepEqual(energies, [2]);
});
