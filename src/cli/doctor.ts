import { openDevice } from "../engine/device.ts";
import { ReadBack } from "../engine/read_back.ts";
import { selfTest } from "../engine/self_test.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice } from "./compute_options.ts";
import { modelFolder } from "./model_folders.ts";
import { printRows } from "./rows.ts";
import { UsageError } from "./usage_error.ts";
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

/** Where values start. */
const indent = 11;

/** `doctor`: which device computes, through what, and whether every kernel is right on it. */
export async function run({ options }: Invocation): Promise<number> {
  const { device = "auto" } = options;
  if (device === "cpu") throw new UsageError("Expected a device that kernels run on but found cpu: leave --device out");
  printRows([
    ["deno", `${Deno.version.deno}, V8 ${Deno.version.v8}`],
    ["system", `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} processors`],
    ["models", modelFolder()],
    ["mesa", await mesaVersion() ?? "not installed"],
  ], indent);
  await describeAdapter(device);
  let [passed, failed] = [0, 0];
  for await (const test of selfTest({ device })) {
    test.passed ? passed++ : failed++;
    console.log(`${test.passed ? "ok    " : "FAILED"}  ${test.kernel}: ${test.detail}`);
  }
  console.log(`${passed} kernels right, ${failed} wrong`);
  return failed === 0 ? 0 : 1;
}

async function describeAdapter(wanted: "auto" | "gpu" | "software") {
  const { device, ...opened } = await openDevice(wanted);
  const { mode } = await ReadBack.create(device);
  printRows([
    ["adapter", describeDevice({ ...opened, readBack: mode })],
    ["driver", opened.driver],
    ["read-back", mode],
    ...shownLimits.map((name, k) => [k === 0 ? "limits" : "", `${name} ${device.limits[name]}`] as const),
  ], indent);
  device.destroy();
}
