/** A request as the server has seen it. */
export interface SeenRequest {
  /** Its path. */
  readonly path: string;
  /** Its Range, if it has one. */
  readonly range: string | null;
}

/** A server of one file on 127.0.0.1, for tests; its answers are written byte by byte, lies included. */
export class FakeFileServer implements AsyncDisposable {
  /** What it was asked. */
  readonly requests: SeenRequest[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #answer: (request: SeenRequest, count: number) => FakeAnswer | Promise<FakeAnswer>;
  readonly #serving: Promise<void>;

  /** @param answer Called with each request, and with how many there were before. */
  constructor(answer: (request: SeenRequest, count: number) => FakeAnswer | Promise<FakeAnswer>) {
    this.#answer = answer;
    this.#serving = this.#serve();
  }

  /** Where it is. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#listener.addr.port}/`);
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const connections: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) connections.push(this.#reply(connection));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(connections);
  }

  async #reply(connection: Deno.Conn): Promise<void> {
    try {
      const request = readRequest(await readHead(connection));
      this.requests.push(request);
      const { head, body = new Uint8Array(0), hold } = await this.#answer(request, this.requests.length - 1);
      await writeAll(connection, new TextEncoder().encode(`${head.join("\r\n")}\r\nconnection: close\r\n\r\n`));
      await writeAll(connection, body);
      await hold;
    } catch (error) {
      // The client has seen enough.
      if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) throw error;
    } finally {
      connection.close();
    }
  }
}

/** What a {@linkcode FakeFileServer} says, and then closes the connection. */
export interface FakeAnswer {
  /** The status line and the headers. */
  readonly head: readonly string[];
  /** The bytes that follow, whatever the headers say. */
  readonly body?: Uint8Array;
  /** Waited for before the connection is closed. */
  readonly hold?: Promise<unknown>;
}

/** The answer of a good server: the whole file, or the part that is asked for. */
export function goodAnswer(file: Uint8Array, { range }: SeenRequest): FakeAnswer {
  const [, from] = /^bytes=(\d+)-$/.exec(range ?? "") ?? [];
  if (from === undefined) return { head: ["HTTP/1.1 200 OK", `content-length: ${file.length}`], body: file };
  const body = file.subarray(Number(from));
  const place = `content-range: bytes ${from}-${file.length - 1}/${file.length}`;
  return { head: ["HTTP/1.1 206 Partial Content", `content-length: ${body.length}`, place], body };
}

async function readHead(connection: Deno.Conn): Promise<string> {
  let text = "";
  const piece = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(piece);
    if (count === null) throw new Deno.errors.ConnectionReset("Expected a request but found the end");
    text += new TextDecoder().decode(piece.subarray(0, count));
  }
  return text;
}

function readRequest(text: string): SeenRequest {
  const path = /^GET (\S+) /.exec(text)?.[1] ?? "";
  return { path, range: /^range: (.*)\r$/im.exec(text)?.[1] ?? null };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}
