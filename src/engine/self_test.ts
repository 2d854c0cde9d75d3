import { type KernelName, kernelSources } from "../../kernels/mod.ts";
import { openDevice } from "./device.ts";
import { benchKinds, createBench } from "./kernel_bench.ts";
import { worstError } from "./kernel_checks/kernel_check.ts";
import { kernelChecks, runCheck } from "./kernel_checks/list.ts";
import { type Tile, tiles } from "./tile.ts";

/** What a self-test says of one thing. */
export interface SelfTestVerdict {
  /** A kernel's name, or what else was tested. */
  readonly name: string;
  readonly passed: boolean;
  /** What was compared and how close it came, or what went wrong; for people. */
  readonly detail: string;
}

/** Where and how the self-test runs. */
export interface SelfTestOptions {
  /** Which device; default `auto`. */
  readonly device?: "auto" | "gpu" | "software";
  /** Preset of the tile; default: the device's own. */
  readonly tile?: Tile["name"];
}

/**
 * Runs every kernel on random inputs, always the same, and compares what it writes with the float64 reference engine. What
 * is allowed is what float32 can lose: the number of roundings times the size of the terms that are added up.
 *
 * @returns One verdict a kernel, as they come.
 * @throws {DeviceError} Where there is no such device or the driver refuses a kernel.
 */
export async function* selfTest(options: SelfTestOptions = {}): AsyncGenerator<SelfTestVerdict> {
  const { device, kind } = await openDevice(options.device ?? "auto");
  try {
    const tile = tiles[options.tile ?? (kind === "software" ? "software" : "hardware")];
    const benches = [];
    for (const kind of benchKinds) benches.push(await createBench(device, kind, tile));
    for (const kernel of Object.keys(kernelSources) as KernelName[]) {
      const found: { name: string; error: number }[] = [];
      for (const bench of benches) {
        for (const check of kernelChecks) {
          if (check.kernel !== kernel) continue;
          for (const comparison of await runCheck(check, bench)) {
            found.push({ name: `${check.title}: ${comparison.name}`, error: worstError(comparison) });
          }
        }
      }
      yield { name: kernel, ...verdictOf(found) };
    }
  } finally {
    device.destroy();
  }
}

function verdictOf(found: readonly { readonly name: string; readonly error: number }[]) {
  const worst = found.reduce((worst, one) => one.error > worst.error ? one : worst, { name: "nothing", error: 0 });
  const passed = found.length > 0 && worst.error <= 1;
  const percent = `${(100 * worst.error).toPrecision(3)} %`;
  return {
    passed,
    detail: passed
      ? `${found.length} arrays right, error at most ${percent} of what float32 can lose`
      : `wrong by ${percent} of what float32 can lose in ${worst.name}`,
  };
}
