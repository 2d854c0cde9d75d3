import type { ByteStream } from "../protocol/byte_stream.ts";
import { EvaluationQueue } from "../protocol/evaluation_queue.ts";
import { decodeHeader, encodeHeader, headerLength } from "../protocol/header.ts";
import { HostConnection, type HostGoodbye } from "../protocol/host_connection.ts";
import { type Initialisation, readInitialisation } from "../protocol/init_text.ts";
import { ProtocolError } from "../protocol/protocol_error.ts";
import type { Structure } from "../structure/structure.ts";
import type { Extra } from "./extras.ts";
import { frameResultOf, propertiesForHost, structureOfHostFrame } from "./host_structures.ts";
import { PrefixedStream } from "./prefixed_stream.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Result } from "../structure/result.ts";

/** Atoms of a host's structures, and along which axes they repeat. */
export interface HostAtoms {
  /** Elements in the host's order, charge and spin. */
  readonly atoms: Pick<Structure, "numbers" | "charge" | "unpaired">;
  /** Whether the host's box repeats along a, b, c. */
  readonly periodic: Structure["periodic"];
}

/** What a {@linkcode HostClient} is given. */
export interface HostClientSettings {
  /** Computes. */
  readonly scheduler: Scheduler;
  /** The host's atoms; `null` where the host must say them in INIT, as Rootstock does. */
  readonly host: HostAtoms | null;
  /** Most atoms of a structure. */
  readonly maxAtoms: number;
  /** What to send besides energy, forces and virial. */
  readonly extras: readonly Extra[];
  /** Called when a request has been answered. */
  onAnswer(): void;
}

const needInit = encodeHeader("NEEDINIT");
/** A longer INIT is no list of atoms that could be served. */
const longestInit = 1 << 20;

/** The first four bytes of what a host of the i-PI protocol can say first. */
const openings = ["STAT", "INIT", "POSD", "EXIT"];

/** Whether a connection's first four bytes are a host's of the i-PI protocol. */
export function isHostOpening(bytes: Uint8Array): boolean {
  return openings.includes(String.fromCharCode(...bytes.subarray(0, 4)));
}

/** A connection of a host of the i-PI protocol: it is served as a driver does, from the calculator of all clients. */
export class HostClient {
  readonly #stream: ByteStream;
  readonly #client: number;
  readonly #settings: HostClientSettings;
  #connection: HostConnection | undefined;
  #closed = false;

  /** Takes over a connection; `client` is a number that no other client has. */
  constructor(stream: ByteStream, client: number, settings: HostClientSettings) {
    this.#stream = stream;
    this.#client = client;
    this.#settings = settings;
  }

  /**
   * Serves the host until it has finished.
   *
   * @throws {ProtocolError} When its messages cannot be served, or nobody says what its atoms are.
   */
  async run(): Promise<HostGoodbye> {
    const { scheduler, host } = this.#settings;
    scheduler.join(this.#client);
    try {
      if (host !== null) return await this.#serve(this.#stream, host, "ask");
      const opening = await receiveInit(this.#stream);
      if (opening === null) return "eof";
      const told = atomsOfInit(opening.initialisation);
      return await this.#serve(new PrefixedStream(this.#stream, opening.bytes), told, "every");
    } finally {
      scheduler.leave(this.#client);
      this.close();
    }
  }

  /** Ends the connection so that the host gives its work to another driver. */
  finish(): void {
    if (this.#connection === undefined) this.close();
    else this.#connection.close();
  }

  /** Closes at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#stream.close();
    } catch (error) {
      // The host connection has closed it already.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Hosts pause for as long as they like. */
  check(): void {}

  #serve(stream: ByteStream, host: HostAtoms, init: "ask" | "every"): Promise<HostGoodbye> {
    const { maxAtoms, scheduler, extras, onAnswer } = this.#settings;
    const { numbers } = host.atoms;
    if (numbers.length > maxAtoms) {
      throw new ProtocolError(
        `Expected at most ${maxAtoms} atoms but found ${numbers.length}: start the server with a larger --max-atoms`,
      );
    }
    let { periodic } = host;
    let atoms = host.atoms;
    const queue = new EvaluationQueue(async (frames) => {
      const structures = frames.map((frame) => structureOfHostFrame(frame, atoms, periodic));
      const results: Result[] = [];
      await scheduler.submit(this.#client, {
        structures,
        properties: new Set(propertiesForHost(extras)),
        accept: (s, result) => results[s] = result,
      });
      return results.map((result) => frameResultOf(result, extras));
    }, () => {});
    const connection = new HostConnection(stream, {
      atomCount: numbers.length,
      init,
      sharedMemory: false,
      queue,
      onInit: (initialisation) => {
        if (initialisation.host !== "Rootstock") return;
        const told = atomsOfInit(initialisation);
        if (told.atoms.numbers.length !== numbers.length) {
          throw new ProtocolError(
            `Expected ${numbers.length} atoms in INIT as before but found ${told.atoms.numbers.length}: connect again`,
          );
        }
        ({ atoms, periodic } = told);
      },
      onAnswer,
    });
    this.#connection = connection;
    return connection.run();
  }
}

/** The bytes of an INIT and what follows it, once the host was asked for it; `null` when it left before. */
async function receiveInit(stream: ByteStream): Promise<{ bytes: Uint8Array; initialisation: Initialisation } | null> {
  let received: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  const space = new Uint8Array(1 << 14);
  const has = async (length: number): Promise<boolean> => {
    while (received.length < length) {
      const count = await stream.read(space);
      if (count === null) return false;
      const joined = new Uint8Array(received.length + count);
      joined.set(received);
      joined.set(space.subarray(0, count), received.length);
      received = joined;
    }
    return true;
  };
  while (await has(headerLength)) {
    const header = decodeHeader(received, 0);
    if (header === "EXIT") return null;
    if (header === "STATUS") {
      received = received.slice(headerLength);
      for (let done = 0; done < needInit.length;) done += await stream.write(needInit.subarray(done));
      continue;
    }
    if (header !== "INIT") throw atomsUnknown(header);
    if (!(await has(headerLength + 8))) return null;
    const view = new DataView(received.buffer);
    const length = view.getInt32(headerLength + 4, true);
    if (length < 0 || length > longestInit) {
      throw new ProtocolError(`Expected 0 to ${longestInit} bytes of text in INIT but found a length of ${length}`);
    }
    if (!(await has(headerLength + 8 + length))) return null;
    const text = new TextDecoder().decode(received.subarray(headerLength + 8, headerLength + 8 + length));
    const requestId = new DataView(received.buffer).getInt32(headerLength, true);
    return { bytes: received, initialisation: readInitialisation(requestId, text) };
  }
  return null;
}

function atomsUnknown(found: string): ProtocolError {
  return new ProtocolError(
    `Expected a host that says its atoms, as JSON in INIT, but found ${found}: ` +
      "start the server with --template FILE or --elements O,H,H,...",
  );
}

/** The atoms of a JSON INIT: `{"numbers":[8,1,1],"pbc":[true,true,true],"charge":0,"unpaired":0}`, the last three optional. */
function atomsOfInit({ text }: Initialisation): HostAtoms {
  const told = parseObject(text);
  if (told === null) throw atomsUnknown(`the INIT ${JSON.stringify(text.slice(0, 40))}`);
  const { numbers, pbc = [false, false, false], charge = 0, unpaired = 0 } = told;
  const isAtomicNumber = (z: unknown) => Number.isInteger(z) && (z as number) >= 1 && (z as number) <= 118;
  if (!Array.isArray(numbers) || numbers.length === 0 || !numbers.every(isAtomicNumber)) {
    throw new ProtocolError("Expected atomic numbers, one or more, as `numbers` in the host's INIT but found others");
  }
  if (!Array.isArray(pbc) || pbc.length !== 3) {
    throw new ProtocolError("Expected three answers as `pbc` in the host's INIT but found others");
  }
  if (!Number.isFinite(charge) || !Number.isInteger(unpaired) || (unpaired as number) < 0) {
    throw new ProtocolError("Expected numbers as `charge` and `unpaired` in the host's INIT but found others");
  }
  return {
    atoms: { numbers: Uint8Array.from(numbers), charge: charge as number, unpaired: unpaired as number },
    periodic: [pbc[0] === true, pbc[1] === true, pbc[2] === true],
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
