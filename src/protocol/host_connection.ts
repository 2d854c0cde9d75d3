import type { ByteStream } from "./byte_stream.ts";
import type { EvaluationQueue } from "./evaluation_queue.ts";
import { checkFrame, countWithoutPadding, emptyFrame, type Frame, type FrameResult } from "./frame.ts";
import { encodeHeader } from "./header.ts";
import type { Initialisation } from "./init_text.ts";
import type { Message, SharedPositionData } from "./message.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageWriter } from "./message_writer.ts";
import { ProtocolError } from "./protocol_error.ts";
import { ReadPump } from "./read_pump.ts";
import { SharedMemory } from "./shared_memory.ts";

const readyHeader = encodeHeader("READY");
const needInitHeader = encodeHeader("NEEDINIT");
const haveDataHeader = encodeHeader("HAVEDATA");

/**
 * When a driver asks for INIT: `ask` once, at the start; `ready` never (eOn, pysisyphus and IPIcalculator.jl want that);
 * `every` again after each FORCEREADY (Rootstock wants that).
 */
export type InitPolicy = "ask" | "ready" | "every";

/** How a connection ended well: the host sent EXIT, or closed. */
export type HostGoodbye = "exit" | "eof";

/** What a {@linkcode HostConnection} is given. */
export interface HostConnectionOptions {
  /** Atoms N in every structure. */
  readonly atomCount: number;
  /** When to ask for INIT. */
  readonly init: InitPolicy;
  /** Whether the numbers travel through shared memory. */
  readonly sharedMemory: boolean;
  /** Computes what has arrived. */
  readonly queue: EvaluationQueue;
  /** Called with each INIT; may throw to refuse it. */
  onInit(initialisation: Initialisation): void;
  /** Called after each answer. */
  onAnswer(): void;
}

/**
 * A driver's side of one connection: the protocol's state machine.
 *
 * Positions are computed as soon as they have come, whether GETFORCE follows at once (i-PI since 3.2) or only after a
 * STATUS (older i-PI, ASE, CP2K). A STATUS that comes meanwhile is answered when the results are there.
 */
export class HostConnection {
  readonly #connection: ByteStream;
  readonly #options: HostConnectionOptions;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  readonly #pump: ReadPump;
  #needsInit: boolean;
  #askedInVain = false;
  #reply: Uint8Array<ArrayBuffer> | undefined;
  #sharedMemory: SharedMemory | undefined;
  #sharedFrames: Frame[] = [];
  #closing: Promise<void> | undefined;

  /** Takes over a connection that has just been opened and starts reading. */
  constructor(connection: ByteStream, options: HostConnectionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#reader = new MessageReader(options.atomCount, options.sharedMemory);
    this.#writer = new MessageWriter(options.atomCount);
    this.#pump = new ReadPump(connection, this.#reader, () => options.queue.arrived());
    this.#needsInit = options.init !== "ready";
  }

  /** Whether the host was asked for INIT and has sent nothing but STATUS since: some hosts know no NEEDINIT. */
  get askedInVain(): boolean {
    return this.#askedInVain;
  }

  /**
   * Serves the host until it says EXIT or closes the connection; then closes this side.
   *
   * @throws {ProtocolError} When the host's messages or the results cannot be served. The connection is then drained and
   * closed, so that the host gives the work to another driver.
   */
  async run(): Promise<HostGoodbye> {
    this.#options.queue.join();
    try {
      return await this.#serve();
    } finally {
      this.#options.queue.leave();
      await this.close();
    }
  }

  /** Reads what the host still sends and closes: it sees an end, not a reset. */
  close(): Promise<void> {
    this.#closing ??= this.#drainAndClose();
    return this.#closing;
  }

  async #drainAndClose(): Promise<void> {
    await this.#pump.drain();
    this.#connection.close();
    this.#sharedMemory?.close();
  }

  async #serve(): Promise<HostGoodbye> {
    while (true) {
      const message = await this.#receive();
      if (message === undefined) return this.#endOfInput();
      if (message.kind === "exit") return "exit";
      if (!(await this.#handle(message))) return await this.#hostIsGone();
    }
  }

  async #receive(): Promise<Message | undefined> {
    while (true) {
      const message = this.#reader.next();
      if (message !== undefined) return message;
      if (this.#pump.ended || this.#closing !== undefined) return undefined;
      await this.#pump.changed();
    }
  }

  /** Serves one message; false when the host could not be answered any more. */
  async #handle(message: Exclude<Message, { kind: "exit" }>): Promise<boolean> {
    if (message.kind !== "status") this.#askedInVain = false;
    switch (message.kind) {
      case "status":
        return await this.#send(this.#statusReply());
      case "init":
        this.#options.onInit(message.initialisation);
        this.#needsInit = false;
        return true;
      case "posdata":
        await this.#compute(message.frames);
        return true;
      case "shared posdata":
        await this.#compute(this.#readSharedFrames(message));
        return true;
      case "getforce":
        return await this.#answer();
    }
  }

  #statusReply(): Uint8Array {
    if (this.#reply !== undefined) return haveDataHeader;
    if (!this.#needsInit) return readyHeader;
    this.#askedInVain = true;
    return needInitHeader;
  }

  async #compute(frames: readonly Frame[]): Promise<void> {
    const distinct = frames.slice(0, countWithoutPadding(frames));
    for (const frame of distinct) checkFrame(frame);
    await this.#options.queue.submit({
      frames: distinct,
      followed: () => this.#reader.pending > 0 || this.#pump.ended,
      accept: (results) => this.#prepareReply(results, frames.length),
    });
  }

  #prepareReply(results: readonly FrameResult[], batchSize: number): void {
    if (this.#sharedMemory === undefined) {
      this.#reply = this.#writer.forceReady(results, batchSize);
    } else {
      this.#reply = this.#writer.sharedForceReady(results, batchSize);
      this.#sharedMemory.writeResults(results);
    }
  }

  #readSharedFrames(message: SharedPositionData): readonly Frame[] {
    const { atomCount } = this.#options;
    if (message.segmentNames !== undefined) {
      const { batchSize } = this.#reader;
      this.#sharedMemory = new SharedMemory(message.segmentNames, atomCount, batchSize);
      this.#sharedFrames = Array.from({ length: batchSize }, () => emptyFrame(atomCount));
    }
    this.#sharedMemory!.readFrames(this.#sharedFrames);
    return this.#sharedFrames;
  }

  async #answer(): Promise<boolean> {
    const reply = this.#reply;
    if (reply === undefined) {
      throw new ProtocolError("Expected POSDATA before GETFORCE but found GETFORCE first; nothing was computed for it");
    }
    if (!(await this.#send(reply))) return false;
    this.#reply = undefined;
    this.#needsInit = this.#options.init === "every";
    this.#options.onAnswer();
    return true;
  }

  async #send(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let done = 0; done < bytes.length;) done += await this.#connection.write(bytes.subarray(done));
      return true;
    } catch (error) {
      if (isHostGone(error) || this.#closing !== undefined) return false;
      throw error;
    }
  }

  /** A host that closes while it is served may have said EXIT first: that lies behind what has not been read yet. */
  async #hostIsGone(): Promise<HostGoodbye> {
    await this.#pump.quiet();
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
      if (message.kind === "exit") return "exit";
    }
    return this.#endOfInput();
  }

  #endOfInput(): HostGoodbye {
    const { error } = this.#pump;
    if (this.#closing !== undefined) return "eof";
    if (error !== undefined && !isHostGone(error)) throw error;
    if (this.#reader.pending > 0) {
      throw new ProtocolError(
        `Expected the rest of a message but found the end of the connection ${this.#reader.pending} bytes into it; ` +
          "the host may have died",
      );
    }
    return "eof";
  }
}

function isHostGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected;
}
