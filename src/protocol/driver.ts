import { type Address, formatAddress, parseAddress } from "./address.ts";
import { type Evaluation, EvaluationQueue } from "./evaluation_queue.ts";
import type { Evaluate } from "./frame.ts";
import { HostConnection, type HostGoodbye, type InitPolicy } from "./host_connection.ts";
import type { HostName, Initialisation } from "./init_text.ts";
import { openConnection } from "./open_connection.ts";

/** What {@linkcode runDriver} needs. */
export interface DriverOptions {
  /** Where the host listens: `unix:NAME`, `unix:/full/path` or `tcp:HOST:PORT`. */
  readonly to: string;
  /** What stands before NAME; default `/tmp/ipi_`. */
  readonly prefix?: string;
  /** Atoms N in every structure; hosts do not say which elements they are. */
  readonly atomCount: number;
  /** Computes all frames that have arrived together. */
  readonly evaluate: Evaluate;
  /** When to ask the host for INIT; default `ask`. Only a driver that asks learns i-PI's `batch_size`. */
  readonly init?: InitPolicy;
  /** For how long to wait for the host to come up, s; default 30. */
  readonly retrySeconds?: number;
  /** Whether the numbers travel through shared memory: i-PI's `mode="shm"`, on Linux. */
  readonly shm?: boolean;
  /** Connections to open; default 1. With more than the host has requests at a time, each evaluation waits 1 ms for the rest. */
  readonly clients?: number;
  /** Ends the driver. */
  readonly signal?: AbortSignal;
  /** Called after each call of `evaluate`, before the answer is sent; keep it short. What it throws ends the driver. */
  onStep?(step: DriverStep): void;
  /** Called with every INIT; what it throws ends the driver as an error. */
  onInit?(initialisation: Initialisation): void;
  /** Called with a line for a log, when a connection opens, waits or ends. */
  onLog?(line: string): void;
}

/** What one call of `evaluate` did. */
export interface DriverStep extends Evaluation {
  /** Calls so far, this one included. */
  readonly evaluation: number;
  /** The host, as far as its INIT tells. */
  readonly host: HostName | undefined;
}

/** How a driver has ended. */
export interface DriverSummary {
  /**
   * `exit`: the host said EXIT; `eof`: it closed the connection between two messages, as ASE does; `closed`: ended from
   * this side; `error`: see `error`. Of several connections' endings the worst, in this order.
   */
  readonly ended: HostGoodbye | "closed" | "error";
  /** What went wrong; only when `ended` is `error`. Its message is one line. */
  readonly error?: Error;
  /** Requests answered. */
  readonly answers: number;
  /** Calls of `evaluate`. */
  readonly evaluations: number;
  /** Frames computed, copies that only fill up a batch not counted. */
  readonly frames: number;
  /** Time spent in `evaluate`, ms. */
  readonly milliseconds: number;
  /** The host, as far as its INIT tells. */
  readonly host: HostName | undefined;
}

/** A driver at work. */
export interface RunningDriver {
  /** Resolves when all connections have ended; never rejects. */
  readonly closed: Promise<DriverSummary>;
  /** Ends all connections, so that the host gives unfinished work to another driver. */
  close(): void;
}

const defaultRetrySeconds = 30;

/** No host has a use for more; each costs one file descriptor and one buffer. */
const mostClients = 1024;

/**
 * Serves a host of the i-PI protocol (i-PI, ASE, CP2K and others) until it has finished.
 *
 * @throws {TypeError} When the address is none.
 * @throws {RangeError} When `atomCount`, `clients` or `retrySeconds` is out of range.
 *
 * @example Serve a harmonic potential to `SocketIOCalculator(unixsocket="water")`
 * ```ts
 * const driver = runDriver({
 *   to: "unix:water",
 *   atomCount: 3,
 *   retrySeconds: 0,
 *   evaluate: (frames) =>
 *     frames.map(({ positions }) => ({
 *       energy: positions.reduce((energy, x) => energy + x * x / 2, 0),
 *       forces: positions.map((x) => -x),
 *       virial: new Float64Array(9),
 *     })),
 * });
 * const { ended, error } = await driver.closed;
 * console.log(ended, error?.message);
 * ```
 */
export function runDriver(options: DriverOptions): RunningDriver {
  const driver = new Driver(options);
  return { closed: driver.run(), close: () => driver.close() };
}

class Driver {
  readonly #options: DriverOptions;
  readonly #address: Address;
  readonly #retrySeconds: number;
  readonly #clients: number;
  readonly #queue: EvaluationQueue;
  readonly #connections = new Set<HostConnection>();
  /** Ends the attempts to connect. */
  readonly #connecting = new AbortController();
  readonly #goodbyes = new Set<HostGoodbye>();
  #closedHere = false;
  #error: Error | undefined;
  #host: HostName | undefined;
  #answers = 0;
  #evaluations = 0;
  #frames = 0;
  #milliseconds = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#address = parseAddress(options.to, options.prefix);
    this.#clients = requireInteger("clients", options.clients ?? 1, 1, mostClients);
    requireInteger("atomCount", options.atomCount, 1, 2 ** 25);
    this.#retrySeconds = options.retrySeconds ?? defaultRetrySeconds;
    if (!(this.#retrySeconds >= 0)) {
      throw new RangeError(`Expected retrySeconds of 0 or more but found ${this.#retrySeconds}`);
    }
    this.#queue = new EvaluationQueue(options.evaluate, (evaluation) => this.#count(evaluation));
  }

  async run(): Promise<DriverSummary> {
    const { signal } = this.#options;
    const onAbort = () => this.close();
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) this.close();
    await Promise.all(Array.from({ length: this.#clients }, () => this.#serve()));
    signal?.removeEventListener("abort", onAbort);
    return this.#summary();
  }

  close(): void {
    this.#closedHere = true;
    this.#endConnections();
  }

  async #serve(): Promise<void> {
    try {
      const connection = await this.#open();
      if (connection === undefined) return;
      const goodbye = await this.#serveConnection(connection);
      if (this.#stopping) return;
      this.#goodbyes.add(goodbye);
      this.#log(goodbye === "exit" ? "the host said EXIT" : "the host closed the connection");
      // A host that has finished with one connection will not open its door to those that still wait for it.
      this.#connecting.abort();
    } catch (error) {
      if (this.#stopping) return;
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#endConnections();
    }
  }

  /** Opens one connection; `undefined` when there is no use for it any more. */
  async #open(): Promise<Deno.Conn | undefined> {
    try {
      const connection = await openConnection(this.#address, {
        retrySeconds: this.#retrySeconds,
        signal: this.#connecting.signal,
        onWait: (reason) => this.#log(`waiting for a host at ${formatAddress(this.#address)} (${reason})`),
      });
      if (connection !== undefined) this.#log(`connected to ${formatAddress(this.#address)}`);
      return connection;
    } catch (error) {
      if (this.#connections.size === 0) throw error;
      this.#log(`going on with ${this.#connections.size} of ${this.#clients} connections: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #serveConnection(connection: Deno.Conn): Promise<HostGoodbye> {
    const host = new HostConnection(connection, {
      atomCount: this.#options.atomCount,
      init: this.#options.init ?? "ask",
      sharedMemory: this.#options.shm ?? false,
      queue: this.#queue,
      onInit: (initialisation) => this.#initialise(initialisation),
      onAnswer: () => this.#answers++,
    });
    this.#connections.add(host);
    if (this.#stopping) host.close();
    try {
      const goodbye = await host.run();
      if (host.askedInVain) {
        this.#log("the host did not answer NEEDINIT; eOn, pysisyphus and IPIcalculator.jl need --init ready");
      }
      return goodbye;
    } finally {
      this.#connections.delete(host);
    }
  }

  get #stopping(): boolean {
    return this.#closedHere || this.#error !== undefined;
  }

  #endConnections(): void {
    this.#connecting.abort();
    for (const connection of this.#connections) connection.close();
  }

  #initialise(initialisation: Initialisation): void {
    this.#host ??= initialisation.host;
    this.#options.onInit?.(initialisation);
  }

  #count(evaluation: Evaluation): void {
    this.#evaluations++;
    this.#frames += evaluation.frames;
    this.#milliseconds += evaluation.milliseconds;
    this.#options.onStep?.({ ...evaluation, evaluation: this.#evaluations, host: this.#host });
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
  }

  #summary(): DriverSummary {
    const counts = {
      answers: this.#answers,
      evaluations: this.#evaluations,
      frames: this.#frames,
      milliseconds: this.#milliseconds,
      host: this.#host,
    };
    if (this.#error !== undefined) return { ended: "error", error: this.#error, ...counts };
    if (this.#closedHere) return { ended: "closed", ...counts };
    return { ended: this.#goodbyes.has("eof") ? "eof" : "exit", ...counts };
  }
}

function requireInteger(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`Expected ${name} to be a whole number from ${least} to ${most} but found ${value}`);
  }
  return value;
}
