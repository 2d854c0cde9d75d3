/**
 * Reading results back from the device, the one place that knows how this is done fast.
 *
 * In Deno `mapAsync` blocks until the device is done, maps the buffer, and only then sleeps 10 ms before its promise
 * resolves (ext/webgpu/buffer.rs, polled every 10 ms). So the data are there when the call returns, and awaiting costs
 * 10 ms a step. This relies on an implementation detail, hence:
 * - staging buffers are made with `mappedAtCreation` and unmapped ("primed"): reading one that was never mapped aborts the
 *   process;
 * - the way is tried at start, on the Deno releases it is known of, and otherwise the promise is awaited, visibly
 *   (`readBack: "awaited"` in the device's description);
 * - forgotten promises live for 10 ms and some 4 kB each: the event loop gets a turn now and then.
 */

/** How results come back: at once, or by awaiting the map. */
export type ReadBackMode = "synchronous" | "awaited";

/** Reads between two turns of the event loop; a turn settles some hundred promises, no more. */
const readsPerTurn = 100;

/** A staging buffer that can be read at once. */
export class StagingBuffer {
  readonly buffer: GPUBuffer;

  constructor(device: GPUDevice, size: number) {
    this.buffer = device.createBuffer({
      label: "staging",
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      mappedAtCreation: true,
    });
    this.buffer.unmap();
  }
}

/** Reads staging buffers in the way that was found to work. */
export class ReadBack {
  readonly mode: ReadBackMode;
  readonly #onMapped: (() => void) | undefined;
  #reads = 0;

  private constructor(mode: ReadBackMode, onMapped: (() => void) | undefined) {
    this.mode = mode;
    this.#onMapped = onMapped;
  }

  /**
   * Finds out whether this runtime reads back synchronously.
   *
   * @param mode The way to take, instead of finding out.
   * @param onMapped Called when the device is done, before its results are copied.
   */
  static async create(device: GPUDevice, mode?: ReadBackMode, onMapped?: () => void): Promise<ReadBack> {
    return new ReadBack(mode ?? (await readsSynchronously(device) ? "synchronous" : "awaited"), onMapped);
  }

  /**
   * Copies what was submitted into the buffer out of it, without a turn of the event loop.
   *
   * @throws {Error} where the runtime cannot; see {@linkcode mode}.
   */
  readSync(staging: StagingBuffer, target: Float32Array): void {
    if (this.mode !== "synchronous") {
      throw new Error("Expected a runtime that maps buffers synchronously; this one needs the asynchronous call");
    }
    this.#reads++;
    mapAtOnce(staging);
    this.#onMapped?.();
    copyRange(staging, target);
  }

  /** Copies what was submitted into the buffer out of it. */
  async read(staging: StagingBuffer, target: Float32Array): Promise<void> {
    if (this.mode === "awaited") {
      await staging.buffer.mapAsync(GPUMapMode.READ);
      this.#onMapped?.();
      copyRange(staging, target);
      return;
    }
    this.readSync(staging, target);
    await this.turn();
  }

  /** Gives the event loop a turn where it is due. */
  async turn(): Promise<void> {
    if (this.#reads < readsPerTurn) return;
    this.#reads = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Maps without awaiting. */
function mapAtOnce(staging: StagingBuffer): void {
  // The promise settles 10 ms later, after the unmap, and says nothing that matters.
  staging.buffer.mapAsync(GPUMapMode.READ).catch(() => {});
}

function copyRange(staging: StagingBuffer, target: Float32Array): void {
  target.set(new Float32Array(staging.buffer.getMappedRange(0, target.byteLength)));
  staging.buffer.unmap();
}

/** Whether three known patterns come back at once. */
async function readsSynchronously(device: GPUDevice): Promise<boolean> {
  const version = (globalThis as { Deno?: { version: { deno: string } } }).Deno?.version.deno;
  if (version === undefined || !/^2\.(9|[1-9]\d)\./.test(version)) return false;
  const source = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const staging = new StagingBuffer(device, 16);
  const received = new Float32Array(4);
  try {
    for (let turn = 1; turn <= 3; turn++) {
      const sent = Float32Array.of(turn, -turn, 0.5 * turn, 1 / turn);
      device.queue.writeBuffer(source, 0, sent);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, 0, staging.buffer, 0, 16);
      device.queue.submit([encoder.finish()]);
      mapAtOnce(staging);
      copyRange(staging, received);
      if (received.some((value, i) => value !== sent[i])) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  } finally {
    // Let the forgotten promises settle before the buffers go.
    await new Promise((resolve) => setTimeout(resolve, 15));
    source.destroy();
    staging.buffer.destroy();
  }
}
