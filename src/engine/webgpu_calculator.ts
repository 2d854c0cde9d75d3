import type { Network } from "../model/network.ts";
import { checkCoordinates, checkElements, checkProperties } from "../reference/checks.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { assembleResults, slotsFor } from "./assemble_results.ts";
import { batchesOf } from "./batch_size.ts";
import { computeHessian } from "./batched_hessian.ts";
import type { Calculator } from "./calculator.ts";
import type { DeviceDescription } from "./device.ts";
import type { WebGpuEngine } from "./webgpu_engine.ts";

const defaultProperties: readonly Property[] = ["energy", "forces"];

/** {@linkcode Calculator} on a WebGPU device. */
export class WebGpuCalculator implements Calculator {
  #network: Network;
  #engine: WebGpuEngine;
  readonly device: DeviceDescription;

  /** @param engine Of the same network; destroyed with the calculator. */
  constructor(network: Network, engine: WebGpuEngine) {
    this.#network = network;
    this.#engine = engine;
    this.device = engine.description;
  }

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  async compute(
    input: Structure | readonly Structure[],
    properties: Iterable<Property> = defaultProperties,
  ): Promise<Result | Result[]> {
    const wanted = new Set(properties);
    const structures = "numbers" in input ? [input] : input;
    this.#check(structures, wanted);
    const results: Result[] = [];
    for (const batch of batchesOf(structures, this.#network, this.#engine.largestBinding)) {
      const raw = await this.#engine.compute(batch, slotsFor(wanted));
      results.push(...assembleResults(this.#network, batch, raw, wanted));
    }
    if (wanted.has("hessian")) {
      for (const [s, structure] of structures.entries()) {
        const hessian = await computeHessian(structure, (displaced) => this.compute(displaced));
        results[s] = { ...results[s]!, hessian };
      }
    }
    return "numbers" in input ? results[0]! : results;
  }

  computeSync(structures: readonly Structure[], properties: Iterable<Property> = defaultProperties): Result[] {
    const wanted = new Set(properties);
    if (wanted.has("hessian")) throw new RangeError("Expected properties other than the Hessian in a synchronous call");
    this.#check(structures, wanted);
    return batchesOf(structures, this.#network, this.#engine.largestBinding).flatMap((batch) =>
      assembleResults(this.#network, batch, this.#engine.computeSync(batch, slotsFor(wanted)), wanted)
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#engine.destroy();
    return Promise.resolve();
  }

  #check(structures: readonly Structure[], wanted: ReadonlySet<Property>): void {
    checkProperties(this.#network, wanted);
    for (const structure of structures) {
      checkCoordinates(structure);
      checkElements(this.#network, structure.numbers);
    }
  }
}
