import { type EvaluationPhase, evaluationPhases, type PhaseObserver } from "../structure/evaluation_phase.ts";

/** A part of an evaluation, or what lies outside them all: checks and the assembly of results. */
export type TimedPart = EvaluationPhase | "rest";

/** All parts, in the order of tables. */
export const timedParts: readonly TimedPart[] = [...evaluationPhases, "rest"];

/** The times of evaluations one after another, ms. */
export interface EvaluationTimes {
  readonly total: number[];
  /** For each part as many as for the total, whose sum they are. */
  readonly parts: Record<TimedPart, number[]>;
}

/** Times of no evaluations. */
export function noTimes(): EvaluationTimes {
  return { total: [], parts: { "neighbour list": [], "upload": [], "computation": [], "read-back": [], "rest": [] } };
}

/** Appends further times. */
export function addTimes(times: EvaluationTimes, further: EvaluationTimes): void {
  times.total.push(...further.total);
  for (const part of timedParts) times.parts[part].push(...further.parts[part]);
}

/** Takes the times of evaluations and their parts. */
export class Stopwatch {
  readonly #now: () => number;
  readonly #sums = new Map<EvaluationPhase, number>();
  #last = 0;

  /** @param now Milliseconds since any fixed moment. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Ends a part of the evaluation under way; a part may come in several pieces. */
  readonly onPhase: PhaseObserver = (ended) => {
    const now = this.#now();
    this.#sums.set(ended, (this.#sums.get(ended) ?? 0) + now - this.#last);
    this.#last = now;
  };

  /** Appends to `times` those of one evaluation. */
  async time(evaluate: () => Promise<unknown>, times: EvaluationTimes): Promise<void> {
    this.#sums.clear();
    const start = this.#last = this.#now();
    await evaluate();
    const total = this.#now() - start;
    let rest = total;
    for (const phase of evaluationPhases) {
      const milliseconds = this.#sums.get(phase) ?? 0;
      times.parts[phase].push(milliseconds);
      rest -= milliseconds;
    }
    times.parts.rest.push(rest);
    times.total.push(total);
  }
}
