import type { Network } from "../model/network.ts";
import { cellVolume } from "../structure/cell.ts";
import { CutoffPairs } from "../structure/cutoff_pairs.ts";
import type { PhaseObserver } from "../structure/evaluation_phase.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { checkCoordinates, checkElements, checkProperties } from "./checks.ts";
import { collectResult, type ReferenceResult } from "./collect_result.ts";
import { Exchange } from "./exchange.ts";
import type { Evaluation } from "./evaluate.ts";
import { hessian } from "./hessian.ts";
import type { Composition } from "./prepared_system.ts";
import { mostPages } from "./solo_execution.ts";
import { shareModel } from "./shared_model.ts";
import { takeStructures } from "./take_structures.ts";
import { TeamControl } from "./team_control.ts";
import { type StepInputs, type StepShape, TeamProgram } from "./team_program.ts";
import { ThreadTeam } from "./thread_team.ts";
import { threadsFor } from "./threads_for.ts";
import { WorkerThreads } from "./worker_threads.ts";
import { OutOfMemoryError } from "./workspace.ts";

/**
 * How much farther than a cutoff the lists look that pairs are taken from, Å: new ones every some ten steps of dynamics at
 * room temperature, with a third more candidates than pairs.
 */
const skin = 0.6;

/** How a {@link ReferenceEngine} computes. */
export interface ReferenceOptions {
  /** Where electrostatics and dispersion end, Å, or `null` for nowhere, in place of what the model says. */
  readonly longRangeCutoff?: number | null | undefined;
  /** What `compileKernels` gives; without it plain TypeScript computes. */
  readonly kernels?: WebAssembly.Module | null | undefined;
  /** The most threads that compute together, 1 where nothing is said. A structure takes as many as pay for its size. */
  readonly threads?: number | undefined;
  /** About how many atoms a structure will have: the threads for them start at once. Few where nothing is said. */
  readonly expectedAtoms?: number | undefined;
  /** Called at the end of each part of an evaluation. */
  readonly onPhase?: PhaseObserver | undefined;
}

/** What of a team's first thread the others know already. */
interface Prepared {
  readonly composition: Composition;
  readonly threads: number;
  /** {@link WorkerThreads.launches} at that time. */
  readonly launches: number;
}

/** More than any machine has cores; each takes some kilobytes of memory from the start. */
const mostThreads = 1024;

/** Up to so many atoms a batch's structures are shared out among the threads, each computing whole ones. */
const mostAtomsOfOneThread = 200;

/**
 * From so many atoms on the first evaluation, which fills memory and is compiled as it goes, takes longer than a worker to
 * start: 80 ms of one thread for 100 atoms.
 */
const manyAtoms = 100;

/**
 * SpookyNet in float64 on the processor. Finds the pairs itself and remembers the last composition it has seen.
 *
 * Results do not depend on the number of threads, to the last bit. With more than one thread it has to be disposed of;
 * while it is not, its workers keep a program from ending for some seconds after the last computation.
 */
export class ReferenceEngine implements Disposable {
  readonly #network: Network;
  /** Whether there are terms that look beyond the network's cutoff. */
  readonly #hasLongRange: boolean;
  readonly #networkPairs: CutoffPairs;
  /** Pairs within the long-range cutoff; `null`: there is none, or no term that would ask for them. */
  readonly #longRangePairs: CutoffPairs | null;
  readonly #onPhase: PhaseObserver | undefined;
  readonly #threads: number;
  readonly #control: TeamControl;
  readonly #team: ThreadTeam;
  readonly #program: TeamProgram;
  readonly #exchange: WebAssembly.Memory;
  readonly #workers: WorkerThreads;
  #prepared: Prepared | null = null;
  #lastThreads = 1;

  /**
   * @param network Kept, and copied to where the kernels find it.
   * @throws RangeError for a long-range cutoff that is not a positive length, or a number of threads that is not one.
   */
  constructor(network: Network, options: ReferenceOptions = {}) {
    const { longRangeCutoff = network.hyperparameters.longRangeCutoff, kernels = null } = options;
    const { threads = 1, expectedAtoms = 1 } = options;
    if (longRangeCutoff !== null && !(longRangeCutoff > 0 && longRangeCutoff < Infinity)) {
      throw new RangeError(`Expected a positive long-range cutoff in Å but found ${longRangeCutoff}`);
    }
    if (!(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads)) {
      throw new RangeError(`Expected from 1 to ${mostThreads} threads but found ${threads}`);
    }
    this.#network = network;
    this.#networkPairs = new CutoffPairs(network.hyperparameters.cutoff, skin);
    this.#hasLongRange = network.hyperparameters.electrostatics || network.dispersion !== null;
    this.#longRangePairs = longRangeCutoff === null || !this.#hasLongRange
      ? null
      : new CutoffPairs(longRangeCutoff, skin);
    this.#onPhase = options.onPhase;
    this.#threads = threads;
    const model = shareModel(network, kernels, TeamControl.end(threads), threads);
    this.#control = new TeamControl(model.memory);
    this.#team = new ThreadTeam(this.#control, 0);
    this.#program = new TeamProgram(model, longRangeCutoff, this.#team);
    this.#exchange = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
    this.#workers = new WorkerThreads(this.#control, { model, longRangeCutoff, exchange: this.#exchange });
    this.#workers.start(threadsFor(expectedAtoms, threads));
  }

  /**
   * Computes energy, forces and the other properties asked for. The stress is left out for structures that do not repeat
   * along all three axes.
   *
   * @param structure Not changed, nothing of it is kept. Whether its electrons can exist is not checked here.
   * @throws RangeError where the structure is not one for this model: unknown elements, coincident atoms, positions that
   * are not finite, a property that the model lacks, or a periodic structure whose long-range terms have no cutoff.
   */
  compute(structure: Structure, properties: ReadonlySet<Property>): Result {
    return this.computeAll([structure], properties)[0]!;
  }

  /** As {@link ReferenceEngine.compute}, several structures: small ones on a thread each. */
  computeAll(structures: readonly Structure[], properties: ReadonlySet<Property>): Result[] {
    checkProperties(this.#network, properties);
    for (const structure of structures) {
      checkCoordinates(structure);
      checkElements(this.#network, structure.numbers);
    }
    return this.#evaluateAll(structures).map((result, s) => this.#select(structures[s]!, result, properties));
  }

  /** All that is computed of a structure that the model knows the elements of. */
  evaluate(structure: Structure): ReferenceResult {
    return this.#evaluateWith(structure, threadsFor(structure.numbers.length, this.#threads));
  }

  /** How many threads have computed the last structure, or batch: fewer than can as long as workers are starting. */
  get lastThreads(): number {
    return this.#lastThreads;
  }

  /** Sends the workers home. */
  [Symbol.dispose](): void {
    this.#workers.dispose();
  }

  #select(structure: Structure, result: ReferenceResult, properties: ReadonlySet<Property>): Result {
    const { energy, forces, virial, charges, dipole, energies, polarizabilities, c6 } = result;
    const volume = structure.periodic.includes(false) ? null : cellVolume(structure.cell!);
    return {
      energy,
      forces,
      ...(properties.has("virial") && { virial }),
      ...(properties.has("stress") && volume !== null && { stress: virial.map((element) => -element / volume) }),
      ...(properties.has("charges") && { charges }),
      ...(properties.has("dipole") && { dipole }),
      ...(properties.has("energies") && { energies }),
      ...(properties.has("polarizabilities") && { polarizabilities }),
      ...(properties.has("c6") && { c6 }),
      ...(properties.has("hessian") && {
        hessian: hessian(structure, (displaced) => this.#evaluateAll(displaced).map(({ forces }) => forces)),
      }),
    };
  }

  #evaluateAll(structures: readonly Structure[]): ReferenceResult[] {
    const isShared = structures.length > 1 && this.#threads > 1 &&
      structures.every(({ numbers }) => numbers.length <= mostAtomsOfOneThread);
    return (isShared ? this.#shareOut(structures) : null) ?? structures.map((structure) => this.evaluate(structure));
  }

  /** Lets every thread that is ready compute whole structures; returns `null` where there is no other. */
  #shareOut(structures: readonly Structure[]): ReferenceResult[] | null {
    const exchange = Exchange.of(this.#exchange, structures);
    const atoms = structures.reduce((sum, { numbers }) => sum + numbers.length, 0);
    const threads = this.#workers.muster(Math.min(this.#threads, structures.length), atoms >= manyAtoms);
    if (threads === 1) return null;
    this.#workers.begin({ kind: "batch", structures: structures.length, atoms }, threads);
    const own = { evaluate: (structure: Structure) => this.#evaluateWith(structure, 1) };
    takeStructures(own, this.#control, exchange, structures.length);
    this.#team.begin(threads);
    this.#team.barrier();
    const results = structures.map((structure, s) => exchange.result(s) ?? this.#evaluateWith(structure, 1));
    this.#lastThreads = threads;
    return results;
  }

  /** Computes a structure by so many threads, or as many of them as are ready. */
  #evaluateWith(structure: Structure, wanted: number): ReferenceResult {
    const { shape, inputs } = this.#step(structure);
    this.#onPhase?.("neighbour list");
    const atoms = structure.numbers.length;
    const threads = wanted === 1 ? 1 : this.#workers.muster(wanted, atoms >= manyAtoms);
    const prepares = !this.#isPrepared(structure, threads);
    this.#team.begin(threads);
    this.#lastThreads = threads;
    if (threads > 1) this.#workers.begin({ kind: "step", prepares, atoms, shape }, threads);
    const result = collectResult(structure, this.#run(structure, threads, prepares, shape, inputs));
    this.#onPhase?.("computation");
    return result;
  }

  /** This thread's part of what the others have been told to do. */
  #run(structure: Structure, threads: number, prepares: boolean, shape: StepShape, inputs: StepInputs): Evaluation {
    try {
      if (prepares) this.#prepare(structure, threads);
      return this.#program.evaluate(shape, inputs);
    } catch (error) {
      // lack of memory strikes all threads at once; from anything else those who wait at a barrier have to be told
      if (threads > 1 && !(error instanceof OutOfMemoryError)) this.#control.fail(`${error}`);
      throw error;
    }
  }

  #isPrepared({ numbers, charge, unpaired }: Structure, threads: number): boolean {
    if (this.#prepared === null) return false;
    const { composition: last, threads: lastThreads, launches } = this.#prepared;
    const isKnown = threads === 1 || (threads <= lastThreads && launches === this.#workers.launches);
    return isKnown && last.charge === charge && last.unpaired === unpaired &&
      last.numbers.length === numbers.length && last.numbers.every((z, i) => z === numbers[i]);
  }

  #prepare({ numbers, charge, unpaired }: Structure, threads: number): void {
    const composition = { numbers: numbers.slice(), charge, unpaired };
    this.#prepared = null;
    this.#program.prepare(numbers.length, composition);
    this.#prepared = { composition, threads, launches: this.#workers.launches };
  }

  /** The pairs that the terms run over. */
  #step(structure: Structure): { shape: StepShape; inputs: StepInputs } {
    const network = this.#networkPairs.update(structure);
    const longRange = this.#longRangePairs?.update(structure) ?? null;
    if (this.#hasLongRange && longRange === null && structure.periodic.includes(true)) {
      throw new RangeError(
        "Expected a long-range cutoff for a periodic structure but found none in the model, whose electrostatics and " +
          "dispersion reach everywhere; Ewald sums are not available: give a long-range cutoff",
      );
    }
    return {
      shape: {
        nearPairs: network.pairCount,
        farPairs: longRange?.pairCount ?? (this.#hasLongRange ? "all" : "near"),
        hasCell: structure.cell !== null,
      },
      inputs: { structure, network, longRange },
    };
  }
}
