import type { KernelName } from "../../kernels/mod.ts";
import type { Dispatch } from "./plan/plan.ts";

/** What one kernel takes of an evaluation. */
export interface KernelTime {
  readonly kernel: KernelName;
  /** How often it is dispatched. */
  readonly dispatches: number;
  /** All its dispatches together, ms. */
  readonly milliseconds: number;
}

/** The feature a device needs, which adapters may lack. */
export const timestampFeature = "timestamp-query" satisfies GPUFeatureName;

/** Bytes of a timestamp. */
const timestampSize = 8;

/** Timestamps, ns, at the beginning and the end of each of a list of passes with one dispatch each. */
export class KernelTimer {
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  /** @param device Must have {@linkcode timestampFeature}. */
  constructor(device: GPUDevice, passes: number) {
    const count = 2 * passes;
    const size = count * timestampSize;
    this.#querySet = device.createQuerySet({ type: "timestamp", count });
    this.#resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    this.#staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  }

  /** How to begin pass k. */
  pass(k: number): GPUComputePassDescriptor {
    return {
      timestampWrites: {
        querySet: this.#querySet,
        beginningOfPassWriteIndex: 2 * k,
        endOfPassWriteIndex: 2 * k + 1,
      },
    };
  }

  /** Copies the timestamps to where they can be read, after the last pass. */
  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#querySet, 0, this.#querySet.count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, this.#staging.size);
  }

  /** Adds up what was submitted, by kernel, in the order of their first dispatches. */
  async read(dispatches: readonly Dispatch[]): Promise<KernelTime[]> {
    await this.#staging.mapAsync(GPUMapMode.READ);
    const timestamps = new BigUint64Array(this.#staging.getMappedRange());
    const sums = new Map<KernelName, { dispatches: number; milliseconds: number }>();
    dispatches.forEach(({ kernel }, k) => {
      const sum = sums.get(kernel) ?? { dispatches: 0, milliseconds: 0 };
      sum.dispatches++;
      sum.milliseconds += Number(timestamps[2 * k + 1]! - timestamps[2 * k]!) / 1e6;
      sums.set(kernel, sum);
    });
    this.#staging.unmap();
    return [...sums].map(([kernel, sum]) => ({ kernel, ...sum }));
  }

  destroy(): void {
    this.#querySet.destroy();
    this.#resolved.destroy();
    this.#staging.destroy();
  }
}
