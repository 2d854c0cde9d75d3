import { padded } from "./request_reader.ts";
import type { ResultLayout } from "./result_layout.ts";
import { headerLength, magic, replyKinds } from "./wire.ts";
import type { Refusal } from "./refusal.ts";

/** What WELCOME says. */
export interface Welcome {
  /** Version the server speaks. */
  readonly version: number;
  /** Most atoms of a structure. */
  readonly maxAtoms: number;
  /** Most structures of a request. */
  readonly maxStructures: number;
  /** Longest body of a request or reply, bytes. */
  readonly maxMessage: number;
  /** Name of the model. */
  readonly model: string;
  /** Name of the device. */
  readonly device: string;
}

/** Where the numbers of a RESULT stand: behind the header and two u32. */
const valuesAt = headerLength + 8;

/** A message on the wire; used again for the next reply once it has been sent. */
export type Reply = Uint8Array<ArrayBuffer>;

/** Writes one connection's replies, each in one piece, all in one buffer that grows as needed. */
export class ReplyWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 10);
  #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer);

  /** WELCOME. */
  welcome(sequence: number, welcome: Welcome): Reply {
    const encoder = new TextEncoder();
    const model = encoder.encode(welcome.model);
    const device = encoder.encode(welcome.device);
    const deviceAt = headerLength + 20 + padded(model.length, 4);
    const reply = this.#begin(replyKinds.welcome, padded(24 + padded(model.length, 4) + device.length, 8), sequence);
    [welcome.version, welcome.maxAtoms, welcome.maxStructures, welcome.maxMessage].forEach((value, i) =>
      this.#view.setUint32(headerLength + 4 * i, value, true)
    );
    this.#text(headerLength + 16, model);
    this.#text(deviceAt, device);
    return reply;
  }

  /** READY. */
  ready(sequence: number): Reply {
    return this.#begin(replyKinds.ready, 0, sequence);
  }

  /** FAREWELL. */
  farewell(sequence: number): Reply {
    return this.#begin(replyKinds.farewell, 0, sequence);
  }

  /** ERROR. */
  error(sequence: number, { code, message }: Pick<Refusal, "code" | "message">): Reply {
    const text = new TextEncoder().encode(message);
    const reply = this.#begin(replyKinds.error, padded(12 + text.length, 8), sequence);
    this.#view.setUint32(headerLength, code, true);
    this.#text(headerLength + 8, text);
    return reply;
  }

  /** RESULT whose numbers are still to be written, by the layout, into `values`. */
  result(sequence: number, layout: ResultLayout): { reply: Reply; values: Float64Array<ArrayBuffer> } {
    const reply = this.#begin(replyKinds.result, layout.bodyLength, sequence);
    this.#view.setUint32(headerLength, layout.count, true);
    this.#view.setUint32(headerLength + 4, layout.wanted, true);
    return { reply, values: new Float64Array(this.#bytes.buffer, valuesAt, layout.valueCount) };
  }

  #begin(kind: number, bodyLength: number, sequence: number): Reply {
    const length = headerLength + bodyLength;
    if (this.#bytes.length < length) {
      this.#bytes = new Uint8Array(length);
      this.#view = new DataView(this.#bytes.buffer);
    }
    // Zeros where text is padded; numbers overwrite all of a RESULT.
    if (kind !== replyKinds.result) this.#bytes.fill(0, 0, length);
    this.#view.setUint32(0, magic, true);
    this.#view.setUint32(4, kind, true);
    this.#view.setUint32(8, bodyLength, true);
    this.#view.setUint32(12, sequence, true);
    return this.#bytes.subarray(0, length);
  }

  #text(at: number, text: Uint8Array): void {
    this.#view.setUint32(at, text.length, true);
    this.#bytes.set(text, at + 4);
  }
}
