import assert from "node:assert/strict";
import { kernelSources } from "../../kernels/mod.ts";
import { centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { deviceTest } from "../../tests/device_test_case.ts";
import { openDevice } from "./device.ts";
import { benchKinds, createBench, type KernelBench } from "./kernel_bench.ts";
import { type Comparison, worstError } from "./kernel_checks/kernel_check.ts";
import { kernelChecks, runCheck } from "./kernel_checks/list.ts";
import { selfTest } from "./self_test.ts";
import { type Tile, tiles } from "./tile.ts";
import { vec4s } from "./vec4s.ts";

let device: Promise<GPUDevice> | undefined;
const benches = new Map<string, Promise<KernelBench>>();

/** A bench, made once. */
function benchOf(tile: Tile, kind: (typeof benchKinds)[number]): Promise<KernelBench> {
  const key = `${tile.name} ${kind}`;
  const bench = benches.get(key) ?? createBenchOnSharedDevice(tile, kind);
  benches.set(key, bench);
  return bench;
}

async function createBenchOnSharedDevice(tile: Tile, kind: (typeof benchKinds)[number]): Promise<KernelBench> {
  device ??= openDevice("software").then(({ device }) => device);
  return createBench(await device, kind, tile);
}

/** Differences of a kernel's adjoint from central differences of the reference engine's value, as fractions of what is allowed. */
function worstDifference({ found, width, allowed, gradientOf }: Comparison): number {
  const gradient = centralDifferences(gradientOf!.value, gradientOf!.at);
  const scale = Math.max(...gradient.map(Math.abs));
  let worst = 0;
  gradient.forEach((slope, at) => {
    const value = found[Math.floor(at / width) * 4 * vec4s(width) + at % width]!;
    // central differences themselves are right to some 1e-8 of the largest component
    worst = Math.max(worst, Math.abs(value - slope) / (allowed[at]! + 1e-7 * scale));
  });
  return worst;
}

for (const tile of Object.values(tiles)) {
  for (const kind of benchKinds) {
    for (const check of kernelChecks) {
      deviceTest(`${check.kernel} is right: ${check.title} (${kind}, ${tile.name} tile)`, async () => {
        for (const comparison of await runCheck(check, await benchOf(tile, kind))) {
          const error = worstError(comparison);
          assert.ok(error <= 1, `${comparison.name} is wrong by ${error} of what float32 can lose`);
          if (comparison.gradientOf === undefined || tile.name === "hardware") continue;
          const difference = worstDifference(comparison);
          assert.ok(difference <= 1, `${comparison.name} is off by ${difference} from central differences`);
        }
      });
    }
  }
}

Deno.test("kernelChecks has a check of every kernel", () => {
  const checked = new Set(kernelChecks.map(({ kernel }) => kernel));
  assert.deepEqual([...checked].toSorted(), Object.keys(kernelSources).toSorted());
});

deviceTest("createBench has pairs with own images, pairs beyond the cutoff and the ends of the switch", async () => {
  for (const kind of benchKinds) {
    const { near, far, network, longRangeCutoff, weights, places } = await benchOf(tiles.software, kind);
    const { cutoff } = network.hyperparameters;
    assert.ok(longRangeCutoff === null || near.pairs.first.some((i, u) => i === near.pairs.second[u]));
    assert.ok(near.distances.some((r) => r >= cutoff));
    assert.ok(far.distances.some((r) => r === 0.25 * cutoff));
    assert.ok(far.distances.some((r) => r === 0.75 * cutoff));
    assert.ok(longRangeCutoff === null || far.distances.some((r) => r >= longRangeCutoff));
    // coordination numbers of carbon reach beyond the cutoff, those of hydrogen do not
    assert.ok(places.far);
    // rows that are no multiple of a tile's
    assert.notEqual(near.pairs.atomCount % 4, 0);
    assert.ok(kind === "all pairs" || network.features < 4 * weights.features4);
  }
});

deviceTest("selfTest says of every kernel once that it is right, and how close it came", async () => {
  const verdicts = [];
  for await (const verdict of selfTest({ device: "software" })) verdicts.push(verdict);
  assert.deepEqual(verdicts.map(({ name }) => name), Object.keys(kernelSources));
  for (const { passed, detail } of verdicts) {
    assert.ok(passed);
    assert.match(detail, /^\d+ arrays right, error at most [\d.]+ % of what float32 can lose$/);
  }
});
