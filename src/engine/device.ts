import type { ReadBackMode } from "./read_back.ts";

/** What computes, for people and for `doctor`. */
export interface DeviceDescription {
  /** A graphics processor, a software driver on the processor, or the float64 engine. */
  readonly kind: "gpu" | "software" | "cpu";
  /** The adapter's name. */
  readonly name: string;
  /** The driver behind it, as far as it says. */
  readonly driver: string;
  /** How results come back; "none" for the float64 engine. */
  readonly readBack: ReadBackMode | "none";
  /** Why it was chosen, where it was not asked for. */
  readonly reason?: string;
}

/** No suitable device, or the device cannot do what is needed. */
export class DeviceError extends Error {
  /** "DeviceError". */
  override name = "DeviceError";
}

/** There is no device of the kind asked for. */
export class MissingDeviceError extends DeviceError {
  override name = "MissingDeviceError";
}

/** A WebGPU device and what it is. */
export interface OpenDevice {
  readonly device: GPUDevice;
  readonly kind: "gpu" | "software";
  readonly name: string;
  readonly driver: string;
}

/**
 * Opens a WebGPU device.
 *
 * @param wanted `auto` takes a graphics processor where there is one, else the software driver.
 * @param expectedAtoms About how many atoms will be computed together: Mesa's software driver starts threads for many. It
 * reads the setting once in a process, when the first device is opened.
 * @param features What is nice to have: the device gets those of them that the adapter has.
 * @throws {MissingDeviceError} where there is none of that kind.
 */
export async function openDevice(
  wanted: "auto" | "gpu" | "software",
  expectedAtoms = 1,
  features: readonly GPUFeatureName[] = [],
): Promise<OpenDevice> {
  const threads = prepareEnvironment(expectedAtoms);
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (gpu === undefined) {
    throw new MissingDeviceError("Expected a runtime with WebGPU but found none; use Deno 2.9, or --device cpu");
  }
  const adapter = await gpu.requestAdapter(
    wanted === "software" ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" },
  );
  if (adapter === null) {
    throw new MissingDeviceError(
      `Expected a WebGPU adapter${wanted === "auto" ? "" : ` of kind ${wanted}`} but found none; ` +
        "install a Vulkan driver (Debian: mesa-vulkan-drivers), or use --device cpu",
    );
  }
  const { info, limits } = adapter;
  const kind = isSoftware(adapter) ? "software" : "gpu";
  if (wanted === "gpu" && kind === "software") {
    throw new MissingDeviceError(
      `Expected a graphics processor but found only the software driver ${info.description}; use --device software or auto`,
    );
  }
  if (wanted === "software" && kind === "gpu") {
    throw new MissingDeviceError(
      `Expected a software driver but found ${info.description}; install one (Debian: mesa-vulkan-drivers), or use --device gpu`,
    );
  }
  const device = await adapter.requestDevice({
    label: "spookynet",
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
  });
  return {
    device,
    kind,
    name: info.description || info.device || "unnamed adapter",
    driver: describeDriver(info, kind === "software" ? threads : null),
  };
}

function isSoftware(adapter: GPUAdapter): boolean {
  return adapter.info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader/i.test(adapter.info.description);
}

/** Vulkan's vendor number of Mesa itself, which its software driver gives. */
const mesa = "65541";

function describeDriver({ vendor, architecture }: GPUAdapterInfo, threads: string | null): string {
  const name = vendor === mesa ? "Mesa" : [vendor, architecture].filter((word) => word !== "").join(" ");
  if (threads === null) return name;
  return `${name}, ${threads === "0" ? "kernels run inline" : `${threads} threads`} (LP_NUM_THREADS)`;
}

/**
 * From how many atoms on Mesa's software driver is faster with threads: waking them costs 20 to 45 µs a dispatch, running
 * a kernel inline 1 µs, and a step has about 100 dispatches (docs/performance.md).
 */
const atomsForThreads = 24;

/**
 * Settings that drivers read when the first adapter is asked for: Mesa's software driver runs kernels inline for few atoms
 * and starts threads for many, and Deno looks for Vulkan alone. What the user has set stays; without the permission things
 * work, slower.
 *
 * @returns The software driver's setting; `null` where it cannot be known.
 */
function prepareEnvironment(expectedAtoms: number): string | null {
  const env =
    (globalThis as { Deno?: { env: { get(name: string): string | undefined; set(n: string, v: string): void } } })
      .Deno?.env;
  if (env === undefined) return null;
  try {
    if (env.get("LP_NUM_THREADS") === undefined) {
      env.set("LP_NUM_THREADS", expectedAtoms < atomsForThreads ? "0" : String(navigator.hardwareConcurrency));
    }
    if (Deno.build.os === "linux" && env.get("DENO_WEBGPU_BACKEND") === undefined) {
      env.set("DENO_WEBGPU_BACKEND", "vulkan");
    }
    return env.get("LP_NUM_THREADS") ?? null;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return null;
  }
}
