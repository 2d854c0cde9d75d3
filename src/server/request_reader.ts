import { Refusal } from "./refusal.ts";
import { errorCodes, everythingWanted, headerLength, magic, requestKinds } from "./wire.ts";

/** A client's message, decoded; see docs/protocol.md. */
export type Request = Hello | SystemRequest | ComputeRequest | { readonly kind: "goodbye" };

/** HELLO. */
export interface Hello {
  /** Tells it from other requests. */
  readonly kind: "hello";
  /** The version the client speaks. */
  readonly version: number;
  /** The token's bytes, a copy. */
  readonly token: Uint8Array;
  /** What the client calls itself. */
  readonly name: string;
}

/** SYSTEM. */
export interface SystemRequest {
  /** Tells it from other requests. */
  readonly kind: "system";
  /** Atomic numbers `[N]`, a copy. */
  readonly numbers: Uint8Array;
  /** Total charge, e. */
  readonly charge: number;
  /** Unpaired electrons. */
  readonly unpaired: number;
}

/** COMPUTE. */
export interface ComputeRequest {
  /** Tells it from other requests. */
  readonly kind: "compute";
  /** Structures M. */
  readonly count: number;
  /** Bits of what is wanted. */
  readonly wanted: number;
  /** Whether the structures repeat along a, b, c. */
  readonly periodic: readonly [boolean, boolean, boolean];
  /** Cells and positions, Å, as they stand in the message: a view that is valid until the request is released. */
  readonly values: Float64Array<ArrayBuffer>;
}

/** Room for a few small messages. */
const firstCapacity = 1 << 14;
/** Room kept behind the longest message, so that reading goes on, and sees the client's end, while it is computed. */
const slack = 1 << 10;
/** The longest token or name of a HELLO. */
const longestText = 1 << 12;

/**
 * Takes a client's bytes as they come, in pieces of any size, and gives its requests.
 *
 * Bytes are read straight into the reader's own buffer: give {@linkcode RequestReader.space} to the socket's read, then
 * {@linkcode RequestReader.advance} by what it read, then take a request with {@linkcode RequestReader.next}. All
 * messages are multiples of 8 bytes long, so that numbers are used where they stand. The buffer grows only with bytes
 * received, and never beyond the longest message.
 */
export class RequestReader {
  readonly #longestBody: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(firstCapacity);
  #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  /** Length of the request that was given out and is not released; 0 without one. */
  #held = 0;
  #sequence = 0;

  /** @param longestBody Bytes; a longer body is refused, unread. */
  constructor(longestBody: number) {
    this.#longestBody = longestBody;
  }

  /** Bytes received of requests that were not given out yet; 0 at a message's boundary. */
  get pending(): number {
    return this.#end - this.#start - this.#held;
  }

  /** Sequence number of the last header looked at. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Where the next bytes from the socket go; `null` while there is no room until a request has been taken and released. Must
   * not be called while a read into the last one is under way.
   */
  space(): Uint8Array<ArrayBuffer> | null {
    if (this.#held === 0 && this.#start > 0) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#held === 0 && this.#end === this.#bytes.length && !this.#hasWholeRequest()) this.#grow();
    return this.#end < this.#bytes.length ? this.#bytes.subarray(this.#end) : null;
  }

  /** Counts `byteCount` bytes of the last {@linkcode RequestReader.space} as received. */
  advance(byteCount: number): void {
    this.#end += byteCount;
  }

  /**
   * The next whole request, or `undefined` until more bytes have come. It is held until
   * {@linkcode RequestReader.release}, which must come before the next call.
   *
   * @throws {Refusal} When the bytes are not a request of the protocol, or its body is too long.
   */
  next(): Request | undefined {
    if (this.pending > 0) this.#checkMagic();
    if (this.pending < headerLength) return undefined;
    const kind = this.#uint32(4);
    const length = this.#uint32(8);
    this.#sequence = this.#uint32(12);
    this.#checkHeader(kind, length);
    if (this.pending < headerLength + length) return undefined;
    const request = this.#decode(kind, length);
    this.#held = headerLength + length;
    return request;
  }

  /** Gives the room of the last request free; its views are not valid any more. */
  release(): void {
    this.#start += this.#held;
    this.#held = 0;
  }

  #decode(kind: number, length: number): Request {
    switch (kind) {
      case requestKinds.hello:
        return this.#hello(length);
      case requestKinds.system:
        return this.#system(length);
      case requestKinds.compute:
        return this.#compute(length);
      default:
        if (length !== 0) throw malformed(`Expected an empty body of GOODBYE but found ${length} bytes`);
        return { kind: "goodbye" };
    }
  }

  /** Looks at as much of the magic as has come, so that garbage is refused at its first byte. */
  #checkMagic(): void {
    const count = Math.min(4, this.pending);
    for (let i = 0; i < count; i++) {
      if (this.#bytes[this.#start + i] === (magic >>> (8 * i) & 0xff)) continue;
      const found = [...this.#bytes.subarray(this.#start, this.#start + count)];
      throw malformed(
        `Expected a message that begins with SPK1 but found the bytes ${found.map(hexadecimal).join(" ")}: ` +
          "is this a client of ./spookynet serve (docs/protocol.md), or a host of the i-PI protocol?",
      );
    }
  }

  #checkHeader(kind: number, length: number): void {
    if (kind < requestKinds.hello || kind > requestKinds.goodbye) {
      throw malformed(`Expected a request of kind 1 to 4 but found kind ${kind}`);
    }
    if (length % 8 !== 0) throw malformed(`Expected a body of a multiple of 8 bytes but found a length of ${length}`);
    if (length > this.#longestBody) {
      throw new Refusal(
        errorCodes.limit,
        `Expected a body of at most ${this.#longestBody} bytes but found a length of ${length}: ` +
          "send fewer structures at a time, or start the server with a larger --max-message",
        true,
      );
    }
  }

  #hello(length: number): Hello {
    if (length < 16) throw malformed(`Expected at least 16 bytes in HELLO but found ${length}`);
    const token = this.#text("token", 8, length);
    const name = this.#text("name", 12 + padded(token.length, 4), length);
    const expected = padded(16 + padded(token.length, 4) + name.length, 8);
    if (length !== expected) throw malformed(`Expected ${expected} bytes in HELLO but found ${length}`);
    return {
      kind: "hello",
      version: this.#body(0),
      token: token.slice(),
      name: new TextDecoder().decode(name),
    };
  }

  #text(name: string, at: number, length: number): Uint8Array<ArrayBuffer> {
    const most = Math.min(longestText, length - at - 4);
    const found = most < 0 ? 0 : this.#body(at);
    if (found > most) {
      throw malformed(`Expected at most ${Math.max(0, most)} bytes in the ${name} of HELLO but found ${found}`);
    }
    const from = this.#start + headerLength + at + 4;
    return this.#bytes.subarray(from, from + found);
  }

  #system(length: number): SystemRequest {
    const atoms = length < 16 ? 0 : this.#body(0);
    const expected = padded(16 + atoms, 8);
    if (length !== expected) {
      throw malformed(`Expected ${expected} bytes in SYSTEM for ${atoms} atoms but found ${length}`);
    }
    const from = this.#start + headerLength;
    return {
      kind: "system",
      numbers: this.#bytes.slice(from + 16, from + 16 + atoms),
      charge: this.#view.getFloat64(from + 8, true),
      unpaired: this.#view.getInt32(from + 4, true),
    };
  }

  #compute(length: number): ComputeRequest {
    if (length < 16) throw malformed(`Expected at least 16 bytes in COMPUTE but found ${length}`);
    const count = this.#body(0);
    const wanted = this.#body(4);
    const axes = this.#body(8);
    if (count === 0) throw malformed("Expected one structure or more in COMPUTE but found 0");
    if (wanted > everythingWanted) {
      throw malformed(`Expected a sum of 1, 2, 4, 8, 16 and 32 for what is wanted but found ${wanted}`);
    }
    if (axes > 7) throw malformed(`Expected a sum of 1, 2 and 4 for the periodic axes but found ${axes}`);
    return {
      kind: "compute",
      count,
      wanted,
      periodic: [(axes & 1) !== 0, (axes & 2) !== 0, (axes & 4) !== 0],
      values: new Float64Array(this.#bytes.buffer, this.#start + headerLength + 16, (length - 16) / 8),
    };
  }

  #body(at: number): number {
    return this.#uint32(headerLength + at);
  }

  #uint32(at: number): number {
    return this.#view.getUint32(this.#start + at, true);
  }

  /** Of a full buffer: whether it begins with a whole request, which must be taken before there is more room. */
  #hasWholeRequest(): boolean {
    return this.pending >= headerLength + this.#uint32(8);
  }

  #grow(): void {
    const needed = headerLength + Math.min(this.#uint32(8), this.#longestBody) + slack;
    const grown = new Uint8Array(Math.max(this.#bytes.length + slack, Math.min(2 * this.#bytes.length, needed)));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The next multiple. */
export function padded(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}

function malformed(message: string): Refusal {
  return new Refusal(errorCodes.malformed, message);
}

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
