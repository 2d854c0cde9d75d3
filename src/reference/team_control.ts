import { constantBytes } from "./simd_operations.ts";

/**
 * Words of a memory by which the threads of a team keep in step. Words that different threads wait for or write are in
 * different cache lines.
 */
export class TeamControl {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  /** @param memory What follows the kernels' constants belongs to this; all 0 before the first thread comes. */
  constructor(memory: WebAssembly.Memory) {
    this.#words = new Int32Array(memory.buffer, constantBytes);
    this.#bytes = new Uint8Array(memory.buffer, constantBytes + messageStart, messageBytes);
  }

  /** The first byte after the control of so many threads. */
  static end(threads: number): number {
    return constantBytes + 4 * (statesStart + threads * line);
  }

  /** The words themselves, for atomic operations at {@link places} and {@link stateOf}. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Notes why a thread cannot go on and wakes those who wait for it. Only the first reason is kept. */
  fail(reason: string): void {
    if (Atomics.compareExchange(this.#words, places.failure, 0, 1) !== 0) return;
    const message = new TextEncoder().encode(reason).subarray(0, messageBytes);
    this.#bytes.set(message);
    Atomics.store(this.#words, places.failure, 2);
    Atomics.notify(this.#words, places.phase);
  }

  /** Why a thread could not go on; `null` while all can. */
  get failure(): string | null {
    if (Atomics.load(this.#words, places.failure) !== 2) return null;
    const end = this.#bytes.indexOf(0);
    return new TextDecoder().decode(this.#bytes.slice(0, end < 0 ? messageBytes : end));
  }
}

/** Words of a cache line. */
const line = 16;

/** Where what stands, in words. */
export const places = {
  /** 0: all is well; 1: a reason is being written; 2: it can be read. */
  failure: 0,
  /** How many threads have come to the barrier. */
  arrived: line,
  /** Grows by one whenever all have. */
  phase: 2 * line,
  /** What is to be done next: see `TeamJob`. */
  job: 3 * line,
  /** The next structure of a batch that nobody has taken. */
  next: 4 * line,
} as const;

const messageStart = 4 * 5 * line, messageBytes = 512;
const statesStart = 5 * line + messageBytes / 4;

/** What a worker does, or is to do: it waits, waits for a certain job, does it, has left, or is to leave. */
export const states = { starting: 0, waiting: 1, engaged: 2, working: 3, gone: 4, leave: 5 } as const;

/** Where the word with a worker's state stands. */
export function stateOf(rank: number): number {
  return statesStart + rank * line;
}
