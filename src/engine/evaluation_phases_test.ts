import assert from "node:assert/strict";
import { deviceTest } from "../../tests/device_test_case.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createStructure } from "../structure/create_structure.ts";
import type { EvaluationPhase } from "../structure/evaluation_phase.ts";
import { createCalculator } from "./calculator.ts";
import { WebGpuEngine } from "./webgpu_engine.ts";

const water = createStructure({ symbols: ["O", "H", "H"], positions: [[0, 0, 0.1], [0, 0.8, -0.5], [0, -0.7, -0.5]] });

/** The parts of two evaluations on a device. */
async function phasesOn(device: "software" | "cpu"): Promise<EvaluationPhase[]> {
  const phases: EvaluationPhase[] = [];
  await using calculator = await createCalculator(tinyModel(), { device, onPhase: (phase) => phases.push(phase) });
  await calculator.compute(water);
  await calculator.compute([water]);
  return phases;
}

Deno.test("createCalculator() reports the parts of every evaluation of the float64 engine, in order", async () => {
  assert.deepEqual(await phasesOn("cpu"), ["neighbour list", "computation", "neighbour list", "computation"]);
});

deviceTest("createCalculator() reports the parts of every evaluation on a device, in order", async () => {
  const one = ["neighbour list", "upload", "computation", "read-back"];
  assert.deepEqual(await phasesOn("software"), [...one, ...one]);
});

deviceTest("timeKernels() counts every dispatch once, and gives none a negative time", async () => {
  const engine = await WebGpuEngine.create(buildNetwork(tinyModel()), { device: "software", timestamps: true });
  const times = await engine.timeKernels([water, water]);
  assert.ok(times !== null, "Mesa's software driver has timestamps");
  assert.equal(new Set(times.map(({ kernel }) => kernel)).size, times.length);
  // a kernel too quick for the device's clock may well take 0
  assert.ok(times.every(({ dispatches, milliseconds }) => dispatches > 0 && milliseconds >= 0));
  assert.ok(times.some(({ kernel }) => kernel === "pair_geometry") && times.some(({ kernel }) => kernel === "forces"));
  engine.destroy();
});

deviceTest("timeKernels() of an engine without timestamps says so", async () => {
  const engine = await WebGpuEngine.create(buildNetwork(tinyModel()), { device: "software" });
  assert.equal(await engine.timeKernels([water]), null);
  engine.destroy();
});
