/**
 * A host's messages as bytes, for tests and `bench`. Written apart from the codec, so that neither can hide the other's mistakes.
 */

/** A structure as it travels: bohr. */
export interface WireStructure {
  /** 9 numbers in the order of the wire: ax bx cx ay by cy az bz cz. */
  readonly cell: readonly number[];
  /** 3N numbers. */
  readonly positions: readonly number[];
}

/** Joins pieces of a message. */
export function join(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    joined.set(piece, end);
    end += piece.length;
  }
  return joined;
}

/** A header, padded with spaces, or with NULs as eOn does. */
export function header(name: string, padding = " "): Uint8Array {
  return text(name.padEnd(12, padding));
}

/** Text as UTF-8. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** int32 numbers, little-endian. */
export function int32(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setInt32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

/** float64 numbers, little-endian. */
export function float64(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
  return new Uint8Array(view.buffer);
}

/** INIT with its text. */
export function init(requestId: number, initText: string): Uint8Array<ArrayBuffer> {
  const bytes = text(initText);
  return join(header("INIT"), int32(requestId, bytes.length), bytes);
}

/** The inverse cell is whatever a host likes to send: here numbers that would be noticed. */
const inverse = float64([NaN, 1e300, 0, 0, 0, 0, 0, 0, Infinity]);

/** POSDATA of a single structure. */
export function positionData({ cell, positions }: WireStructure, padding = " "): Uint8Array<ArrayBuffer> {
  return join(
    header("POSDATA", padding),
    float64(cell),
    inverse,
    int32(positions.length / 3),
    float64(positions),
  );
}

/** i-PI's batched POSDATA. */
export function batchedPositionData(structures: readonly WireStructure[]): Uint8Array<ArrayBuffer> {
  return join(
    header("POSDATA"),
    int32(structures[0]!.positions.length / 3),
    ...structures.flatMap(({ cell }) => [float64(cell), inverse]),
    ...structures.map(({ positions }) => float64(positions)),
  );
}

/** A cell of 10 bohr and N atoms at positions that differ with `seed`. */
export function wireStructure(atomCount: number, seed = 0): WireStructure {
  const positions = Array.from({ length: 3 * atomCount }, (_, i) => Math.sin(1 + i + 100 * seed));
  return { cell: [10, 0, 0, 0, 10, 0, 0, 0, 10], positions };
}
