import { computeHessian } from "../engine/batched_hessian.ts";
import { checkCoordinates } from "../reference/checks.ts";
import type { ByteStream } from "../protocol/byte_stream.ts";
import { isDegenerate } from "../structure/cell.ts";
import { checkElectrons } from "../structure/electrons.ts";
import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { Refusal } from "./refusal.ts";
import { type Reply, ReplyWriter } from "./reply_writer.ts";
import { type ComputeRequest, type Hello, type Request, RequestReader, type SystemRequest } from "./request_reader.ts";
import { ResultLayout } from "./result_layout.ts";
import type { Scheduler } from "./scheduler.ts";
import { isToken } from "./token.ts";
import { errorCodes, protocolVersion, wantedBits } from "./wire.ts";

/** What all connections of a server have in common. */
export interface ConnectionSettings {
  /** Computes. */
  readonly scheduler: Scheduler;
  /** Most atoms of a structure. */
  readonly maxAtoms: number;
  /** Most structures of a request. */
  readonly maxStructures: number;
  /** Longest body of a request or a reply, bytes. */
  readonly maxMessage: number;
  /** What a client must say to be served; `null`: nothing. */
  readonly token: string | null;
  /** Whether a number of electrons that cannot be is refused. */
  readonly electronCheck: boolean;
  /** Name of the model. */
  readonly model: string;
  /** Name of the device. */
  readonly device: string;
  /** Whether the calculator makes Hessians in one piece (the reference engine), rather than from batches of forces. */
  readonly wholeHessians: boolean;
  /** How long a message may take from its first byte to its last, and a reply without any progress, ms. */
  readonly patience: number;
  /** Called when a request has been answered. */
  onAnswer(): void;
  /** Called when a client's connection is ended for a mistake, with a line for a log. */
  onRefusal(line: string): void;
}

/**
 * How long the rest of what a refused client sends is read, so that it sees the refusal and not a reset, and how long a
 * half-sent message may keep a server that ends, ms.
 */
const lingering = 1000;

/**
 * One client: its requests in, one after the other, and its replies out. Reading goes on while one is computed, so that a
 * client that dies is noticed; what it waits for is then dropped.
 */
export class WireConnection {
  readonly #stream: ByteStream;
  readonly #client: number;
  readonly #settings: ConnectionSettings;
  readonly #reader: RequestReader;
  readonly #writer = new ReplyWriter();
  readonly #refusal: Refusal | null;
  #system: SystemRequest | null = null;
  #greeted = false;
  /** What the client calls itself, as a log can show it. */
  #name = "(no HELLO)";
  #ended = false;
  #closed = false;
  #finishing = false;
  #discarding = false;
  /** Since when something is half read or half written, ms. */
  #halfSince: number | null = null;
  #wake: (() => void) | undefined;
  #roomWake: (() => void) | undefined;

  /**
   * Takes over a connection.
   *
   * @param client Number of the client, none other's.
   * @param refusal What to answer its first request with, where it cannot be served.
   */
  constructor(stream: ByteStream, client: number, settings: ConnectionSettings, refusal: Refusal | null = null) {
    this.#stream = stream;
    this.#client = client;
    this.#settings = settings;
    this.#refusal = refusal;
    this.#reader = new RequestReader(settings.maxMessage);
  }

  /** Serves the client until it leaves, is refused or is told to; never rejects. */
  async run(): Promise<void> {
    this.#settings.scheduler.join(this.#client);
    const reading = this.#read();
    let lingers = false;
    try {
      for (let request = await this.#receive(); request !== undefined; request = await this.#receive()) {
        const goesOn = await this.#answer(request);
        this.#reader.release();
        this.#tellRoom();
        if (!goesOn) break;
      }
    } catch (error) {
      // A connection that broke needs no answer; what is no refusal is a mistake of this program's and must be seen.
      if (!isConnectionGone(error)) {
        lingers = true;
        const refusal = asRefusal(error);
        if (!this.#finishing) {
          this.#settings.onRefusal(`client ${this.#client} ${this.#name} refused: ${refusal.message}`);
        }
        await this.#send(this.#writer.error(this.#reader.sequence, refusal)).catch(() => {});
      }
    }
    this.#settings.scheduler.leave(this.#client);
    if (lingers && !this.#ended && !this.#closed) await this.#linger(reading);
    this.close();
    await reading;
  }

  /** Lets the client go when what it has asked has been answered; what it asks from now on is refused. */
  finish(): void {
    this.#finishing = true;
    this.#notify();
  }

  /** Closes at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
    this.#notify();
    this.#tellRoom();
  }

  /** Closes where the client stopped in the midst of a message, or does not take its reply. */
  check(now: number): void {
    const patience = this.#finishing ? lingering : this.#settings.patience;
    if (this.#halfSince !== null && now - this.#halfSince > patience) this.close();
  }

  async #read(): Promise<void> {
    const scratch = new Uint8Array(1 << 12);
    try {
      while (!this.#closed) {
        const space = this.#discarding ? scratch : this.#reader.space();
        if (space === null) {
          await new Promise<void>((resolve) => this.#roomWake = resolve);
          continue;
        }
        const count = await this.#stream.read(space);
        if (count === null) break;
        if (space !== scratch) this.#reader.advance(count);
        this.#notify();
      }
    } catch {
      // A reset, or closed from this side: the end in any case.
    }
    this.#ended = true;
    this.#settings.scheduler.leave(this.#client);
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #tellRoom(): void {
    const wake = this.#roomWake;
    this.#roomWake = undefined;
    wake?.();
  }

  async #receive(): Promise<Request | undefined> {
    while (!this.#closed && !this.#ended) {
      const request = this.#reader.next();
      if (request !== undefined) {
        this.#halfSince = null;
        return request;
      }
      if (this.#finishing && this.#reader.pending === 0) return undefined;
      if (this.#reader.pending > 0) this.#halfSince ??= performance.now();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return undefined;
  }

  /** Answers a request; false where the connection ends with it. */
  async #answer(request: Request): Promise<boolean> {
    const { sequence } = this.#reader;
    try {
      if (this.#finishing) {
        throw new Refusal(errorCodes.closing, "Expected a server that goes on but found it closing: start it again");
      }
      await this.#send(await this.#replyTo(request, sequence));
      this.#settings.onAnswer();
      return request.kind !== "goodbye";
    } catch (error) {
      if (isConnectionGone(error) || this.#ended) return false;
      const refusal = asRefusal(error);
      if (refusal.closes) throw refusal;
      await this.#send(this.#writer.error(sequence, refusal));
      return true;
    }
  }

  async #replyTo(request: Request, sequence: number): Promise<Reply> {
    switch (request.kind) {
      case "hello":
        return this.#greet(request, sequence);
      case "system":
        this.#requireGreeting("SYSTEM");
        this.#setSystem(request);
        return this.#writer.ready(sequence);
      case "compute":
        this.#requireGreeting("COMPUTE");
        return await this.#compute(request, sequence);
      case "goodbye":
        return this.#writer.farewell(sequence);
    }
  }

  #greet({ version, token, name }: Hello, sequence: number): Reply {
    const settings = this.#settings;
    if (version !== protocolVersion) {
      throw new Refusal(
        errorCodes.version,
        `Expected a client that speaks version ${protocolVersion} but found version ${version}: ` +
          "use a client and a server of the same release",
      );
    }
    if (settings.token !== null && !isToken(token, settings.token)) {
      const found = token.length === 0 ? "none" : "another";
      throw new Refusal(
        errorCodes.token,
        `Expected the token that the server was started with but found ${found}: give the client the server's token`,
      );
    }
    if (this.#refusal !== null) throw this.#refusal;
    this.#greeted = true;
    this.#name = JSON.stringify(name);
    const { maxAtoms, maxStructures, maxMessage, model, device } = settings;
    return this.#writer.welcome(sequence, {
      version: protocolVersion,
      maxAtoms,
      maxStructures,
      maxMessage,
      model,
      device,
    });
  }

  #requireGreeting(found: string): void {
    if (this.#greeted) return;
    throw new Refusal(errorCodes.order, `Expected HELLO as the first request but found ${found}: send HELLO first`);
  }

  #setSystem(system: SystemRequest): void {
    const { maxAtoms, electronCheck } = this.#settings;
    const { numbers, charge, unpaired } = system;
    if (numbers.length > maxAtoms) {
      throw new Refusal(
        errorCodes.limit,
        `Expected at most ${maxAtoms} atoms but found ${numbers.length}: start the server with a larger --max-atoms`,
      );
    }
    refuseStructure(() => {
      if (numbers.length === 0) throw new RangeError("Expected at least one atom but found none");
      const at = numbers.indexOf(0);
      if (at >= 0) throw new RangeError(`Expected atomic numbers from 1 but found 0 at atom ${at}`);
      if (!Number.isFinite(charge)) throw new RangeError(`Expected a finite total charge but found ${charge}`);
      if (unpaired < 0) throw new RangeError(`Expected 0 or more unpaired electrons but found ${unpaired}`);
      if (electronCheck) checkElectrons(numbers, system);
    });
    this.#system = system;
  }

  async #compute(request: ComputeRequest, sequence: number): Promise<Reply> {
    const { maxStructures, maxMessage } = this.#settings;
    if (this.#system === null) {
      throw new Refusal(errorCodes.order, "Expected SYSTEM before COMPUTE but found none: send SYSTEM first");
    }
    const { count, wanted } = request;
    if (count > maxStructures) {
      throw new Refusal(
        errorCodes.limit,
        `Expected at most ${maxStructures} structures in a request but found ${count}: send them in several`,
      );
    }
    const structures = structuresOf(request, this.#system);
    const layout = new ResultLayout(count, this.#system.numbers.length, wanted);
    if (layout.bodyLength > maxMessage) {
      throw new Refusal(
        errorCodes.limit,
        `Expected a reply of at most ${maxMessage} bytes but found that this one would have ${layout.bodyLength}: ` +
          "ask for less at a time, or start the server with a larger --max-message",
      );
    }
    const { reply, values } = this.#writer.result(sequence, layout);
    await this.#fill(layout, values, structures);
    return reply;
  }

  async #fill(layout: ResultLayout, values: Float64Array, structures: readonly Structure[]): Promise<void> {
    const { scheduler, wholeHessians } = this.#settings;
    const accept = (s: number, result: Result) => layout.write(values, s, result);
    if ((layout.wanted & wantedBits.hessian) === 0) {
      return await scheduler.submit(this.#client, { structures, properties: layout.properties, accept });
    }
    if (wholeHessians) {
      return await scheduler.submit(this.#client, { structures, properties: layout.properties, accept, alone: true });
    }
    const others = new Set(layout.properties);
    others.delete("hessian");
    await scheduler.submit(this.#client, { structures, properties: others, accept });
    for (const [s, structure] of structures.entries()) {
      const hessian = await computeHessian(structure, (displaced) => this.#forcesOf(displaced));
      layout.writeHessian(values, s, hessian);
    }
  }

  /** Computes displaced structures among the other clients' structures. */
  async #forcesOf(structures: readonly Structure[]): Promise<Result[]> {
    const results: Result[] = [];
    const properties = new Set(["energy", "forces"] as const);
    const accept = (s: number, result: Result) => results[s] = result;
    await this.#settings.scheduler.submit(this.#client, { structures, properties, accept });
    return results;
  }

  async #send(reply: Reply): Promise<void> {
    for (let done = 0; done < reply.length;) {
      this.#halfSince = performance.now();
      done += await this.#stream.write(done === 0 ? reply : reply.subarray(done));
    }
    this.#halfSince = null;
  }

  /** Ends the replies, and reads what the client still sends for a moment, or until it closes. */
  async #linger(reading: Promise<void>): Promise<void> {
    this.#discarding = true;
    this.#tellRoom();
    await this.#stream.closeWrite().catch(() => {});
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([reading, new Promise((resolve) => timer = setTimeout(resolve, lingering))]);
    clearTimeout(timer);
  }
}

/** The structures of a COMPUTE: views of its numbers, checked as far as that needs no model. */
function structuresOf({ count, periodic, values }: ComputeRequest, system: SystemRequest): Structure[] {
  const { numbers, charge, unpaired } = system;
  const isPeriodic = periodic.includes(true);
  const coordinates = 3 * numbers.length;
  const expected = count * (coordinates + (isPeriodic ? 9 : 0));
  if (values.length !== expected) {
    throw new Refusal(
      errorCodes.malformed,
      `Expected ${expected} numbers in COMPUTE for ${count} structures of ${numbers.length} atoms ` +
        `${isPeriodic ? "with" : "without"} cells but found ${values.length}`,
    );
  }
  const positionsAt = isPeriodic ? 9 * count : 0;
  return Array.from({ length: count }, (_, s) => {
    const from = positionsAt + coordinates * s;
    const structure = {
      numbers,
      charge,
      unpaired,
      positions: values.subarray(from, from + coordinates),
      cell: isPeriodic ? values.subarray(9 * s, 9 * s + 9) : null,
      periodic,
    };
    refuseStructure(() => checkStructure(structure), count === 1 ? "" : ` (structure ${s + 1} of ${count})`);
    return structure;
  });
}

function checkStructure(structure: Structure): void {
  checkCoordinates(structure);
  if (structure.cell !== null && isDegenerate(structure)) {
    throw new RangeError(
      "Expected periodic cell vectors of at least 0.1 Å that are not parallel or coplanar but found " +
        structure.cell.join(", "),
    );
  }
}

/** Makes a refusal of what a check throws. */
function refuseStructure(check: () => void, place = ""): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Refusal(errorCodes.structure, error.message + place);
  }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(errorCodes.computation, error instanceof Error ? error.message : String(error));
}

function isConnectionGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
