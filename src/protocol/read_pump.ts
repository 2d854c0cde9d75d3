import type { ByteStream } from "./byte_stream.ts";
import type { MessageReader } from "./message_reader.ts";

/** A host that has sent nothing for this long has paused. */
const pauseMilliseconds = 20;
/** The same before a connection is closed, when there is no hurry and a busy machine may keep the host from going on. */
const lastPauseMilliseconds = 100;
/** A host that never pauses is waited for no longer than this. */
const longestWaitMilliseconds = 1000;

/**
 * Keeps reading a connection into a {@linkcode MessageReader}, also while an answer is being computed.
 *
 * That is what keeps i-PI alive when a driver is killed: with bytes left unread in its socket the kernel resets the
 * connection instead of ending it, and i-PI 3.2 and 3.3 wait for ever after a reset.
 */
export class ReadPump {
  readonly #connection: ByteStream;
  readonly #reader: MessageReader;
  readonly #onBytes: () => void;
  #wake: (() => void) | undefined;
  #byteCount = 0;
  #discarding = false;
  #ended = false;
  #error: unknown;

  /**
   * Starts reading at once.
   *
   * @param onBytes Called after every read.
   */
  constructor(connection: ByteStream, reader: MessageReader, onBytes: () => void) {
    this.#connection = connection;
    this.#reader = reader;
    this.#onBytes = onBytes;
    this.#run();
  }

  /** Whether nothing more will come: the host has closed, or reading has failed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why reading has failed, if it has. */
  get error(): unknown {
    return this.#error;
  }

  /** Resolves when more bytes have come or the input has ended. For one waiter at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended) resolve();
      else this.#wake = resolve;
    });
  }

  /** Resolves when the input has ended or the host has paused: has sent nothing for so many ms. */
  async quiet(pause = pauseMilliseconds): Promise<void> {
    const deadline = performance.now() + longestWaitMilliseconds;
    let seen = -1;
    while (!this.#ended && seen !== this.#byteCount && performance.now() < deadline) {
      seen = this.#byteCount;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Throws away what the host still sends, until it pauses: a connection closed then ends without a reset. */
  drain(): Promise<void> {
    this.#discarding = true;
    return this.quiet(lastPauseMilliseconds);
  }

  async #run(): Promise<void> {
    const scratch = new Uint8Array(1 << 16);
    try {
      while (true) {
        const space = this.#discarding ? scratch : this.#reader.space();
        const count = await this.#connection.read(space);
        if (count === null) break;
        this.#byteCount += count;
        if (space !== scratch) this.#reader.advance(count);
        this.#notify();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#onBytes();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
