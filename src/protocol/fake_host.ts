import { join } from "./host_messages.ts";

/** How a connection has ended, seen from the host. */
export type ConnectionEnd = "end" | "reset";

/** One accepted connection, seen from a host. */
export class FakeConnection {
  readonly #connection: Deno.Conn;
  #received: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Takes over an accepted connection. */
  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Sends messages, joined, in one write. */
  async send(...messages: readonly Uint8Array[]): Promise<void> {
    const bytes = join(...messages);
    for (let done = 0; done < bytes.length;) done += await this.#connection.write(bytes.subarray(done));
  }

  /** Sends bytes in pieces of at most `length`, a turn of the event loop between them. */
  async sendInPieces(bytes: Uint8Array, length: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += await this.#connection.write(bytes.subarray(done, done + length));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** The next `length` bytes from the driver. */
  async receive(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#received.length < length) {
      const piece = new Uint8Array(1 << 16);
      const count = await this.#connection.read(piece);
      if (count === null) throw new Error(`Expected ${length} bytes but found the end after ${this.#received.length}`);
      this.#received = join(this.#received, piece.subarray(0, count));
    }
    const taken = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return taken;
  }

  /** The next header from the driver, with its padding. */
  async receiveHeader(): Promise<string> {
    return new TextDecoder().decode(await this.receive(12));
  }

  /** The next FORCEREADY of `batchSize` structures, as numbers in atomic units. */
  async receiveForces(atomCount: number, batchSize = 1): Promise<ReceivedForces> {
    const forceReady = await this.receiveHeader();
    const energies = await this.#receiveNumbers(batchSize);
    const count = new DataView((await this.receive(4)).buffer).getInt32(0, true);
    const forces = await this.#receiveNumbers(batchSize * 3 * atomCount);
    const virials = await this.#receiveNumbers(batchSize * 9);
    const extras: string[] = [];
    for (let i = 0; i < batchSize; i++) extras.push(await this.receiveExtras());
    return { header: forceReady, energies, atomCount: count, forces, virials, extras };
  }

  /** The next extras from the driver. */
  async receiveExtras(): Promise<string> {
    const length = new DataView((await this.receive(4)).buffer).getInt32(0, true);
    return new TextDecoder().decode(await this.receive(length));
  }

  async #receiveNumbers(count: number): Promise<number[]> {
    return [...new Float64Array((await this.receive(8 * count)).buffer)];
  }

  /** Waits for the driver to close: with an end, as a host wants it, or with a reset. */
  async receiveEnd(): Promise<ConnectionEnd> {
    try {
      const count = await this.#connection.read(new Uint8Array(1));
      if (count !== null) throw new Error("Expected the end of the connection but found more bytes");
      return "end";
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return "reset";
      throw error;
    }
  }

  /** Closes the host's side. */
  close(): void {
    this.#connection.close();
  }
}

/** A driver's answer in atomic units. */
export interface ReceivedForces {
  /** FORCEREADY with its padding. */
  readonly header: string;
  /** `[B]`. */
  readonly energies: number[];
  /** N as sent. */
  readonly atomCount: number;
  /** `[B][N][3]`, flat. */
  readonly forces: number[];
  /** `[B][3][3]`, flat. */
  readonly virials: number[];
  /** `[B]`. */
  readonly extras: string[];
}

/** A host that listens on a socket file, or on a port of 127.0.0.1 that was free. */
export class FakeHost implements AsyncDisposable {
  /** Where a driver connects. */
  readonly to: string;
  readonly #listener: Deno.Listener;
  readonly #folder: string | undefined;
  readonly #accepted: FakeConnection[] = [];

  private constructor(to: string, listener: Deno.Listener, folder?: string) {
    this.to = to;
    this.#listener = listener;
    this.#folder = folder;
  }

  /** Starts listening. */
  static listen(transport: "unix" | "tcp" = "unix"): FakeHost {
    if (transport === "tcp") {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      return new FakeHost(`tcp:localhost:${listener.addr.port}`, listener);
    }
    const folder = Deno.makeTempDirSync({ prefix: "spookynet-host-" });
    const path = `${folder}/socket`;
    return new FakeHost(`unix:${path}`, Deno.listen({ transport: "unix", path }), folder);
  }

  /** Waits for a driver. */
  async accept(): Promise<FakeConnection> {
    const connection = new FakeConnection(await this.#listener.accept());
    this.#accepted.push(connection);
    return connection;
  }

  /** Stops listening and closes what is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#accepted) {
      try {
        connection.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
    if (this.#folder !== undefined) await Deno.remove(this.#folder, { recursive: true });
  }
}
