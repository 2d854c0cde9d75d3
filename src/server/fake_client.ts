import { magic, requestKinds } from "./wire.ts";

/** A reply as it came. */
export interface RawReply {
  /** Its kind. */
  readonly kind: number;
  /** The sequence number it repeats. */
  readonly sequence: number;
  /** Its body, at an offset of 0. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What a fake client wants computed. */
export interface FakeCompute {
  /** Bits of what is wanted; all but the Hessian by default. */
  readonly wanted?: number;
  /** Sum of 1, 2 and 4 for a, b and c. */
  readonly axes?: number;
  /** `[M][9]`. */
  readonly cells?: readonly number[];
  /** `[M][3N]`. */
  readonly positions: ArrayLike<number>;
  /** M; 1 by default. */
  readonly count?: number;
}

/** A message of any kind, with any body, padded to a multiple of 8. */
export function message(kind: number, body: Uint8Array, sequence: number): Uint8Array<ArrayBuffer> {
  const length = Math.ceil(body.length / 8) * 8;
  const bytes = new Uint8Array(16 + length);
  new Uint32Array(bytes.buffer, 0, 4).set([magic, kind, length, sequence]);
  bytes.set(body, 16);
  return bytes;
}

/** HELLO. */
export function helloBody(token = "", name = "fake", version = 1): Uint8Array {
  const encoder = new TextEncoder();
  const padding = new Uint8Array((4 - encoder.encode(token).length % 4) % 4);
  const parts = [u32(version, 0), ...text(token), padding, ...text(name)];
  return join(parts);
}

/** SYSTEM. */
export function systemBody(numbers: ArrayLike<number>, charge = 0, unpaired = 0): Uint8Array {
  return join([u32(numbers.length, unpaired), f64([charge]), Uint8Array.from(numbers)]);
}

/** COMPUTE. */
export function computeBody({ wanted = 31, axes = 0, cells = [], positions, count = 1 }: FakeCompute): Uint8Array {
  return join([u32(count, wanted, axes, 0), f64(cells), f64(positions)]);
}

function u32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function f64(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

function text(value: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(value);
  return [u32(bytes.length), bytes];
}

/** Bytes one after the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A client of docs/protocol.md for tests, written from that page. */
export class FakeClient implements Disposable {
  readonly #connection: Deno.Conn;
  #sequence = 0;
  #received: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects, and says nothing. */
  static async connect(address: string): Promise<FakeClient> {
    if (address.startsWith("unix:")) {
      return new FakeClient(await Deno.connect({ transport: "unix", path: address.slice("unix:".length) }));
    }
    const [, hostname, port] = /^tcp:(.+):(\d+)$/.exec(address)!;
    return new FakeClient(await Deno.connect({ hostname: hostname!, port: Number(port) }));
  }

  /** Connects and says HELLO. */
  static async open(address: string, token = ""): Promise<FakeClient> {
    const client = await FakeClient.connect(address);
    await client.request(requestKinds.hello, helloBody(token));
    return client;
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) done += await this.#connection.write(bytes.subarray(done));
  }

  /** Sends a request. */
  async sendRequest(kind: number, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    await this.send(message(kind, body, ++this.#sequence));
  }

  /** Sends a request and gives the reply, which must repeat the sequence number. */
  async request(kind: number, body: Uint8Array = new Uint8Array(0)): Promise<RawReply> {
    await this.sendRequest(kind, body);
    const reply = await this.receive();
    if (reply.sequence !== this.#sequence) {
      throw new Error(`Expected the reply to ${this.#sequence} but found one to ${reply.sequence}`);
    }
    return reply;
  }

  /** SYSTEM. */
  system(numbers: ArrayLike<number>, charge = 0, unpaired = 0): Promise<RawReply> {
    return this.request(requestKinds.system, systemBody(numbers, charge, unpaired));
  }

  /** COMPUTE. */
  compute(what: FakeCompute): Promise<RawReply> {
    return this.request(requestKinds.compute, computeBody(what));
  }

  /** The next reply. */
  async receive(): Promise<RawReply> {
    const header = new Uint32Array((await this.#take(16)).buffer);
    if (header[0] !== magic) throw new Error(`Expected SPK1 but found ${header[0]!.toString(16)}`);
    return { kind: header[1]!, sequence: header[3]!, body: await this.#take(header[2]!) };
  }

  /** Waits for the server to close; throws if something comes instead. */
  async receiveEnd(): Promise<void> {
    const count = this.#received.length > 0 ? 1 : await this.#connection.read(new Uint8Array(1));
    if (count !== null) throw new Error("Expected the end of the connection but found more bytes");
  }

  /** Closes. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const space = new Uint8Array(1 << 16);
    const parts: Uint8Array[] = [this.#received];
    let have = this.#received.length;
    while (have < length) {
      const count = await this.#connection.read(space);
      if (count === null) throw new Error(`Expected ${length} bytes but found the end after ${have}`);
      parts.push(space.slice(0, count));
      have += count;
    }
    const all = join(parts);
    this.#received = all.slice(length);
    return all.slice(0, length);
  }
}

/** Code and message of an ERROR; throws for another reply. */
export function errorOf({ kind, body }: RawReply): { code: number; message: string } {
  if (kind !== 199) throw new Error(`Expected an ERROR but found a reply of kind ${kind}`);
  const view = new DataView(body.buffer);
  return {
    code: view.getUint32(0, true),
    message: new TextDecoder().decode(body.subarray(12, 12 + view.getUint32(8, true))),
  };
}

/** The numbers of a RESULT; throws the message of an ERROR. */
export function valuesOf(reply: RawReply): Float64Array {
  if (reply.kind === 199) throw new Error(errorOf(reply).message);
  if (reply.kind !== 103) throw new Error(`Expected a RESULT but found a reply of kind ${reply.kind}`);
  return new Float64Array(reply.body.buffer, 8);
}
