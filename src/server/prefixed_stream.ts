import type { ByteStream } from "../protocol/byte_stream.ts";

/** A connection of which some bytes were read already: they come first. */
export class PrefixedStream implements ByteStream {
  readonly #stream: ByteStream;
  #prefix: Uint8Array;

  /** @param prefix What was read; kept. */
  constructor(stream: ByteStream, prefix: Uint8Array) {
    this.#stream = stream;
    this.#prefix = prefix;
  }

  read(space: Uint8Array): Promise<number | null> {
    if (this.#prefix.length === 0) return this.#stream.read(space);
    const count = Math.min(space.length, this.#prefix.length);
    space.set(this.#prefix.subarray(0, count));
    this.#prefix = this.#prefix.subarray(count);
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#stream.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#stream.closeWrite();
  }

  close(): void {
    this.#stream.close();
  }
}
