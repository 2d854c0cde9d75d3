import { deepEqual, equal, match } from "node:assert/strict";
import { fasterOf, trialStructure, trialTime, type TriedCalculator } from "./device_trial.ts";

Deno.test("trialStructure has as many atoms as asked for, none of them closer than in water", () => {
  for (const atoms of [1, 3, 8, 100]) {
    const { numbers, positions } = trialStructure(atoms);
    equal(numbers.length, atoms);
    let closest = Infinity;
    for (let i = 0; i < atoms; i++) {
      for (let j = 0; j < i; j++) {
        closest = Math.min(closest, Math.hypot(...[0, 1, 2].map((c) => positions[3 * i + c]! - positions[3 * j + c]!)));
      }
    }
    equal(atoms === 1 || Math.abs(closest - 2.15) < 1e-12, true);
  }
});

Deno.test("trialTime leaves the first evaluation out and takes the least of the others", async () => {
  const { evaluate, now, calls } = timed([4000, 30, 20, 25, 40, 20]);
  equal(await trialTime(evaluate, now), 20);
  equal(calls(), 6);
});

Deno.test("trialTime stops where evaluations are long", async () => {
  const { evaluate, now, calls } = timed([900, 600, 600]);
  equal(await trialTime(evaluate, now), 600);
  deepEqual(calls(), 2);
});

Deno.test("fasterOf names the faster of two calculators, and says by what figures", async () => {
  for (
    const [gpu, cpu, fastest, reason] of [
      [0.31, 0.7, "gpu", /^0\.31 ms for 12 atoms, the processor 0\.70 ms$/],
      [5, 0.7, "cpu", /^0\.70 ms for 12 atoms, a card 5\.0 ms$/],
    ] as const
  ) {
    const times = [gpu, cpu];
    const choice = await fasterOf(tried("gpu", "a card"), tried("cpu", "a processor"), 12, async (evaluate) => {
      await evaluate();
      return times.shift()!;
    });
    equal(choice.fastest, fastest);
    match(choice.reason, reason);
  }
});

/** A calculator that computes nothing. */
function tried(kind: "gpu" | "cpu", name: string): TriedCalculator {
  return {
    device: { kind, name, driver: "", readBack: "none" },
    compute: () => Promise.resolve(),
  };
}

/** Evaluations that take the times given, by a clock of their own. */
function timed(durations: readonly number[]) {
  let [time, count] = [0, 0];
  return {
    evaluate() {
      time += durations[count++]!;
      return Promise.resolve();
    },
    now: () => time,
    calls: () => count,
  };
}
