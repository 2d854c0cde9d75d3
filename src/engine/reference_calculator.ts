import { setImmediate } from "node:timers";
import type { Network } from "../model/network.ts";
import { ReferenceEngine, type ReferenceOptions } from "../reference/reference_engine.ts";
import { compileKernels } from "../reference/simd_operations.ts";
import { workerObstacle } from "../reference/worker_obstacle.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { Calculator } from "./calculator.ts";
import type { DeviceDescription } from "./device.ts";
import { processorCores } from "./processor_cores.ts";

/** Structures of a batch for each thread between two turns of the event loop. */
const structuresTogether = 4;

/** {@linkcode Calculator} on the float64 engine on the processor. */
export class ReferenceCalculator implements Calculator {
  readonly device: DeviceDescription;
  readonly #engine: ReferenceEngine;
  readonly #threads: number;

  /**
   * @param options As many threads as there are processor cores where it says nothing.
   * @throws RangeError as the engine does.
   */
  constructor(network: Network, options: Omit<ReferenceOptions, "kernels">) {
    const kernels = compileKernels();
    const { threads = processorCores() } = options;
    const obstacle = threads > 1 ? workerObstacle() : null;
    this.#threads = obstacle === null ? threads : 1;
    this.#engine = new ReferenceEngine(network, { ...options, kernels, threads: this.#threads });
    const code = kernels === null ? "TypeScript alone, for WebAssembly has no relaxed SIMD here" : "WebAssembly SIMD";
    const count = this.#threads === 1 ? "1 thread" : `up to ${this.#threads} threads`;
    this.device = {
      kind: "cpu",
      name: "float64 engine",
      driver: `${code}, ${count}${obstacle === null ? "" : `, for ${obstacle}`}`,
      readBack: "none",
    };
  }

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  async compute(
    input: Structure | readonly Structure[],
    properties: Iterable<Property> = [],
  ): Promise<Result | Result[]> {
    const wanted = new Set(properties);
    if ("numbers" in input) return this.#engine.compute(input, wanted);
    const results: Result[] = [];
    const together = this.#threads === 1 ? 1 : structuresTogether * this.#threads;
    for (let from = 0; from < input.length; from += together) {
      results.push(...this.#engine.computeAll(input.slice(from, from + together), wanted));
      // A turn of the event loop between structures: sockets and progress bars go on. A timer would wait 2 ms.
      if (input.length > together) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return results;
  }

  computeSync(structures: readonly Structure[], properties: Iterable<Property> = []): Result[] {
    return this.#engine.computeAll(structures, new Set(properties));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#engine[Symbol.dispose]();
    return Promise.resolve();
  }
}
