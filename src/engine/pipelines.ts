import { type KernelName, type KernelSource, kernelSources } from "../../kernels/mod.ts";
import { DeviceError } from "./device.ts";
import { type Dispatch, parameterBlockSize } from "./plan/plan.ts";
import { expandTemplate } from "./template.ts";

/** All pipelines of one model and tile, with the bind group layout that they share. */
export class Pipelines {
  readonly layout: GPUBindGroupLayout;
  readonly #byKernel: ReadonlyMap<KernelName, GPUComputePipeline>;
  readonly #withRows: (kernel: KernelName, rows: number) => GPUComputePipeline;
  readonly #byRows = new Map<string, GPUComputePipeline>();

  /** @param withRows Compiles a kernel for workgroups of so many rows. */
  constructor(
    layout: GPUBindGroupLayout,
    byKernel: ReadonlyMap<KernelName, GPUComputePipeline>,
    withRows: (kernel: KernelName, rows: number) => GPUComputePipeline,
  ) {
    this.layout = layout;
    this.#byKernel = byKernel;
    this.#withRows = withRows;
  }

  /** The pipeline of a dispatch. */
  of({ kernel, workgroupRows }: Dispatch): GPUComputePipeline {
    if (workgroupRows === undefined) return this.#byKernel.get(kernel)!;
    const key = `${kernel} ${workgroupRows}`;
    const pipeline = this.#byRows.get(key) ?? this.#withRows(kernel, workgroupRows);
    this.#byRows.set(key, pipeline);
    return pipeline;
  }
}

/** The buffers of the shared bind group, by binding; `kernels/*.wgsl` declare the ones they use. */
export const bindings = {
  parameters: 0,
  weights: 1,
  features: 2,
  pairs: 3,
  indices: 4,
  positions: 5,
  elements: 6,
  results: 7,
  radialTable: 8,
} as const;

/** One bind group layout serves every kernel: a parameter block at a dynamic offset, seven storage buffers and a texture. */
function createLayout(device: GPUDevice): GPUBindGroupLayout {
  const writable: number[] = [bindings.features, bindings.pairs, bindings.results];
  const others: number[] = [bindings.parameters, bindings.radialTable];
  const storage = Object.values(bindings).filter((binding) => !others.includes(binding));
  return device.createBindGroupLayout({
    entries: [
      {
        binding: bindings.parameters,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: parameterBlockSize },
      },
      ...storage.map((binding): GPUBindGroupLayoutEntry => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: writable.includes(binding) ? "storage" : "read-only-storage" },
      })),
      {
        binding: bindings.radialTable,
        visibility: GPUShaderStage.COMPUTE,
        texture: { sampleType: "unfilterable-float" },
      },
    ],
  });
}

/** The whole WGSL text of one kernel. */
export function kernelText(source: KernelSource, constants: Readonly<Record<string, number | string>>): string {
  const body = expandTemplate(source.parts.join("\n"), constants);
  // Only what the text uses, so that a text does not change (and is not compiled again) for what it ignores.
  const names = collectNames(body, constants);
  const declarations = Object.entries(constants).filter(([name]) => names.has(name)).map(([name, value]) =>
    `const ${name} = ${typeof value === "number" ? `${value}u` : value.includes(",") ? `vec4<f32>(${value})` : value};`
  );
  return `${declarations.join("\n")}\n${body}`;
}

/** The constants that a text uses, directly or through another constant. */
function collectNames(body: string, constants: Readonly<Record<string, number | string>>): Set<string> {
  const names = new Set<string>();
  const queue = [body];
  for (let text = queue.pop(); text !== undefined; text = queue.pop()) {
    for (const [word] of text.matchAll(/\b[A-Z][A-Z0-9_]*\b/g)) {
      if (names.has(word) || !(word in constants)) continue;
      names.add(word);
      queue.push(String(constants[word]));
    }
  }
  return names;
}

/**
 * Compiles all kernels.
 *
 * @throws {DeviceError} with the driver's message and the kernel's name.
 */
export async function createPipelines(
  device: GPUDevice,
  constants: Readonly<Record<string, number | string>>,
): Promise<Pipelines> {
  const layout = createLayout(device);
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const pipelines = new Map<KernelName, GPUComputePipeline>();
  const modules = new Map<string, GPUShaderModule>();
  const moduleOf = new Map<KernelName, GPUShaderModule>();
  const create = (name: KernelName, constants: Record<string, number> = {}) =>
    device.createComputePipeline({
      label: name,
      layout: pipelineLayout,
      compute: { module: moduleOf.get(name)!, entryPoint: kernelSources[name].entry, constants },
    });
  for (const [name, source] of Object.entries(kernelSources) as [KernelName, KernelSource][]) {
    const code = kernelText(source, constants);
    device.pushErrorScope("validation");
    const module = modules.get(code) ?? device.createShaderModule({ label: name, code });
    modules.set(code, module);
    moduleOf.set(name, module);
    if (!("rows" in source)) pipelines.set(name, create(name));
    const error = await device.popErrorScope();
    if (error !== null) throw new DeviceError(`Kernel ${name} was refused by the driver: ${error.message}`);
  }
  return new Pipelines(layout, pipelines, (kernel, rows) => create(kernel, { ROWS: rows }));
}
