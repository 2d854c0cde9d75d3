/**
 * One device computing one system, in a process of its own as a driver has one: some settings of devices can be made once a
 * process only, and nothing measured before is in the way. Reads and writes what `measurement.ts` says.
 */
import { batchesOf } from "../engine/batch_size.ts";
import { type Calculator, createCalculator } from "../engine/calculator.ts";
import { DeviceError } from "../engine/device.ts";
import type { KernelTime } from "../engine/kernel_times.ts";
import { WebGpuEngine } from "../engine/webgpu_engine.ts";
import { buildNetwork } from "../model/build_network.ts";
import { loadModel } from "../model/load_model.ts";
import type { Model } from "../model/model.ts";
import { formatJsonLine, readJsonLines } from "./json_lines.ts";
import type { Answer, Answers, Ready, Request, Setup } from "./measurement.ts";
import { structureOfPlain } from "./measurement.ts";
import { Motion } from "./motion.ts";
import { NoCalculator, SocketExchange } from "./socket_exchange.ts";
import { type EvaluationTimes, noTimes, Stopwatch } from "./stopwatch.ts";

/** Exchanges with a calculator that does nothing, after which V8 has compiled the protocol's code. */
const warmingExchanges = 500;

/** What a host of the i-PI protocol has computed. */
const properties = ["energy", "forces", "virial"] as const;

/** A device, its system, and what measures them. */
class Measurement {
  readonly #setup: Setup;
  readonly #model: Model;
  readonly #calculator: Calculator;
  readonly #stopwatch: Stopwatch;
  readonly #motion: Motion;

  private constructor(setup: Setup, model: Model, calculator: Calculator, stopwatch: Stopwatch) {
    this.#setup = setup;
    this.#model = model;
    this.#calculator = calculator;
    this.#stopwatch = stopwatch;
    this.#motion = new Motion(structureOfPlain(setup.structure), setup.copies);
  }

  static async create(setup: Setup): Promise<Measurement> {
    const model = await loadModel(setup.model);
    const stopwatch = new Stopwatch();
    const calculator = await createCalculator(model, { ...setup.calculator, onPhase: stopwatch.onPhase });
    return new Measurement(setup, model, calculator, stopwatch);
  }

  /** Computes for the first time. */
  async begin(): Promise<Ready> {
    this.#motion.step();
    const results = await this.#calculator.compute(this.#motion.structures, properties);
    return { device: this.#calculator.device, energies: results.map(({ energy }) => energy) };
  }

  async answer({ measure, milliseconds }: Request): Promise<Answers[Request["measure"]]> {
    switch (measure) {
      case "evaluations":
        return await this.#timeEvaluations(milliseconds);
      case "exchanges":
        return await this.#timeExchanges(milliseconds);
      case "kernels":
        return await this.#timeKernels(milliseconds);
    }
  }

  async #timeEvaluations(milliseconds: number): Promise<EvaluationTimes> {
    const times = noTimes();
    await repeat(milliseconds, async () => {
      this.#motion.step();
      await this.#stopwatch.time(() => this.#calculator.compute(this.#motion.structures, properties), times);
    });
    return times;
  }

  async #timeExchanges(milliseconds: number): Promise<number[]> {
    const { copies } = this.#setup;
    const structure = structureOfPlain(this.#setup.structure);
    await using nothing = await SocketExchange.open(new NoCalculator(), structure, copies);
    for (let k = 0; k < warmingExchanges; k++) await nothing.exchange(this.#motion.structures);
    await using exchange = await SocketExchange.open(this.#calculator, structure, copies);
    const times: number[] = [];
    await repeat(milliseconds, async () => {
      this.#motion.step();
      times.push(await exchange.exchange(this.#motion.structures));
    });
    return times;
  }

  async #timeKernels(milliseconds: number): Promise<KernelTime[][] | null> {
    const { device = "auto", ...options } = this.#setup.calculator;
    if (device === "cpu" || this.#calculator.device.kind === "cpu") return null;
    const network = buildNetwork(this.#model);
    const engine = await WebGpuEngine.create(network, { ...options, device, timestamps: true });
    const batches = batchesOf(this.#motion.structures, network, engine.largestBinding);
    const times: KernelTime[][] = [];
    let hasTimestamps = true;
    await repeat(milliseconds, async () => {
      this.#motion.step();
      const kernels: KernelTime[] = [];
      for (const batch of batches) {
        const some = await engine.timeKernels(batch);
        if (some === null) hasTimestamps = false;
        else kernels.push(...some);
      }
      times.push(kernels);
    });
    engine.destroy();
    return hasTimestamps ? times : null;
  }
}

/** Does something for so long, once at least. */
async function repeat(milliseconds: number, action: () => Promise<void>): Promise<void> {
  const end = performance.now() + milliseconds;
  do await action(); while (performance.now() < end);
}

let measurement: Measurement | undefined;
for await (const message of readJsonLines(Deno.stdin.readable)) {
  let answer: Answer<unknown>;
  try {
    const value = measurement === undefined
      ? await (measurement = await Measurement.create(message as Setup)).begin()
      : await measurement.answer(message as Request);
    answer = { value, residentBytes: Deno.memoryUsage().rss };
  } catch (error) {
    answer = {
      error: error instanceof Error ? error.message : String(error),
      noDevice: error instanceof DeviceError,
    };
  }
  const bytes = formatJsonLine(answer);
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
// What is still pending (promises of buffers that were read at once) is of no use any more.
Deno.exit(0);
