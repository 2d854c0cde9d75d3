import { setImmediate } from "node:timers";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { Calculator } from "../engine/calculator.ts";
import { Refusal } from "./refusal.ts";
import { errorCodes } from "./wire.ts";

/** Structures computed together at most: what fills a large device with small molecules. */
const structuresTogether = 96;
/** Atoms computed together at most, so that a client waits for one such batch of the others' and no longer. */
const atomsTogether = 8192;
/** For at most this long an evaluation waits for clients that are about to ask again, ms. */
const longestPatience = 1;
/** And for at most this share of the time that an evaluation takes. */
const patienceShare = 0.1;

/** What a client wants computed. */
export interface Job {
  /** Structures; their arrays stay as they are until the job has ended. */
  readonly structures: readonly Structure[];
  /** What to compute. */
  readonly properties: ReadonlySet<Property>;
  /** Whether it must not be computed together with other clients' structures. */
  readonly alone?: boolean;
  /** Takes structure `s`'s result. */
  accept(s: number, result: Result): void;
}

/** One call of the calculator, for reports. */
export interface ServerEvaluation {
  /** Structures computed. */
  readonly structures: number;
  /** Clients whose structures were computed together. */
  readonly clients: number;
  /** Time of the call, ms. */
  readonly milliseconds: number;
}

/** A job that waits, or is in work. */
interface Waiting {
  readonly client: number;
  readonly job: Job;
  /** The first structure that is not computed yet. */
  next: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** A part of a job in an evaluation: its structures from `first` on. */
interface Share {
  readonly waiting: Waiting;
  readonly first: number;
  count: number;
}

/**
 * Brings the waiting jobs of all clients together into calls of the calculator, one at a time.
 *
 * Each evaluation takes structures from the clients in turn, so that a job of a thousand structures is computed in parts
 * between those of others. A batch has them in the order of the clients, so that the compositions that an engine keeps
 * ready come again. Where a batch fails, its structures are computed one by one, and a client whose structure was the
 * reason is computed by itself until it has sent a good one.
 */
export class Scheduler {
  readonly #calculator: Calculator;
  readonly #onEvaluation: (evaluation: ServerEvaluation) => void;
  readonly #clients = new Set<number>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #suspects = new Set<number>();
  /** Clients answered by the last evaluation that have not asked again. */
  #expected = new Set<number>();
  #lastArrival = 0;
  #lastDuration = 0;
  /** Where the next evaluation begins to take: the first client from this number on. */
  #turn = 0;
  #running: Promise<void> | undefined;

  /**
   * Makes a scheduler without clients.
   *
   * @param calculator Computes; stays open.
   * @param onEvaluation Called after each evaluation; must not throw.
   */
  constructor(calculator: Calculator, onEvaluation: (evaluation: ServerEvaluation) => void = () => {}) {
    this.#calculator = calculator;
    this.#onEvaluation = onEvaluation;
  }

  /** Counts a client in. */
  join(client: number): void {
    this.#clients.add(client);
  }

  /** Counts a client out; its job is dropped, and what of it runs at the moment is not given to it. */
  leave(client: number): void {
    this.#clients.delete(client);
    this.#suspects.delete(client);
    this.#expected.delete(client);
    this.#drop(client, clientGone());
  }

  /** Fails all jobs; what runs at the moment is not given to anybody. */
  abort(reason: Refusal): void {
    for (const client of [...this.#waiting.keys()]) this.#drop(client, reason);
  }

  /**
   * Computes a job, together with other clients'. A client has one job at a time.
   *
   * @returns Resolves when all results have been accepted.
   * @throws {Refusal} Where a structure cannot be computed, naming it.
   */
  submit(client: number, job: Job): Promise<void> {
    if (!this.#clients.has(client)) return Promise.reject(clientGone());
    return new Promise((resolve, reject) => {
      this.#waiting.set(client, { client, job, next: 0, resolve, reject });
      this.#expected.delete(client);
      this.#lastArrival = performance.now();
      this.#running ??= this.#run();
    });
  }

  #drop(client: number, reason: Refusal): void {
    const waiting = this.#waiting.get(client);
    this.#waiting.delete(client);
    waiting?.reject(reason);
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      await this.#gather();
      const shares = this.#takeShares();
      if (shares.length > 0) await this.#evaluate(shares);
    }
    this.#running = undefined;
  }

  /** Waits until the clients of the last evaluation, which ask again at once in a simulation, have done so. */
  async #gather(): Promise<void> {
    if (this.#clients.size <= 1) return;
    const patience = Math.min(longestPatience, patienceShare * this.#lastDuration);
    do {
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#expected.size > 0 && performance.now() - this.#lastArrival < patience);
  }

  /** Takes structures from the clients in turn until the batch is full. */
  #takeShares(): Share[] {
    const clients = [...this.#waiting.keys()].sort((a, b) => a - b);
    const first = clients.findIndex((client) => client >= this.#turn);
    const inTurn = first < 0 ? clients : [...clients.slice(first), ...clients.slice(0, first)];
    if (inTurn.length === 0) return [];
    const mustBeAlone = (client: number) => this.#suspects.has(client) || this.#waiting.get(client)!.job.alone === true;
    const together = mustBeAlone(inTurn[0]!) ? inTurn.slice(0, 1) : inTurn.filter((client) => !mustBeAlone(client));
    const shares = together.map((client): Share => {
      const waiting = this.#waiting.get(client)!;
      return { waiting, first: waiting.next, count: 0 };
    });
    this.#turn = inTurn[0]! + 1;
    fill(shares);
    const taken = shares.filter(({ count }) => count > 0);
    for (const { waiting, count } of taken) waiting.next += count;
    return taken.sort((a, b) => a.waiting.client - b.waiting.client);
  }

  async #evaluate(shares: readonly Share[]): Promise<void> {
    const structures = shares.flatMap(structuresOf);
    const properties = new Set(shares.flatMap(({ waiting }) => [...waiting.job.properties]));
    const start = performance.now();
    this.#expected = new Set();
    let results: readonly Result[];
    try {
      results = await this.#calculator.compute(structures, properties);
    } catch (error) {
      if (structures.length === 1) this.#fail(shares[0]!.waiting, shares[0]!.first, error);
      else await this.#evaluateSingly(shares);
      return this.#report(shares, start);
    }
    this.#accept(shares, results);
    this.#report(shares, start);
  }

  async #evaluateSingly(shares: readonly Share[]): Promise<void> {
    for (const share of shares) {
      const { waiting, first, count } = share;
      const results: Result[] = [];
      for (let s = first; s < first + count && this.#isWanted(waiting); s++) {
        try {
          results.push(...await this.#calculator.compute([waiting.job.structures[s]!], waiting.job.properties));
        } catch (error) {
          this.#fail(waiting, s, error);
        }
      }
      if (this.#isWanted(waiting)) this.#accept([share], results);
    }
  }

  #report(shares: readonly Share[], start: number): void {
    this.#lastDuration = performance.now() - start;
    const structures = shares.reduce((sum, { count }) => sum + count, 0);
    this.#onEvaluation({ structures, clients: shares.length, milliseconds: this.#lastDuration });
  }

  /** Gives results, one for each structure of the shares in order, to the clients that still want them. */
  #accept(shares: readonly Share[], results: readonly Result[]): void {
    let at = 0;
    for (const { waiting, first, count } of shares) {
      const { client, job } = waiting;
      if (this.#isWanted(waiting)) {
        for (let k = 0; k < count; k++) job.accept(first + k, results[at + k]!);
        this.#suspects.delete(client);
        if (waiting.next === job.structures.length) {
          this.#waiting.delete(client);
          this.#expected.add(client);
          waiting.resolve();
        }
      }
      at += count;
    }
  }

  #fail(waiting: Waiting, s: number, error: unknown): void {
    if (!this.#isWanted(waiting)) return;
    const code = error instanceof RangeError ? errorCodes.structure : errorCodes.computation;
    const count = waiting.job.structures.length;
    const place = count === 1 ? "" : ` (structure ${s + 1} of ${count})`;
    this.#suspects.add(waiting.client);
    this.#drop(waiting.client, new Refusal(code, `${error instanceof Error ? error.message : error}${place}`));
  }

  /** Whether the client is still there and waits for this job. */
  #isWanted(waiting: Waiting): boolean {
    return this.#waiting.get(waiting.client) === waiting;
  }
}

/** Nobody sees it. */
function clientGone(): Refusal {
  return new Refusal(errorCodes.closing, "Expected the client to wait but found it gone");
}

/** Gives each share one structure more in turn, as long as there is room; the first one always gets one. */
function fill(shares: readonly Share[]): void {
  let structures = 0, atoms = 0;
  for (let open = [...shares]; open.length > 0;) {
    open = open.filter((share) => {
      const structure = share.waiting.job.structures[share.first + share.count];
      if (structure === undefined) return false;
      const size = structure.numbers.length;
      if (structures > 0 && (structures >= structuresTogether || atoms + size > atomsTogether)) return false;
      share.count++;
      structures++;
      atoms += size;
      return true;
    });
  }
}

function structuresOf({ waiting, first, count }: Share): readonly Structure[] {
  const { structures } = waiting.job;
  return count === structures.length ? structures : structures.slice(first, first + count);
}
