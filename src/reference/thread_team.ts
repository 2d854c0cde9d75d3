import type { Team } from "./team.ts";
import { places, type TeamControl } from "./team_control.ts";

/** How often a thread looks whether the others have come before it goes to sleep: some 20 µs. */
const looks = 500;

/** How long a thread sleeps before it looks whether all is well, ms. */
const nap = 100;

/** So many naps without a sign of the others, a minute, are taken for the end of one of them. */
const mostNaps = 600;

/** A team of threads that share a memory. Each has one of these, with its own rank. */
export class ThreadTeam implements Team {
  readonly rank: number;
  readonly #control: TeamControl;
  readonly #words: Int32Array;
  #size = 1;

  constructor(control: TeamControl, rank: number) {
    this.#control = control;
    this.#words = control.words;
    this.rank = rank;
  }

  get size(): number {
    return this.#size;
  }

  /** Sets how many threads take part from now on; all of them say the same, and no barrier is under way. */
  begin(size: number): void {
    this.#size = size;
  }

  /** @throws Error where another thread cannot come. */
  barrier(): void {
    if (this.#size === 1) return;
    const words = this.#words;
    const phase = Atomics.load(words, places.phase);
    if (Atomics.add(words, places.arrived, 1) === this.#size - 1) {
      Atomics.store(words, places.arrived, 0);
      Atomics.add(words, places.phase, 1);
      Atomics.notify(words, places.phase);
      return;
    }
    for (let look = 0; look < looks; look++) {
      if (Atomics.load(words, places.phase) !== phase) return;
      // tells the processor that this thread only looks
      Atomics.pause();
    }
    for (let naps = 0; Atomics.load(words, places.phase) === phase; naps++) {
      this.#check(naps);
      Atomics.wait(words, places.phase, phase, nap);
    }
  }

  #check(naps: number): void {
    const { failure } = this.#control;
    if (failure !== null) throw new Error(`Expected all threads to compute but one failed: ${failure}`);
    if (naps > mostNaps) {
      throw new Error(`Expected all ${this.#size} threads to compute but one has not come for a minute`);
    }
  }
}
