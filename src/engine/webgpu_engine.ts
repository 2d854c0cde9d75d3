import type { Network } from "../model/network.ts";
import { referencePolarizabilities } from "../reference/reference_c6.ts";
import { SystemPreparation } from "../reference/system_preparation.ts";
import type { PhaseObserver } from "../structure/evaluation_phase.ts";
import type { Structure } from "../structure/structure.ts";
import { DeviceBatch } from "./device_batch.ts";
import { type DeviceDescription, type OpenDevice, openDevice } from "./device.ts";
import { kernelConstants, resultSlots } from "./kernel_constants.ts";
import { type KernelTime, timestampFeature } from "./kernel_times.ts";
import { type PackedWeights, packWeights } from "./packed_weights.ts";
import { createPipelines, type Pipelines } from "./pipelines.ts";
import { createRadialTexture } from "./radial_texture.ts";
import { ReadBack, type ReadBackMode } from "./read_back.ts";
import { type Tile, tiles } from "./tile.ts";

/** How the WebGPU engine is set up. */
export interface WebGpuEngineOptions {
  /** Which device; default `auto`. */
  readonly device?: "auto" | "gpu" | "software";
  /** Preset of the tile; default: the device's own. */
  readonly tile?: Tile["name"];
  /** Cutoff of electrostatics and dispersion, Å, in place of the model's; `null`: all pairs. */
  readonly longRangeCutoff?: number | null;
  /** About how many atoms will be computed together; see {@linkcode openDevice}. */
  readonly expectedAtoms?: number;
  /** How results come back; default: what a test at start finds. */
  readonly readBack?: ReadBackMode;
  /** Whether {@linkcode WebGpuEngine.timeKernels} will be called; default false. */
  readonly timestamps?: boolean;
  /** Called at the end of each part of an evaluation. */
  readonly onPhase?: PhaseObserver | undefined;
}

/** Batches whose device state is kept, the least recently used going first. */
const keptBatches = 4;

/**
 * Everything of the model that stands on a device: weights and compiled kernels. {@linkcode DeviceBatch} adds what belongs
 * to a batch of structures.
 */
export interface EngineState {
  readonly device: GPUDevice;
  readonly network: Network;
  readonly weights: PackedWeights;
  readonly weightBuffer: GPUBuffer;
  readonly radialTexture: GPUTexture;
  readonly pipelines: Pipelines;
  readonly tile: Tile;
  readonly longRangeCutoff: number | null;
  /** Computes in float64 what depends on elements, charge and spin alone. */
  readonly preparation: SystemPreparation;
  readonly polarizabilities: Float64Array | null;
  readonly onPhase: PhaseObserver | undefined;
}

/** Per-atom results of a batch as the device wrote them, float32; see `charges.wgsl` for the slots. */
export interface DeviceResults {
  /** `[slots][atoms][4]`. */
  readonly data: Float32Array;
  readonly atoms: number;
  /** For each structure whether it has no pair at all. */
  readonly lonely: readonly boolean[];
}

/** SpookyNet on a WebGPU device: batches of structures in, per-atom results out. */
export class WebGpuEngine {
  readonly description: DeviceDescription;
  readonly tile: Tile;
  #state: EngineState;
  #readBack: ReadBack;
  /** The batches that are kept, the last used at the end. */
  #batches: DeviceBatch[] = [];
  #pending: Promise<unknown> = Promise.resolve();

  private constructor(state: EngineState, readBack: ReadBack, opened: OpenDevice) {
    this.#state = state;
    this.#readBack = readBack;
    this.tile = state.tile;
    this.description = { kind: opened.kind, name: opened.name, driver: opened.driver, readBack: readBack.mode };
  }

  /**
   * Opens the device, uploads the weights and compiles the kernels.
   *
   * @throws {DeviceError} where there is no such device or the driver refuses a kernel.
   */
  static async create(network: Network, options: WebGpuEngineOptions = {}): Promise<WebGpuEngine> {
    const weights = packWeights(network);
    const longRangeCutoff = options.longRangeCutoff === undefined
      ? network.hyperparameters.longRangeCutoff
      : options.longRangeCutoff;
    const { onPhase, timestamps = false } = options;
    const opened = await openDevice(
      options.device ?? "auto",
      options.expectedAtoms,
      timestamps ? [timestampFeature] : [],
    );
    const { device } = opened;
    const tile = tiles[options.tile ?? (opened.kind === "software" ? "software" : "hardware")];
    const readBack = await ReadBack.create(device, options.readBack, onPhase && (() => onPhase("computation")));
    const pipelines = await createPipelines(device, kernelConstants(network, weights, tile, longRangeCutoff));
    const weightBuffer = device.createBuffer({
      label: "weights",
      size: weights.data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(weightBuffer, 0, weights.data);
    return new WebGpuEngine(
      {
        device,
        network,
        weights,
        weightBuffer,
        radialTexture: createRadialTexture(device, weights.radialTable),
        pipelines,
        tile,
        longRangeCutoff,
        preparation: new SystemPreparation(network),
        polarizabilities: network.dispersion === null ? null : referencePolarizabilities(network.dispersion),
        onPhase,
      },
      readBack,
      opened,
    );
  }

  /**
   * Evaluates a batch in one submit.
   *
   * @param structures The structures; they are read, not kept.
   * @param slots How many of the five result slots to read back.
   * @returns Results of its own; calls may overlap.
   */
  async compute(structures: readonly Structure[], slots: number): Promise<DeviceResults> {
    if (this.#readBack.mode === "synchronous") {
      const results = this.computeSync(structures, slots);
      await this.#readBack.turn();
      return results;
    }
    // A staging buffer holds one result at a time, so calls that overlap wait for one another.
    const results = this.#pending.then(async () => {
      const batch = this.#submit(structures, slots);
      await this.#readBack.read(batch.staging, batch.target(slots));
      return this.#results(batch, slots);
    });
    this.#pending = results.catch(() => {});
    return await results;
  }

  /** {@linkcode compute} without a turn of the event loop, where the runtime reads back synchronously. */
  computeSync(structures: readonly Structure[], slots: number): DeviceResults {
    const batch = this.#submit(structures, slots);
    this.#readBack.readSync(batch.staging, batch.target(slots));
    return this.#results(batch, slots);
  }

  /**
   * What each kernel takes of an evaluation of a batch, measured by the device itself: the batch is evaluated as
   * {@linkcode compute} does, and again with a timestamp at the beginning and the end of every dispatch.
   *
   * @returns In the order of a kernel's first dispatch; `null` where the adapter has no timestamps or the engine was not
   * made with the option `timestamps`.
   */
  async timeKernels(structures: readonly Structure[]): Promise<KernelTime[] | null> {
    if (!this.#state.device.features.has(timestampFeature)) return null;
    await this.compute(structures, resultSlots);
    return await this.#batches.at(-1)!.timeKernels();
  }

  /** Bytes of the largest buffer that a kernel can use. */
  get largestBinding(): number {
    return this.#state.device.limits.maxStorageBufferBindingSize;
  }

  /** Frees the device. */
  destroy(): void {
    for (const batch of this.#batches) batch.destroy();
    this.#batches = [];
    this.#state.weightBuffer.destroy();
    this.#state.radialTexture.destroy();
    this.#state.device.destroy();
  }

  #results(batch: DeviceBatch, slots: number): DeviceResults {
    const results = batch.results(slots);
    this.#state.onPhase?.("read-back");
    return results;
  }

  #submit(structures: readonly Structure[], slots: number): DeviceBatch {
    const place = this.#batches.findLastIndex((batch) => batch.serves(structures));
    if (place < 0) {
      if (this.#batches.length >= keptBatches) this.#batches.shift()!.destroy();
      this.#batches.push(new DeviceBatch(this.#state, structures));
    } else if (place < this.#batches.length - 1) this.#batches.push(...this.#batches.splice(place, 1));
    const batch = this.#batches.at(-1)!;
    batch.submit(structures, slots);
    return batch;
  }
}
