import { vec4s } from "../vec4s.ts";

/** Lays out what kernels read and write in one buffer, rows padded to whole vec4s; offsets count vec4s. */
export class Memory {
  readonly #parts: Float32Array[] = [];
  #length = 0;

  /** Rows to read, `[rows][width]`. */
  put(rows: Float64Array, width: number): number {
    const padded = 4 * vec4s(width);
    const part = new Float32Array(rows.length / width * padded);
    rows.forEach((value, at) => part[Math.floor(at / width) * padded + at % width] = value);
    return this.#push(part);
  }

  /** Room for rows to be written; not a number until they are. */
  room(rows: number, width: number): number {
    return this.#push(new Float32Array(rows * 4 * vec4s(width)).fill(NaN));
  }

  /** Vec4s put so far. */
  get length(): number {
    return this.#length / 4;
  }

  /** All of it. */
  get data(): Float32Array<ArrayBuffer> {
    const data = new Float32Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      data.set(part, at);
      at += part.length;
    }
    return data;
  }

  #push(part: Float32Array): number {
    const offset = this.#length / 4;
    this.#parts.push(part);
    this.#length += part.length;
    return offset;
  }
}

/** Rows as they stand in a buffer, padding included. */
export function rowsAt(buffer: Float32Array, offset: number, rows: number, width: number): Float32Array {
  return buffer.subarray(4 * offset, 4 * offset + rows * 4 * vec4s(width));
}

/** Rows without their padding, `[rows][width]`. */
export function unpadded(buffer: Float32Array, offset: number, rows: number, width: number): Float64Array {
  const padded = 4 * vec4s(width);
  return Float64Array.from(
    { length: rows * width },
    (_, at) => buffer[4 * offset + Math.floor(at / width) * padded + at % width]!,
  );
}
