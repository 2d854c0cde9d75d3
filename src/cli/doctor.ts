import { MissingDeviceError, type OpenDevice, openDevice } from "../engine/device.ts";
import { processorSelfTest } from "../engine/processor_self_test.ts";
import { ReadBack } from "../engine/read_back.ts";
import { selfTest, type SelfTestVerdict } from "../engine/self_test.ts";
import { loadModel } from "../model/load_model.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, openCalculator } from "./compute_options.ts";
import { modelFolder } from "./model_folders.ts";
import { findModel, MissingModelError } from "./model_lookup.ts";
import { printRows } from "./rows.ts";
import { mesaVersion } from "./vulkan_driver.ts";

/** Limits of a device that bound what can be computed on it. */
const shownLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Atoms that `auto` is tried for. */
const expectedAtoms = 50;

/** Where values start. */
const indent = 11;

/** `doctor`: what computes here, through what, and whether it computes right. */
export async function run({ options }: Invocation): Promise<number> {
  const { device = "auto" } = options;
  printRows([
    ["deno", `${Deno.version.deno}, V8 ${Deno.version.v8}`],
    ["system", `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} processors`],
    ["models", modelFolder()],
    ["mesa", await mesaVersion() ?? "not installed"],
    ["auto", await describeChoice()],
  ], indent);
  const tests = [...processorSelfTest()];
  tests.forEach(print);
  if (device !== "cpu" && await describeAdapter(device)) {
    for await (const test of selfTest({ device })) {
      print(test);
      tests.push(test);
    }
  }
  const wrong = tests.filter(({ passed }) => !passed).length;
  console.log(`${tests.length - wrong} right, ${wrong} wrong`);
  return wrong === 0 ? 0 : 1;
}

function print({ name, passed, detail }: SelfTestVerdict) {
  console.log(`${passed ? "ok    " : "FAILED"}  ${name}: ${detail}`);
}

/** What computes where no device is asked for: it depends on the model, and on the number of atoms. */
async function describeChoice(): Promise<string> {
  let path: string;
  try {
    path = await findModel();
  } catch (error) {
    if (!(error instanceof MissingModelError)) throw error;
    return "not tried, for there is no model";
  }
  await using calculator = await openCalculator(await loadModel(path), {}, expectedAtoms);
  return `${describeDevice(calculator.device)}, ${calculator.device.driver}`;
}

/** @returns Whether there is an adapter; no error where none was asked for. */
async function describeAdapter(wanted: "auto" | "gpu" | "software"): Promise<boolean> {
  let opened: OpenDevice;
  try {
    opened = await openDevice(wanted);
  } catch (error) {
    if (wanted !== "auto" || !(error instanceof MissingDeviceError)) throw error;
    printRows([["adapter", "none, so that no kernel is tested (Debian: apt-get install mesa-vulkan-drivers)"]], indent);
    return false;
  }
  const { device, ...description } = opened;
  const { mode } = await ReadBack.create(device);
  printRows([
    ["adapter", describeDevice({ ...description, readBack: mode })],
    ["driver", description.driver],
    ["read-back", mode],
    ...shownLimits.map((name, k) => [k === 0 ? "limits" : "", `${name} ${device.limits[name]}`] as const),
  ], indent);
  device.destroy();
  return true;
}
