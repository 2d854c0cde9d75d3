import { setImmediate } from "node:timers";
import type { Evaluate, Frame, FrameResult } from "./frame.ts";
import { ProtocolError } from "./protocol_error.ts";

/** How long after the last byte from any connection an evaluation waits for more to arrive. */
const patienceMilliseconds = 1;

/** What one connection wants computed. */
export interface EvaluationRequest {
  /** The structures; they must stay as they are until `accept` has been called. */
  readonly frames: readonly Frame[];
  /** Whether the host's next message (GETFORCE, or STATUS) has been read, so that nothing is left in the socket. */
  followed(): boolean;
  /** Takes the results, one for each frame, before anything else is evaluated. What it throws, `submit` rejects with. */
  accept(results: readonly FrameResult[]): void;
}

/** One call of `evaluate`, for reports. */
export interface Evaluation {
  /** Frames computed. */
  readonly frames: number;
  /** Connections whose requests were computed together. */
  readonly connections: number;
  /** Time of the call, ms. */
  readonly milliseconds: number;
}

interface Waiting {
  readonly request: EvaluationRequest;
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * Brings the requests of all connections that have arrived into one call of `evaluate`, one call at a time.
 *
 * Before each call the event loop turns until every connection has asked and its socket has been read empty, or nothing
 * more has come for 1 ms: `evaluate` may block, and an unread socket would be reset if the process died in it.
 */
export class EvaluationQueue {
  readonly #evaluate: Evaluate;
  readonly #onEvaluation: (evaluation: Evaluation) => void;
  #waiting: Waiting[] = [];
  #connections = 0;
  #lastArrival = 0;
  #running = false;

  /**
   * Makes a queue without connections.
   *
   * @param evaluate Computes frames.
   * @param onEvaluation Called after each call of `evaluate`, before its results are answered: what it throws fails them.
   */
  constructor(evaluate: Evaluate, onEvaluation: (evaluation: Evaluation) => void) {
    this.#evaluate = evaluate;
    this.#onEvaluation = onEvaluation;
  }

  /** Counts a connection among those to wait for. */
  join(): void {
    this.#connections++;
  }

  /** Takes a connection out of the count. */
  leave(): void {
    this.#connections--;
  }

  /** Says that bytes have come from one of the connections. */
  arrived(): void {
    this.#lastArrival = performance.now();
  }

  /**
   * Has `request` computed with all others that arrive at the same time.
   *
   * @returns Resolves when its results have been accepted; rejects with what `evaluate` or `accept` threw.
   */
  submit(request: EvaluationRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#settle();
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#compute(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  async #compute(batch: readonly Waiting[]): Promise<void> {
    const frames = batch.length === 1 ? batch[0]!.request.frames : batch.flatMap(({ request }) => request.frames);
    const start = performance.now();
    const results = await this.#evaluate(frames);
    const milliseconds = performance.now() - start;
    if (results.length !== frames.length) {
      throw new ProtocolError(`Expected ${frames.length} results from the model but found ${results.length}`);
    }
    this.#onEvaluation({ frames: frames.length, connections: batch.length, milliseconds });
    let first = 0;
    for (const { request, resolve, reject } of batch) {
      const end = first + request.frames.length;
      try {
        request.accept(results.slice(first, end));
        resolve();
      } catch (error) {
        reject(error);
      }
      first = end;
    }
  }

  async #settle(): Promise<void> {
    this.arrived();
    while (!this.#everyConnectionHasAsked() && performance.now() - this.#lastArrival < patienceMilliseconds) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #everyConnectionHasAsked(): boolean {
    return this.#waiting.length >= this.#connections && this.#waiting.every(({ request }) => request.followed());
  }
}
