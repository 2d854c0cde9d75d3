import type { ModuleInputs } from "../reference/module_inputs.ts";
import { completeCell, invertCell } from "../structure/cell.ts";
import { NeighbourList } from "../structure/neighbour_list.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";
import type { Tile } from "./tile.ts";
import { type BatchIndices, concatenate, positionsLength, type StructurePairs, writePositions } from "./batch.ts";
import { DeviceError } from "./device.ts";
import { type ElementPlaces, elementRows, placeElements, referenceC6Rows } from "./element_table.ts";
import { resultSlots } from "./kernel_constants.ts";
import { firstInputCount, type NetworkPlan, planNetwork } from "./plan/network_plan.ts";
import { repulsionPolynomials } from "./radial_tables.ts";
import { vec4s } from "./vec4s.ts";
import { type KernelTime, KernelTimer } from "./kernel_times.ts";
import { bindings } from "./pipelines.ts";
import { parameterBlockSize, type Plan } from "./plan/plan.ts";
import { StagingBuffer } from "./read_back.ts";
import type { DeviceResults, EngineState } from "./webgpu_engine.ts";

/**
 * How much farther than the cutoff neighbours are listed, Å, so that lists outlive some steps. A pair beyond the cutoff costs
 * a software driver half as much as one within it; for hardware the host's new list is what costs.
 */
const skins: Readonly<Record<Tile["name"], number>> = { software: 0.3, hardware: 0.4 };

/** A buffer that is made anew, with room to spare, when it becomes too small. */
class GrowingBuffer {
  readonly label: string;
  readonly usage: number;
  #device: GPUDevice;
  #buffer: GPUBuffer | null = null;

  constructor(device: GPUDevice, label: string, usage: number) {
    this.#device = device;
    this.label = label;
    this.usage = usage;
  }

  /** The buffer, which holds at least `size` bytes, and whether it is a new one. */
  ensure(size: number): boolean {
    if (this.#buffer !== null && this.#buffer.size >= size) return false;
    const { maxStorageBufferBindingSize } = this.#device.limits;
    if (size > maxStorageBufferBindingSize) {
      throw new DeviceError(
        `Expected at most ${maxStorageBufferBindingSize} bytes of ${this.label} in one batch, the device's limit, ` +
          `but found ${size}; use fewer structures at once, or --device cpu`,
      );
    }
    const room = this.#buffer === null ? size : Math.min(Math.ceil(size * 1.25), maxStorageBufferBindingSize);
    this.#buffer?.destroy();
    this.#buffer = this.#device.createBuffer({
      label: this.label,
      size: Math.max(256, 16 * Math.ceil(room / 16)),
      usage: this.usage,
    });
    return true;
  }

  get buffer(): GPUBuffer {
    return this.#buffer!;
  }

  destroy(): void {
    this.#buffer?.destroy();
    this.#buffer = null;
  }
}

/** A plan with its parameter blocks on the device. */
interface DevicePlan {
  readonly plan: Plan;
  /** Of each dispatch. */
  readonly pipelines: readonly GPUComputePipeline[];
  readonly parameters: GPUBuffer;
  readonly bindGroup: GPUBindGroup;
  /** Of each dispatch where its parameter block stands, bytes. */
  readonly offsets: Uint32Array<ArrayBuffer>;
}

/**
 * The device state of a batch of structures whose elements, charges and spins stay the same while their atoms move:
 * neighbour lists, buffers, bind groups and the lists of dispatches.
 */
export class DeviceBatch {
  readonly atoms: number;
  readonly staging: StagingBuffer;
  #state: EngineState;
  #lists: { network: NeighbourList; longRange: NeighbourList | null }[];
  #pairs: StructurePairs[] = [];
  #systems: readonly System[];
  #indices: BatchIndices | null = null;
  #elementOf: ReadonlyMap<number, number>;
  #places: ElementPlaces;
  #positions = new Float32Array(0);
  #target: Float32Array;
  #features: GrowingBuffer;
  #pairsBuffer: GrowingBuffer;
  #indicesBuffer: GrowingBuffer;
  #positionsBuffer: GrowingBuffer;
  #elementsBuffer: GPUBuffer;
  #results: GPUBuffer;
  #step: DevicePlan | null = null;

  constructor(state: EngineState, structures: readonly Structure[]) {
    const { device, network, longRangeCutoff, tile } = state;
    const skin = skins[tile.name];
    this.#state = state;
    this.atoms = structures.reduce((sum, { numbers }) => sum + numbers.length, 0);
    const longRangeTerms = network.hyperparameters.electrostatics || network.dispersion !== null;
    this.#lists = structures.map((structure) => {
      requirePairsOfLongRange(structure, longRangeTerms, longRangeCutoff);
      return {
        network: new NeighbourList(network.hyperparameters.cutoff, skin),
        longRange: longRangeTerms && longRangeCutoff !== null ? new NeighbourList(longRangeCutoff, skin) : null,
      };
    });
    this.#systems = structures.map(systemOf);
    const elements = [...new Set(structures.flatMap(({ numbers }) => [...numbers]))].sort((a, b) => a - b);
    this.#elementOf = new Map(elements.map((Z, e) => [Z, e]));
    const places = placeElements(network, elements, structures.length, state.weights.radialTable.intervals);
    this.#places = places;
    this.#elementsBuffer = createElementsBuffer(state, structures, elements, places);
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#features = new GrowingBuffer(device, "features", storage | GPUBufferUsage.COPY_SRC);
    this.#pairsBuffer = new GrowingBuffer(device, "pair features", storage | GPUBufferUsage.COPY_SRC);
    this.#indicesBuffer = new GrowingBuffer(device, "pair lists", storage);
    this.#positionsBuffer = new GrowingBuffer(device, "positions", storage);
    const resultBytes = this.atoms * resultSlots * 16;
    this.#results = device.createBuffer({
      label: "results",
      size: resultBytes,
      usage: storage | GPUBufferUsage.COPY_SRC,
    });
    this.staging = new StagingBuffer(device, resultBytes);
    this.#target = new Float32Array(this.atoms * resultSlots * 4);
  }

  /** Whether this is the device state for such structures: everything is equal but positions and cells. */
  serves(structures: readonly Structure[]): boolean {
    return structures.length === this.#systems.length &&
      structures.every((structure, s) => isSystem(structure, this.#systems[s]!));
  }

  /** The part of the results that `slots` slots fill. */
  target(slots: number): Float32Array {
    return this.#target.subarray(0, this.atoms * slots * 4);
  }

  /** What the staging buffer's copy holds, the caller's own. */
  results(slots: number): DeviceResults {
    const lonely = this.#pairs.map(({ network, longRange }, s) =>
      this.#systems[s]!.periodic.includes(true)
        ? network.pairCount + (longRange?.pairCount ?? 0) === 0
        : network.atomCount === 1
    );
    return { data: this.target(slots).slice(), atoms: this.atoms, lonely };
  }

  /** Uploads the positions, evaluates, and copies `slots` slots of the results to the staging buffer. */
  submit(structures: readonly Structure[], slots: number): void {
    const { device } = this.#state;
    if (this.#updatePairs(structures)) this.#rebuild(structures);
    this.#state.onPhase?.("neighbour list");
    writePositions(structures, this.#pairs, this.#indices!, this.#positions);
    device.queue.writeBuffer(this.#positionsBuffer.buffer, 0, this.#positions);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const step = this.#step!;
    for (let k = 0; k < step.plan.dispatches.length; k++) encode(pass, step, k, k > 0);
    pass.end();
    encoder.copyBufferToBuffer(this.#results, 0, this.staging.buffer, 0, this.atoms * slots * 16);
    const commands = encoder.finish();
    this.#state.onPhase?.("upload");
    device.queue.submit([commands]);
  }

  /** What each kernel takes of the last evaluation, which is repeated with a pass for each dispatch. */
  async timeKernels(): Promise<KernelTime[]> {
    const { device } = this.#state;
    const step = this.#step!;
    const { dispatches } = step.plan;
    const timer = new KernelTimer(device, dispatches.length);
    const encoder = device.createCommandEncoder();
    dispatches.forEach((_, k) => {
      const pass = encoder.beginComputePass(timer.pass(k));
      encode(pass, step, k, false);
      pass.end();
    });
    timer.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    const times = await timer.read(dispatches);
    timer.destroy();
    return times;
  }

  /** Frees all buffers. */
  destroy(): void {
    for (const buffer of [this.#features, this.#pairsBuffer, this.#indicesBuffer, this.#positionsBuffer]) {
      buffer.destroy();
    }
    this.#elementsBuffer.destroy();
    this.#results.destroy();
    this.staging.buffer.destroy();
    this.#step?.parameters.destroy();
  }

  /** Brings the pair lists up to date; returns whether any of them changed. */
  #updatePairs(structures: readonly Structure[]): boolean {
    let changed = this.#pairs.length === 0;
    structures.forEach((structure, s) => {
      const { network, longRange } = this.#lists[s]!;
      const near = network.update(structure);
      const far = longRange?.update(structure) ?? null;
      const before = this.#pairs[s];
      if (!near.rebuilt && !(far?.rebuilt ?? false) && before !== undefined) return;
      const now = { network: near.pairs, longRange: far?.pairs ?? null, wraps: wraps(structure) };
      // all atoms of a small molecule remain each other's neighbours however they move
      if (before !== undefined && isSameList(before, now)) return;
      changed = true;
      this.#pairs[s] = now;
    });
    return changed;
  }

  /** Lays out the batch for its present pairs. */
  #rebuild(structures: readonly Structure[]): void {
    const { device, network, weights, tile } = this.#state;
    const indices = concatenate(structures, this.#pairs, this.#elementOf, tile);
    this.#indices = indices;
    const plan = planNetwork(network, weights, indices, this.#places, tile);
    this.#indicesBuffer.ensure(indices.data.byteLength);
    device.queue.writeBuffer(this.#indicesBuffer.buffer, 0, indices.data);
    this.#positions = new Float32Array(positionsLength(indices));
    this.#positionsBuffer.ensure(this.#positions.byteLength);
    this.#pairsBuffer.ensure(16 * plan.pairsLength);
    // The first inputs stand where the number of pairs does not matter, so they outlive this layout.
    if (this.#features.ensure(16 * plan.featuresLength)) {
      device.queue.writeBuffer(this.#features.buffer, 16 * plan.firstInputs, firstInputs(this.#state, structures));
    }
    this.#step?.parameters.destroy();
    this.#step = this.#devicePlan(plan.step);
    checkDispatches(plan, device);
  }

  #devicePlan(plan: Plan): DevicePlan {
    const { device, pipelines, weightBuffer, radialTexture } = this.#state;
    const parameters = device.createBuffer({
      label: "parameters",
      size: plan.parameters.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(parameters, 0, plan.parameters);
    const storage: [number, GPUBuffer][] = [
      [bindings.weights, weightBuffer],
      [bindings.features, this.#features.buffer],
      [bindings.pairs, this.#pairsBuffer.buffer],
      [bindings.indices, this.#indicesBuffer.buffer],
      [bindings.positions, this.#positionsBuffer.buffer],
      [bindings.elements, this.#elementsBuffer],
      [bindings.results, this.#results],
    ];
    const bindGroup = device.createBindGroup({
      layout: pipelines.layout,
      entries: [
        { binding: bindings.parameters, resource: { buffer: parameters, size: parameterBlockSize } },
        ...storage.map(([binding, buffer]) => ({ binding, resource: { buffer } })),
        { binding: bindings.radialTable, resource: radialTexture.createView() },
      ],
    });
    const offsets = Uint32Array.from(plan.dispatches, (dispatch) => dispatch.parameters);
    const ofDispatches = plan.dispatches.map((dispatch) => pipelines.of(dispatch));
    return { plan, pipelines: ofDispatches, parameters, bindGroup, offsets };
  }
}

/**
 * Encodes dispatch k of a plan. For each dispatch of a step, so in terms that cost little: offsets as an array of which one
 * is taken (0.4 µs against 0.9 µs for an array made for it), the pipeline only where it changes.
 *
 * @param follows Whether the dispatch before is in the same pass.
 */
function encode(
  pass: GPUComputePassEncoder,
  { plan: { dispatches }, pipelines, bindGroup, offsets }: DevicePlan,
  k: number,
  follows: boolean,
): void {
  const { x, y, z } = dispatches[k]!;
  if (!follows || pipelines[k - 1] !== pipelines[k]) pass.setPipeline(pipelines[k]!);
  pass.setBindGroup(0, bindGroup, offsets, k, 1);
  pass.dispatchWorkgroups(x, y, z);
}

function isSameList(before: StructurePairs, now: StructurePairs): boolean {
  return isSameArray(before.wraps, now.wraps) && isSamePairs(before.network, now.network) &&
    isSamePairs(before.longRange, now.longRange);
}

function isSamePairs(before: PairList | null, now: PairList | null): boolean {
  if (before === null || now === null || before === now) return before === now;
  return isSameArray(before.first, now.first) && isSameArray(before.second, now.second) &&
    isSameArray(before.shift, now.shift);
}

function isSameArray(before: Int32Array | null, now: Int32Array | null): boolean {
  if (before === null || now === null) return before === now;
  return before.length === now.length && before.every((value, at) => value === now[at]);
}

/** What of a structure stays the same while its atoms and its cell move. */
interface System {
  readonly numbers: Uint8Array;
  readonly charge: number;
  readonly unpaired: number;
  /** Along which axes it repeats; none without a cell. */
  readonly periodic: readonly boolean[];
}

/** A copy: hosts use their arrays again. */
function systemOf({ numbers, charge, unpaired, cell, periodic }: Structure): System {
  return { numbers: numbers.slice(), charge, unpaired, periodic: periodic.map((along) => cell !== null && along) };
}

function isSystem({ numbers, charge, unpaired, cell, periodic }: Structure, system: System): boolean {
  if (charge !== system.charge || unpaired !== system.unpaired || numbers.length !== system.numbers.length) {
    return false;
  }
  for (let axis = 0; axis < 3; axis++) {
    if ((cell !== null && periodic[axis]!) !== system.periodic[axis]) return false;
  }
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== system.numbers[i]) return false;
  return true;
}

/** A periodic structure needs a finite range of electrostatics and dispersion. */
function requirePairsOfLongRange(structure: Structure, terms: boolean, cutoff: number | null): void {
  if (structure.cell !== null && structure.periodic.includes(true) && terms && cutoff === null) {
    throw new RangeError(
      "Expected a long-range cutoff for a periodic structure but the model has none; give one with --lr-cutoff, " +
        "or leave out the cell for a cluster",
    );
  }
}

/** Whole cell vectors to take off each atom's position `[N][3]`, relative to the first atom. */
function wraps(structure: Structure): Int32Array | null {
  const { cell, periodic, positions } = structure;
  if (cell === null || !periodic.includes(true)) return null;
  const inverse = invertCell(completeCell({ cell, periodic }));
  const result = new Int32Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      if (!periodic[k]) continue;
      let fraction = 0;
      for (let c = 0; c < 3; c++) fraction += (positions[i + c]! - positions[c]!) * inverse[3 * c + k]!;
      result[i + k] = Math.round(fraction);
    }
  }
  return result;
}

/** Element rows, charges of the structures and the C6 table in one buffer. */
function createElementsBuffer(
  state: EngineState,
  structures: readonly Structure[],
  elements: readonly number[],
  places: ElementPlaces,
): GPUBuffer {
  const { device, network, polarizabilities } = state;
  const data = new Float32Array(4 * places.length);
  data.set(elementRows(network, elements), 4 * places.table);
  structures.forEach(({ charge }, s) => data[4 * (places.charges + s)] = charge);
  if (network.dispersion !== null && polarizabilities !== null) {
    data.set(referenceC6Rows(network.dispersion, polarizabilities, elements), places.c6);
  }
  if (network.repulsion !== null) {
    const { interval } = state.weights.radialTable;
    const table = repulsionPolynomials(network.repulsion, network.hyperparameters.cutoff, elements, interval);
    data.set(table, 4 * places.repulsion);
  }
  const buffer = device.createBuffer({
    label: "elements",
    size: data.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** The first module's inputs of all atoms `[6][atom][F]`, rows padded to whole vec4s; see {@linkcode NetworkPlan}. */
function firstInputs(state: EngineState, structures: readonly Structure[]): Float32Array<ArrayBuffer> {
  const F = state.network.features;
  const width = 4 * vec4s(F);
  const atoms = structures.reduce((sum, { numbers }) => sum + numbers.length, 0);
  const rows = new Float32Array(firstInputCount * atoms * width);
  const known = new Map<string, ModuleInputs>();
  let first = 0;
  for (const { numbers, charge, unpaired } of structures) {
    const key = `${numbers} ${charge} ${unpaired}`;
    const inputs = known.get(key) ?? state.preparation.firstInputs({ numbers, charge, unpaired });
    known.set(key, inputs);
    const { x, local, nonlocal } = inputs;
    [x, local.x, local.s, local.p, local.d, nonlocal].forEach((array, a) => {
      for (let i = 0; i < numbers.length; i++) {
        rows.set(array.subarray(i * F, (i + 1) * F), (a * atoms + first + i) * width);
      }
    });
    first += numbers.length;
  }
  return rows;
}

/** Workgroups in each direction are limited. */
function checkDispatches(plan: NetworkPlan, device: GPUDevice): void {
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  for (const { kernel, x, y, z } of plan.step.dispatches) {
    if (Math.max(x, y, z) > limit) {
      throw new DeviceError(
        `Expected at most ${limit} workgroups a dispatch but found ${Math.max(x, y, z)} in ${kernel}; ` +
          "use fewer structures at once",
      );
    }
  }
}
