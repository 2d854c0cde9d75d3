/**
 * One more thread of the float64 engine: waits for jobs and does its part of them. Started by `WorkerThreads`.
 *
 * @module
 */
import { Exchange } from "./exchange.ts";
import { ReferenceEngine } from "./reference_engine.ts";
import { stateOf, states, TeamControl } from "./team_control.ts";
import { takeStructures } from "./take_structures.ts";
import { readJob, type StepJob } from "./team_job.ts";
import { TeamProgram } from "./team_program.ts";
import { ThreadTeam } from "./thread_team.ts";
import { OutOfMemoryError } from "./workspace.ts";
import type { WorkerStart } from "./worker_threads.ts";

class ReferenceWorker {
  readonly #start: WorkerStart;
  readonly #control: TeamControl;
  readonly #team: ThreadTeam;
  readonly #program: TeamProgram;
  /** For whole structures, in a memory of its own. */
  #engine: ReferenceEngine | null = null;

  constructor(start: WorkerStart, control: TeamControl) {
    const { model, longRangeCutoff, rank } = start;
    this.#start = start;
    this.#control = control;
    this.#team = new ThreadTeam(this.#control, rank);
    this.#program = new TeamProgram(model, longRangeCutoff, this.#team);
  }

  /** Does jobs until it is told to leave, or none come. */
  run(): void {
    const { words } = this.#control;
    const at = stateOf(this.#start.rank);
    Atomics.compareExchange(words, at, states.starting, states.waiting);
    Atomics.notify(words, at);
    for (;;) {
      const state = Atomics.load(words, at);
      if (state === states.leave) return;
      if (state === states.working) {
        this.#work();
        Atomics.compareExchange(words, at, states.working, states.waiting);
        Atomics.notify(words, at);
      } else if (Atomics.wait(words, at, state, this.#start.patience) === "timed-out") {
        if (Atomics.compareExchange(words, at, states.waiting, states.gone) === states.waiting) return;
      }
    }
  }

  #work(): void {
    const { job, threads, bytes } = readJob(this.#control);
    const { memory } = this.#start.model;
    // lets this thread see what the memory has grown to
    if (memory.buffer.byteLength < bytes) memory.grow(0);
    this.#team.begin(threads);
    if (job.kind === "batch") {
      this.#batch(job.structures, job.atoms);
    } else {
      this.#step(job);
    }
  }

  #step({ prepares, atoms, shape }: StepJob): void {
    try {
      if (prepares) this.#program.prepare(atoms, null);
      this.#program.evaluate(shape, null);
    } catch (error) {
      // that strikes all threads at once, and the first one says so
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
  }

  #batch(structures: number, atoms: number): void {
    const { model, longRangeCutoff, exchange } = this.#start;
    exchange.grow(0);
    this.#engine ??= new ReferenceEngine(model.network, { longRangeCutoff, kernels: model.kernels });
    takeStructures(this.#engine, this.#control, Exchange.open(exchange, structures, atoms), structures);
    this.#team.barrier();
  }
}

addEventListener("message", (event) => {
  const { data } = event as MessageEvent<WorkerStart>;
  const control = new TeamControl(data.model.memory);
  try {
    new ReferenceWorker(data, control).run();
  } catch (error) {
    control.fail(error instanceof Error ? error.message : String(error));
  }
  close();
});
