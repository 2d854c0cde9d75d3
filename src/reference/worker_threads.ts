import type { SharedModel } from "./shared_model.ts";
import { stateOf, states, type TeamControl } from "./team_control.ts";
import { postJob, type TeamJob } from "./team_job.ts";

/** What a worker is sent when it starts. */
export interface WorkerStart {
  readonly model: SharedModel;
  readonly longRangeCutoff: number | null;
  /** Memory of the exchange for batches. */
  readonly exchange: WebAssembly.Memory;
  readonly rank: number;
  /** How long it waits for something to do before it leaves, ms. */
  readonly patience: number;
}

/** A program that has forgotten its calculator ends so much later, ms. */
const patience = 3000;

/** For a worker that has left and was missed, ms: who makes pauses will make more, and a new worker is slow at first. */
const longPatience = 20_000;

/** How long the end of a worker's last job is waited for, ms. */
const longestEnd = 10_000;

/** How long a worker that starts is waited for, ms: it takes some 50, much more only where all processors are
 * busy, and then comes for a later job. */
const longestStart = 2000;

/**
 * The workers that compute together with the thread that has this. They start when they are asked for the first time,
 * sleep between jobs, and leave by themselves when there has been nothing to do for some seconds, so that nobody who
 * forgets them has to wait for them.
 */
export class WorkerThreads {
  readonly #control: TeamControl;
  readonly #start: Omit<WorkerStart, "rank" | "patience">;
  /** By rank; the first is this thread. */
  readonly #workers: (Worker | null)[] = [null];
  #launches = 0;

  constructor(control: TeamControl, start: Omit<WorkerStart, "rank" | "patience">) {
    this.#control = control;
    this.#start = start;
  }

  /** How many workers have been started; the newest may know nothing of what others have prepared. */
  get launches(): number {
    return this.#launches;
  }

  /**
   * Starts the workers that are missing of so many threads, this one counted. It does not wait for them.
   *
   * @throws Error where a worker has failed before.
   */
  start(wanted: number): void {
    this.#check();
    for (let rank = 1; rank < wanted; rank++) {
      const isGone = Atomics.load(this.#control.words, stateOf(rank)) === states.gone;
      if (this.#workers[rank] === undefined || isGone) this.#launch(rank);
    }
  }

  /**
   * How many threads, this one counted, can begin a job at once, of as many as are wanted. Starts workers that are
   * missing.
   *
   * @param isLong Whether the job takes longer than a worker to start, which is then waited for; else it comes in time
   * for one of the next jobs.
   * @throws Error where a worker has failed before.
   */
  muster(wanted: number, isLong: boolean): number {
    const { words } = this.#control;
    this.start(wanted);
    let ready = 1;
    for (let rank = 1; rank < wanted; rank++) {
      const at = stateOf(rank);
      if (isLong) Atomics.wait(words, at, states.starting, longestStart);
      // on its way from the last job to the next
      if (Atomics.load(words, at) === states.working) Atomics.wait(words, at, states.working, longestEnd);
      const isReady = ready === rank &&
        Atomics.compareExchange(words, at, states.waiting, states.engaged) === states.waiting;
      if (isReady) ready++;
    }
    return ready;
  }

  /** Gives a job to the workers that {@link WorkerThreads.muster} has found ready. */
  begin(job: TeamJob, threads: number): void {
    postJob(this.#control, job, threads, this.#start.model.memory.buffer.byteLength);
    for (let rank = 1; rank < threads; rank++) {
      Atomics.store(this.#control.words, stateOf(rank), states.working);
      Atomics.notify(this.#control.words, stateOf(rank));
    }
  }

  /** Sends the workers home. */
  dispose(): void {
    const { words } = this.#control;
    this.#workers.forEach((worker, rank) => {
      if (worker === null) return;
      Atomics.store(words, stateOf(rank), states.leave);
      Atomics.notify(words, stateOf(rank));
    });
    this.#workers.length = 1;
  }

  #launch(rank: number): void {
    const { words } = this.#control;
    Atomics.store(words, stateOf(rank), states.starting);
    const worker = new Worker(new URL("./reference_worker.ts", import.meta.url), { type: "module", name: `${rank}` });
    worker.onerror = (event) => {
      event.preventDefault();
      this.#control.fail(event.message);
    };
    const wasMissed = this.#workers[rank] !== undefined;
    worker.postMessage(
      { ...this.#start, rank, patience: wasMissed ? longPatience : patience } satisfies WorkerStart,
    );
    this.#workers[rank] = worker;
    this.#launches++;
  }

  #check(): void {
    const { failure } = this.#control;
    if (failure !== null) {
      throw new Error(`Expected all threads to compute but one has failed: ${failure}; make the calculator anew`);
    }
  }
}
