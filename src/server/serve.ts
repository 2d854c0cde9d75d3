import type { Calculator } from "../engine/calculator.ts";
import { type Address, formatAddress } from "../protocol/address.ts";
import type { Extra } from "./extras.ts";
import { type HostAtoms, HostClient, isHostOpening } from "./host_client.ts";
import { isLocal, parseListenAddress } from "./listen_address.ts";
import { PrefixedStream } from "./prefixed_stream.ts";
import { Refusal } from "./refusal.ts";
import { Scheduler, type ServerEvaluation } from "./scheduler.ts";
import { listenOnSocketFile } from "./socket_file.ts";
import { errorCodes } from "./wire.ts";
import { type ConnectionSettings, WireConnection } from "./wire_connection.ts";

/** What {@linkcode serve} needs. */
export interface ServeOptions {
  /**
   * Where to listen: `unix:/full/path`, `unix:NAME` (the socket file `spookynet-NAME` in `$XDG_RUNTIME_DIR`, or in
   * `/tmp/spookynet-UID`) or `tcp:HOST:PORT`, where port 0 is any that is free.
   */
  readonly listen: string;
  /** Computes for all clients; it stays open when the server ends. */
  readonly calculator: Calculator;
  /** The model's name, for clients. */
  readonly model: string;
  /** Most atoms of a structure; default 20 000. */
  readonly maxAtoms?: number;
  /** Most connections; default 64. */
  readonly maxClients?: number;
  /** Longest body of a request or a reply, bytes; default 64 MiB. */
  readonly maxMessage?: number;
  /** How long a message may take from its first byte to its last, and a reply without any progress, s; default 30. */
  readonly patienceSeconds?: number;
  /** Ends the server when there was no client for so long, s; by default it goes on. */
  readonly idleExitSeconds?: number;
  /** What clients must say to be served; hosts of the i-PI protocol, which cannot, are then refused. */
  readonly token?: string;
  /** Whether other machines may connect; a token is needed then. */
  readonly allowRemote?: boolean;
  /** Whether a number of electrons that cannot be is refused; default true. */
  readonly electronCheck?: boolean;
  /** The atoms of hosts of the i-PI protocol; without, only hosts that say them in INIT are served. */
  readonly host?: HostAtoms;
  /** What hosts of the i-PI protocol are sent besides energy, forces and virial; default nothing. */
  readonly extras?: readonly Extra[];
  /** Ends the server in order. */
  readonly signal?: AbortSignal;
  /** Called after each evaluation; keep it short, and do not throw. */
  onEvaluation?(evaluation: ServerEvaluation, counts: ServerCounts): void;
  /** Called with a line for a log: a host of the i-PI protocol, a client that is refused, an end for want of clients. */
  onLog?(line: string): void;
}

/** What a server has done. */
export interface ServerCounts {
  /** Clients connected at the moment. */
  readonly clients: number;
  /** Requests answered, refusals not counted. */
  readonly answers: number;
  /** Calls of the calculator. */
  readonly evaluations: number;
  /** Structures computed. */
  readonly structures: number;
  /** Time spent in the calculator, ms. */
  readonly milliseconds: number;
}

/** A server at work. */
export interface RunningServer {
  /** Where it listens, as clients are told it: `unix:/full/path` or `tcp:HOST:PORT`. */
  readonly address: string;
  /** Resolves when it has ended, in order; never rejects. */
  readonly closed: Promise<ServerCounts>;
  /** Takes no more requests, finishes those it has, answers them, and ends. */
  close(): void;
}

/** How long requests that have come before the end are still computed, ms. */
const endPatience = 10_000;
/** How long an idle client's request that is on its way is waited for at the end, ms. */
const lastWords = 20;
/** How long the last replies and refusals may take at the end, ms. */
const lastReplies = 2000;
/** How long a connection that says nothing keeps its place where others want it, ms. */
const silentPatience = 5000;
/** How often half-sent messages are looked for, ms. */
const checkInterval = 1000;
/** Connections beyond the most clients that are at least told so. */
const surplusConnections = 16;
/** Most structures of a request. */
const maxStructures = 4096;

/**
 * Listens for clients (docs/protocol.md) and hosts of the i-PI protocol, and computes for all of them together until it is
 * closed.
 *
 * @throws {TypeError} When the address is none.
 * @throws {RangeError} When an option is out of range, or other machines could connect without a token.
 * @throws {Error} When it cannot listen there.
 *
 * @example A server that a client joins and leaves
 * ```ts
 * import { createCalculator, loadModel, serve } from "@spookynet/force-provider";
 *
 * const model = await loadModel("tests/fixtures/tiny.safetensors");
 * await using calculator = await createCalculator(model, { device: "cpu" });
 * const server = await serve({ listen: "tcp:127.0.0.1:0", calculator, model: model.name });
 * console.log(server.address);
 * server.close();
 * console.log((await server.closed).answers);
 * ```
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const address = parseListenAddress(options.listen);
  checkOptions(options, address);
  const { listener, remove, bound } = await listen(address);
  const server = new Server(options, listener, remove);
  return { address: formatAddress(bound), closed: server.run(), close: () => server.close() };
}

function checkOptions(options: ServeOptions, address: Address): void {
  requireInteger("maxAtoms", options.maxAtoms ?? 1, 1, 2 ** 25);
  requireInteger("maxClients", options.maxClients ?? 1, 1, 4096);
  requireInteger("maxMessage", options.maxMessage ?? 1024, 1024, 2 ** 30);
  const { idleExitSeconds = 0, patienceSeconds = 0, token } = options;
  for (const [name, seconds] of Object.entries({ idleExitSeconds, patienceSeconds })) {
    if (!(seconds >= 0 && seconds < 2e6)) {
      throw new RangeError(`Expected ${name} from 0 to 2000000 but found ${seconds}`);
    }
  }
  if (token === "") throw new RangeError("Expected a token of one character or more but found an empty one");
  if (isLocal(address)) return;
  const where = formatAddress(address);
  if (options.allowRemote !== true) {
    throw new RangeError(`Expected an address of this machine but found ${where}: use 127.0.0.1, or --allow-remote`);
  }
  if (token === undefined) {
    throw new RangeError(`Expected a token to serve other machines at ${where} but found none: give --token`);
  }
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`Expected ${name} to be a whole number from ${least} to ${most} but found ${value}`);
  }
}

interface Listening {
  readonly listener: Deno.Listener<Deno.Conn>;
  readonly bound: Address;
  remove(): void;
}

async function listen(address: Address): Promise<Listening> {
  if (address.transport === "unix") {
    return { ...await listenOnSocketFile(address.path), bound: address } as Listening;
  }
  const { hostname, port } = address;
  try {
    const listener = Deno.listen({ hostname, port });
    return { listener, bound: { ...address, port: listener.addr.port }, remove: () => {} };
  } catch (error) {
    throw new Error(
      `Expected to listen at ${formatAddress(address)} but found: ${(error as Error).message}; choose another port`,
    );
  }
}

/** One connection, of either protocol. */
interface Connection {
  finish(): void;
  close(): void;
  check(now: number): void;
}

class Server {
  readonly #options: ServeOptions;
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #remove: () => void;
  readonly #scheduler: Scheduler;
  readonly #settings: ConnectionSettings;
  readonly #connections = new Set<Connection>();
  readonly #serving = new Set<Promise<void>>();
  #nextClient = 0;
  #closing = false;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #answers = 0;
  #evaluations = 0;
  #structures = 0;
  #milliseconds = 0;

  constructor(options: ServeOptions, listener: Deno.Listener<Deno.Conn>, remove: () => void) {
    this.#options = options;
    this.#listener = listener;
    this.#remove = remove;
    this.#scheduler = new Scheduler(options.calculator, (evaluation) => this.#count(evaluation));
    const { device } = options.calculator;
    this.#settings = {
      scheduler: this.#scheduler,
      maxAtoms: options.maxAtoms ?? 20_000,
      maxStructures,
      maxMessage: Math.floor((options.maxMessage ?? 1 << 26) / 8) * 8,
      token: options.token ?? null,
      electronCheck: options.electronCheck ?? true,
      model: options.model,
      device: device.name,
      wholeHessians: device.kind === "cpu",
      patience: 1000 * (options.patienceSeconds ?? 30),
      onAnswer: () => this.#answers++,
      onRefusal: (line) => this.#log(line),
    };
  }

  async run(): Promise<ServerCounts> {
    const { signal } = this.#options;
    const onAbort = () => this.close();
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) this.close();
    const checks = setInterval(() => this.#check(), checkInterval);
    this.#watchIdleness();
    await this.#accept();
    await this.#finish();
    clearInterval(checks);
    clearTimeout(this.#idleTimer);
    signal?.removeEventListener("abort", onAbort);
    return this.#counts();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#listener.close();
    this.#remove();
  }

  async #accept(): Promise<void> {
    while (!this.#closing) {
      try {
        const stream = await this.#listener.accept();
        if (isTcp(stream)) {
          stream.setNoDelay(true);
          // So that a machine that has vanished gives its place free.
          stream.setKeepAlive(true);
        }
        this.#admit(stream);
      } catch (error) {
        if (this.#closing) return;
        // Most often too many open files: those there are go on.
        this.#log(`could not take a connection: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #admit(stream: Deno.Conn): void {
    const { maxClients = 64 } = this.#options;
    if (this.#connections.size >= maxClients) this.#closeSilent();
    if (this.#connections.size >= maxClients + surplusConnections) return stream.close();
    const refusal = this.#connections.size < maxClients ? null : new Refusal(
      errorCodes.limit,
      `Expected at most ${maxClients} clients but found all places taken: try again later, or start the server with a ` +
        "larger --max-clients",
      true,
    );
    const served = this.#serve(stream, refusal)
      .catch((error) => this.#log(`a connection failed: ${error instanceof Error ? error.message : error}`))
      .finally(() => {
        this.#serving.delete(served);
        this.#watchIdleness();
      });
    this.#serving.add(served);
  }

  /** Where all places are taken: has those go who took one a while ago and said nothing. */
  #closeSilent(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (connection instanceof Opening && now - connection.since > silentPatience) connection.close();
    }
  }

  async #serve(stream: Deno.Conn, refusal: Refusal | null): Promise<void> {
    const client = this.#nextClient++;
    const opening = new Opening(stream);
    const serveAs = async (connection: Connection, run: () => Promise<unknown>) => {
      this.#connections.add(connection);
      if (this.#closing) connection.finish();
      try {
        await run();
      } catch (error) {
        if (!this.#closing) this.#log(`client ${client} refused: ${error instanceof Error ? error.message : error}`);
      } finally {
        this.#connections.delete(connection);
      }
    };
    let first: Uint8Array | null = null;
    await serveAs(opening, async () => first = await opening.read());
    if (first === null) return opening.close();
    const whole = new PrefixedStream(stream, first);
    if (isHostOpening(first)) {
      if (refusal !== null || this.#settings.token !== null) {
        this.#log(`client ${client} refused: a host of the i-PI protocol, ${refusal?.message ?? "which has no token"}`);
        return stream.close();
      }
      const { host = null, extras = [] } = this.#options;
      const connection = new HostClient(whole, client, { ...this.#settings, host, extras });
      this.#log(`client ${client}: a host of the i-PI protocol`);
      return await serveAs(connection, () => connection.run());
    }
    const connection = new WireConnection(whole, client, this.#settings, refusal);
    await serveAs(connection, () => connection.run());
  }

  /** Lets the clients go once what they have asked has been answered. */
  async #finish(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, lastWords));
    for (const connection of this.#connections) connection.finish();
    const deadline = setTimeout(
      () =>
        this.#scheduler.abort(new Refusal(errorCodes.closing, "Expected time to finish but found the server closing")),
      endPatience,
    );
    const end = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
    }, endPatience + lastReplies);
    await Promise.all(this.#serving);
    clearTimeout(deadline);
    clearTimeout(end);
  }

  #check(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.check(now);
  }

  #watchIdleness(): void {
    const { idleExitSeconds } = this.#options;
    clearTimeout(this.#idleTimer);
    if (idleExitSeconds === undefined || this.#closing || this.#serving.size > 0) return;
    this.#idleTimer = setTimeout(() => {
      if (this.#serving.size > 0) return;
      this.#log(`no client for ${idleExitSeconds} s`);
      this.close();
    }, 1000 * idleExitSeconds);
  }

  #count({ structures, clients, milliseconds }: ServerEvaluation): void {
    this.#evaluations++;
    this.#structures += structures;
    this.#milliseconds += milliseconds;
    this.#options.onEvaluation?.({ structures, clients, milliseconds }, this.#counts());
  }

  #counts(): ServerCounts {
    return {
      clients: this.#connections.size,
      answers: this.#answers,
      evaluations: this.#evaluations,
      structures: this.#structures,
      milliseconds: this.#milliseconds,
    };
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
  }
}

/** How long the first four bytes may take once the first one has come, ms. */
const openingPatience = 10_000;

function isTcp(stream: Deno.Conn): stream is Deno.TcpConn {
  return "setNoDelay" in stream;
}

/** A connection of which it is not known yet which protocol it speaks. */
class Opening implements Connection {
  /** When it was made, ms. */
  readonly since = performance.now();
  readonly #stream: Deno.Conn;
  /** When its first byte came, ms. */
  #firstByte: number | null = null;
  #closed = false;

  constructor(stream: Deno.Conn) {
    this.#stream = stream;
  }

  /** What came first, four bytes or more, or fewer that no protocol begins with; `null` when the client has gone. */
  async read(): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(1 << 12);
    let length = 0;
    while (length < 4) {
      const count = await this.#stream.read(bytes.subarray(length)).catch(() => null);
      if (count === null) return null;
      length += count;
      this.#firstByte ??= performance.now();
    }
    return bytes.slice(0, length);
  }

  finish(): void {
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
  }

  check(now: number): void {
    if (this.#firstByte !== null && now - this.#firstByte > openingPatience) this.close();
  }
}
