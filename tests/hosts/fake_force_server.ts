import { join } from "node:path";

/** A request as the fake server sees it. */
export interface FakeRequest {
  /** 1 HELLO, 2 SYSTEM, 3 COMPUTE. */
  readonly kind: number;
  /** Which request of its connection, from 0. */
  readonly index: number;
  /** Sequence number. */
  readonly sequence: number;
  /** Its body. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Atoms of the connection's system. */
  readonly atoms: number;
  /** Which connection of the server, from 0. */
  readonly connection: number;
}

/** Bytes to send, in pieces if in several arrays; then `close` ends the connection and `hang` says no more. */
export type FakeReply = readonly (Uint8Array | "close" | "hang")[];

const little = true;

/** A message of docs/protocol.md, its body padded. */
export function message(
  kind: number,
  sequence: number,
  body: Uint8Array | readonly number[] = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + Math.ceil(body.length / 8) * 8);
  bytes.set([0x53, 0x50, 0x4b, 0x31]);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, kind, little);
  view.setUint32(8, bytes.length - 16, little);
  view.setUint32(12, sequence, little);
  bytes.set(body, 16);
  return bytes;
}

/** The bytes of whole numbers. */
export function uint32s(...values: number[]): number[] {
  return values.flatMap((value) => [0, 8, 16, 24].map((shift) => value >>> shift & 0xff));
}

/** The bytes of a text with its length. */
export function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...uint32s(bytes.length), ...bytes, ...new Array(-bytes.length & 3).fill(0)];
}

/** What a server does that computes nothing: energies and all else are 0. */
export function goodReply({ kind, sequence, body, atoms }: FakeRequest): Uint8Array<ArrayBuffer> {
  if (kind === 1) {
    return message(101, sequence, [...uint32s(1, 1000, 64, 1 << 20), ...text("fake"), ...text("no device")]);
  }
  if (kind === 2) return message(102, sequence);
  const view = new DataView(body.buffer);
  const [structures, wanted] = [view.getUint32(0, little), view.getUint32(4, little)];
  const sizes = [3 * atoms, 9, atoms, 3, atoms, 9 * atoms * atoms];
  const numbers = sizes.reduce((sum, size, k) => sum + (wanted >> k & 1 ? size : 0), 1);
  const result = message(103, sequence, new Uint8Array(8 + 8 * structures * numbers));
  result.set(uint32s(structures, wanted), 16);
  return result;
}

/** An ERROR. */
export function errorReply(sequence: number, code: number, line: string): Uint8Array<ArrayBuffer> {
  return message(199, sequence, [...uint32s(code, 0), ...text(line)]);
}

/** A server at a Unix socket that answers as a test wants it. */
export class FakeForceServer implements AsyncDisposable {
  /** Its address, for clients. */
  readonly address: string;
  readonly #folder: string;
  readonly #listener: Deno.Listener<Deno.UnixConn>;
  readonly #connections = new Set<Deno.Conn>();
  readonly #running: Promise<void>;
  #count = 0;

  private constructor(folder: string, answer: (request: FakeRequest) => FakeReply, unread: number) {
    this.#folder = folder;
    const path = join(folder, "socket");
    this.address = `unix:${path}`;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#running = this.#accept(answer, unread);
  }

  /**
   * Starts a server.
   *
   * @param options `unread`: the kind of requests that are answered without a look at their bodies.
   */
  static async start(
    answer: (request: FakeRequest) => FakeReply,
    options: { unread?: number } = {},
  ): Promise<FakeForceServer> {
    return new FakeForceServer(await Deno.makeTempDir({ prefix: "spookynet-fake-" }), answer, options.unread ?? 0);
  }

  /** How many connections there were. */
  get connections(): number {
    return this.#count;
  }

  async #accept(answer: (request: FakeRequest) => FakeReply, unread: number): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      const end = () => {
        if (this.#connections.delete(connection)) connection.close();
      };
      // A client that leaves in the midst of a message is what these tests are about.
      serving.push(serve(connection, this.#count++, answer, unread).catch(() => {}).finally(end));
    }
    await Promise.all(serving);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    await this.#running;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function serve(
  connection: Deno.Conn,
  number: number,
  answer: (request: FakeRequest) => FakeReply,
  unread: number,
) {
  let atoms = 0;
  for (let index = 0;; index++) {
    const header = await readWhole(connection, 16);
    if (header === null) return;
    const view = new DataView(header.buffer);
    const [kind, length, sequence] = [4, 8, 12].map((at) => view.getUint32(at, little)) as [number, number, number];
    const body = await readWhole(connection, kind === unread ? 0 : length);
    if (body === null) return;
    if (kind === 2) atoms = new DataView(body.buffer).getUint32(0, little);
    for (const piece of answer({ kind, index, sequence, body, atoms, connection: number })) {
      if (piece === "close") return;
      if (piece === "hang") {
        while (await readWhole(connection, 1) !== null);
        return;
      }
      for (let done = 0; done < piece.length;) done += await connection.write(piece.subarray(done));
    }
  }
}

async function readWhole(connection: Deno.Conn, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = await connection.read(bytes.subarray(done));
    if (count === null) return null;
    done += count;
  }
  return bytes;
}
