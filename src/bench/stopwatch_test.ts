import assert from "node:assert/strict";
import { addTimes, noTimes, Stopwatch } from "./stopwatch.ts";

Deno.test("Stopwatch gives each part what passed since the part before, and the rest to none", async () => {
  let now = 100;
  const stopwatch = new Stopwatch(() => now);
  const evaluate = () => {
    // Two submits: parts come twice and add up.
    for (const scale of [1, 2]) {
      now += 1 * scale, stopwatch.onPhase("neighbour list");
      now += 2 * scale, stopwatch.onPhase("upload");
      now += 4 * scale, stopwatch.onPhase("computation");
      now += 8 * scale, stopwatch.onPhase("read-back");
    }
    now += 16;
    return Promise.resolve();
  };
  const times = noTimes();
  await stopwatch.time(evaluate, times);
  await stopwatch.time(() => Promise.resolve(now += 5), times);
  assert.deepEqual(times, {
    total: [61, 5],
    parts: {
      "neighbour list": [3, 0],
      "upload": [6, 0],
      "computation": [12, 0],
      "read-back": [24, 0],
      "rest": [16, 5],
    },
  });
  const twice = noTimes();
  addTimes(twice, times);
  addTimes(twice, times);
  assert.deepEqual(twice.parts.rest, [16, 5, 16, 5]);
  assert.equal(twice.total.length, 4);
});
