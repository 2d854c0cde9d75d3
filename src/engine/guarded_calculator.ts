import type { Model } from "../model/model.ts";
import { trainingDomain } from "../model/training_domain.ts";
import { checkCoordinates } from "../reference/checks.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { Calculator } from "./calculator.ts";
import type { DeviceDescription } from "./device.ts";
import { DomainError } from "./domain_error.ts";
import { type Departure, DomainGuard } from "./domain_guard.ts";

/** What is done about structures outside what a model was trained on. */
export interface DomainOptions {
  /** Whether such a structure is an error; by default it is computed, with a warning. */
  readonly strict?: boolean;
  /** Called with a line for each way of being outside, the first time that there is a structure so. Default: console.warn. */
  onWarning?(line: string): void;
}

/** A calculator that looks at the structures first: are they like those its model was trained on? */
export class GuardedCalculator implements Calculator {
  readonly device: DeviceDescription;
  readonly #calculator: Calculator;
  readonly #model: string;
  readonly #guard: DomainGuard;
  readonly #strict: boolean;
  readonly #onWarning: (line: string) => void;
  /** The kinds of departures there was a warning about. */
  readonly #warned = new Set<string>();

  /**
   * @param calculator Computes; closed with this one.
   * @param reason Why it was taken, for the description of the device.
   */
  constructor(
    calculator: Calculator,
    model: Model,
    { strict = false, onWarning = console.warn }: DomainOptions,
    reason?: string,
  ) {
    this.device = { ...calculator.device, ...(reason !== undefined && { reason }) };
    this.#calculator = calculator;
    this.#model = model.name;
    this.#guard = new DomainGuard(trainingDomain(model));
    this.#strict = strict;
    this.#onWarning = onWarning;
  }

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  async compute(
    input: Structure | readonly Structure[],
    properties: Iterable<Property> = [],
  ): Promise<Result | Result[]> {
    const wanted = new Set(properties);
    const isReported = wanted.delete("domain");
    if ("numbers" in input) {
      const departures = this.#inspect(input, 0);
      const result = await this.#calculator.compute(input, wanted);
      return isReported ? withDomain(result, departures) : result;
    }
    const departures = input.map((structure, place) => this.#inspect(structure, place));
    const results = await this.#calculator.compute(input, wanted);
    return isReported ? results.map((result, s) => withDomain(result, departures[s]!)) : results;
  }

  computeSync(structures: readonly Structure[], properties: Iterable<Property> = []): Result[] {
    const wanted = new Set(properties);
    const isReported = wanted.delete("domain");
    const departures = structures.map((structure, place) => this.#inspect(structure, place));
    const results = this.#calculator.computeSync(structures, wanted);
    return isReported ? results.map((result, s) => withDomain(result, departures[s]!)) : results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calculator[Symbol.asyncDispose]();
  }

  #inspect(structure: Structure, place: number): readonly Departure[] {
    checkCoordinates(structure);
    const departures = this.#guard.departures(structure, place);
    if (departures.length === 0) return departures;
    if (this.#strict) throw new DomainError(this.#model, reasonsOf(departures));
    for (const { kind, reason } of departures) {
      if (this.#warned.has(kind)) continue;
      this.#warned.add(kind);
      this.#onWarning(`${this.#model} is used for what it was not trained on: ${reason}`);
    }
    return departures;
  }
}

function withDomain(result: Result, departures: readonly Departure[]): Result {
  return { ...result, domain: reasonsOf(departures) };
}

function reasonsOf(departures: readonly Departure[]): string[] {
  return departures.map(({ reason }) => reason);
}
