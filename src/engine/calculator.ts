import { buildNetwork } from "../model/build_network.ts";
import type { Model } from "../model/model.ts";
import type { Network } from "../model/network.ts";
import type { PhaseObserver } from "../structure/evaluation_phase.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { type DeviceDescription, MissingDeviceError } from "./device.ts";
import { missingKernel } from "./packed_weights.ts";
import { type DomainOptions, GuardedCalculator } from "./guarded_calculator.ts";
import { fasterOf } from "./device_trial.ts";
import type { Tile } from "./tile.ts";
import { ReferenceCalculator } from "./reference_calculator.ts";
import { WebGpuCalculator } from "./webgpu_calculator.ts";
import { WebGpuEngine } from "./webgpu_engine.ts";

/** How a calculator computes. */
export interface CalculatorOptions extends DomainOptions {
  /**
   * `gpu`: a graphics processor; `software`: the software Vulkan driver; `cpu`: the float64 engine on the processor; `auto`
   * (the default): a graphics processor where there is one that the model has kernels for and that is the faster of the two
   * for the expected number of atoms, else the processor. {@linkcode Calculator.device} says which and why.
   */
  readonly device?: "auto" | "gpu" | "software" | "cpu";
  /** Cutoff of electrostatics and dispersion, Å, in place of the model's. */
  readonly longRangeCutoff?: number;
  /**
   * About how many atoms will be computed together, by default few: `auto` tries devices with so many, the float64 engine
   * starts as many threads at once as pay for them, and from some 24 on Mesa's software driver is faster with threads (that
   * counts when a process opens its first device).
   */
  readonly expectedAtoms?: number;
  /**
   * The most threads that the float64 engine computes with, by default one for each processor core. A structure takes
   * as many as pay for its size; results do not depend on their number.
   */
  readonly threads?: number;
  /** Preset of the kernels' tile, in place of the device's own. */
  readonly tile?: Tile["name"];
  /** Called at the end of each part of an evaluation, for measurements. */
  readonly onPhase?: PhaseObserver;
}

/** Computes energies, forces and other properties of structures. */
export interface Calculator extends AsyncDisposable {
  /** What computes. */
  readonly device: DeviceDescription;
  /**
   * Computes one structure.
   *
   * @param structure Read, not changed or kept. Å, e.
   * @param properties What to compute; energy and forces always are.
   * @returns New arrays, the caller's; eV and Å.
   * @throws {RangeError} Where the structure is not one for this model: unknown elements, coincident atoms, coordinates
   * that are not finite, a property that the model lacks, or a periodic structure without a long-range cutoff.
   * @throws {DomainError} Where it is outside what the model was trained on and the calculator is strict.
   * @throws {Error} Where a result is not finite.
   */
  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  /** Computes structures of any sizes together, in as few submits as the device's limits allow. */
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  /**
   * Computes without a turn of the event loop, for callbacks from C.
   *
   * @throws {Error} Where the runtime does not read back synchronously (`device.readBack` is "awaited").
   */
  computeSync(structures: readonly Structure[], properties?: Iterable<Property>): Result[];
}

/**
 * Makes a calculator. It knows what the model was trained on, as far as the model says (`trainingDomain`): of structures
 * outside it warns once for each reason, refuses them where the options say so, and says why as the property `domain`.
 *
 * @param model Kept, not changed.
 * @throws {DeviceError} Where the device asked for is not there.
 * @throws {ModelFileError} Where the model's tensors do not fit its hyperparameters.
 *
 * @example Energy of a water molecule
 * ```ts
 * import assert from "node:assert/strict";
 * import { createCalculator, createStructure, loadModel } from "@spookynet/force-provider";
 *
 * const model = await loadModel("tests/fixtures/tiny.safetensors");
 * await using calculator = await createCalculator(model, { device: "cpu" });
 * const water = createStructure({
 *   symbols: ["O", "H", "H"],
 *   positions: [[0, 0, 0.119262], [0, 0.763239, -0.477047], [0, -0.763239, -0.477047]],
 * });
 * const { energy, charges } = await calculator.compute(water, ["charges"]);
 *
 * assert(Number.isFinite(energy));
 * assert.equal(charges!.length, 3);
 * ```
 */
export async function createCalculator(model: Model, options: CalculatorOptions = {}): Promise<Calculator> {
  const { calculator, reason } = await openCalculator(buildNetwork(model), options);
  return new GuardedCalculator(calculator, model, options, reason);
}

/** What `device` stands for. */
interface Choice {
  readonly calculator: Calculator;
  /** Why `auto` takes it. */
  readonly reason?: string;
}

async function openCalculator(network: Network, options: CalculatorOptions): Promise<Choice> {
  const { device = "auto", longRangeCutoff } = options;
  if (longRangeCutoff !== undefined && !(longRangeCutoff > 0 && longRangeCutoff < Infinity)) {
    throw new RangeError(`Expected a positive long-range cutoff in Å but found ${longRangeCutoff}`);
  }
  if (device === "auto") return await openFastest(network, options);
  if (device === "cpu") return { calculator: openProcessor(network, options) };
  return { calculator: new WebGpuCalculator(network, await openEngine(network, device, options)) };
}

/** What `auto` stands for: the faster of the graphics processor and the processor. */
async function openFastest(network: Network, options: CalculatorOptions): Promise<Choice> {
  const missing = missingKernel(network);
  if (missing !== null) return { calculator: openProcessor(network, options), reason: `${missing} has no kernel` };
  let chosen = false;
  const onPhase: PhaseObserver = (ended) => chosen && options.onPhase?.(ended);
  const tried = { ...options, onPhase };
  await using opened = new AsyncDisposableStack();
  let graphics: WebGpuCalculator;
  try {
    graphics = opened.use(new WebGpuCalculator(network, await openEngine(network, "gpu", tried)));
  } catch (error) {
    if (!(error instanceof MissingDeviceError)) throw error;
    return { calculator: openProcessor(network, options), reason: "there is no graphics processor" };
  }
  const processor = opened.use(openProcessor(network, tried));
  const { fastest, reason } = await fasterOf(graphics, processor, options.expectedAtoms ?? 1);
  const [calculator, other] = fastest === "gpu" ? [graphics, processor] : [processor, graphics];
  // From here on the one that is taken stays open.
  opened.move();
  await other[Symbol.asyncDispose]();
  chosen = true;
  return { calculator, reason };
}

async function openEngine(
  network: Network,
  device: "gpu" | "software",
  { tile, expectedAtoms, longRangeCutoff, onPhase }: CalculatorOptions,
): Promise<WebGpuEngine> {
  return await WebGpuEngine.create(network, {
    device,
    onPhase,
    ...(tile === undefined ? {} : { tile }),
    ...(expectedAtoms === undefined ? {} : { expectedAtoms }),
    ...(longRangeCutoff === undefined ? {} : { longRangeCutoff }),
  });
}

function openProcessor(
  network: Network,
  { longRangeCutoff, threads, expectedAtoms, onPhase }: CalculatorOptions,
): ReferenceCalculator {
  return new ReferenceCalculator(network, { longRangeCutoff, threads, expectedAtoms, onPhase });
}
