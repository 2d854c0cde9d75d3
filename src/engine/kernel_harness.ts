import type { Network } from "../model/network.ts";
import { kernelConstants } from "./kernel_constants.ts";
import type { PackedWeights } from "./packed_weights.ts";
import { bindings, createPipelines, type Pipelines } from "./pipelines.ts";
import { createRadialTexture } from "./radial_texture.ts";
import { parameterBlockSize, type Plan } from "./plan/plan.ts";
import type { Tile } from "./tile.ts";

/** What the buffers of the shared bind group hold before a kernel runs; those not given are of no use to it. */
export interface KernelBuffers {
  readonly weights?: Float32Array<ArrayBuffer>;
  readonly features?: Float32Array<ArrayBuffer>;
  readonly pairs?: Float32Array<ArrayBuffer>;
  readonly indices?: Uint32Array<ArrayBuffer>;
  readonly positions?: Float32Array<ArrayBuffer>;
  readonly elements?: Float32Array<ArrayBuffer>;
  readonly results?: Float32Array<ArrayBuffer>;
}

/** What the buffers that kernels write hold afterwards. */
export interface KernelOutputs {
  readonly features: Float32Array;
  readonly pairs: Float32Array;
  readonly results: Float32Array;
}

/** Runs single kernels on buffers that the caller fills. */
export class KernelHarness {
  readonly tile: Tile;
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #radialTable: GPUTextureView;

  private constructor(device: GPUDevice, pipelines: Pipelines, radialTable: GPUTextureView, tile: Tile) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#radialTable = radialTable;
    this.tile = tile;
  }

  /**
   * Compiles all kernels for a network.
   *
   * @throws {DeviceError} where the driver refuses a kernel.
   */
  static async create(
    device: GPUDevice,
    network: Network,
    weights: PackedWeights,
    tile: Tile,
    longRangeCutoff: number | null,
  ): Promise<KernelHarness> {
    const constants = kernelConstants(network, weights, tile, longRangeCutoff);
    const radialTable = createRadialTexture(device, weights.radialTable).createView();
    return new KernelHarness(device, await createPipelines(device, constants), radialTable, tile);
  }

  /** Runs the dispatches of a plan on buffers of these contents, and reads back those that kernels write. */
  async run(plan: Plan, contents: KernelBuffers): Promise<KernelOutputs> {
    const device = this.#device;
    const owned: GPUBuffer[] = [];
    const upload = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | undefined, usage: number) => {
      const size = Math.max(256, data?.byteLength ?? 0);
      const buffer = device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
      owned.push(buffer);
      if (data !== undefined) device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    };
    const storage = GPUBufferUsage.STORAGE;
    const buffers = {
      weights: upload(contents.weights, storage),
      features: upload(contents.features, storage),
      pairs: upload(contents.pairs, storage),
      indices: upload(contents.indices, storage),
      positions: upload(contents.positions, storage),
      elements: upload(contents.elements, storage),
      results: upload(contents.results, storage),
    };
    const parameters = upload(plan.parameters, GPUBufferUsage.UNIFORM);
    const bindGroup = device.createBindGroup({
      layout: this.#pipelines.layout,
      entries: [
        { binding: bindings.parameters, resource: { buffer: parameters, size: parameterBlockSize } },
        ...Object.entries(buffers).map(([name, buffer]) => ({
          binding: bindings[name as keyof typeof buffers],
          resource: { buffer },
        })),
        { binding: bindings.radialTable, resource: this.#radialTable },
      ],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const dispatch of plan.dispatches) {
      pass.setPipeline(this.#pipelines.of(dispatch));
      pass.setBindGroup(0, bindGroup, [dispatch.parameters]);
      pass.dispatchWorkgroups(dispatch.x, dispatch.y, dispatch.z);
    }
    pass.end();
    const stage = (source: GPUBuffer, data: Float32Array | undefined) => {
      const size = data?.byteLength ?? 0;
      if (size === 0) return null;
      const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      owned.push(staging);
      encoder.copyBufferToBuffer(source, 0, staging, 0, size);
      return staging;
    };
    const staged = {
      features: stage(buffers.features, contents.features),
      pairs: stage(buffers.pairs, contents.pairs),
      results: stage(buffers.results, contents.results),
    };
    device.queue.submit([encoder.finish()]);
    const [features, pairs, results] = await Promise.all([staged.features, staged.pairs, staged.results].map(read));
    for (const buffer of owned) buffer.destroy();
    return { features: features!, pairs: pairs!, results: results! };
  }
}

async function read(staging: GPUBuffer | null): Promise<Float32Array> {
  if (staging === null) return new Float32Array(0);
  await staging.mapAsync(GPUMapMode.READ);
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.unmap();
  return data;
}
