import { littleEndian } from "./byte_order.ts";
import { encodeExtras } from "./extras.ts";
import { checkResult, type FrameResult } from "./frame.ts";
import { encodeHeader, headerLength } from "./header.ts";
import { hartree, hartreePerBohr } from "./units.ts";

const forceReadyHeader = encodeHeader("FORCEREADY");

/**
 * Writes a driver's FORCEREADY, all of it in one piece: i-PI allows two seconds from its first byte to the last, and
 * drops a driver whose header comes in two parts. Energies leave in hartree, forces in hartree/bohr, virials in hartree.
 */
export class MessageWriter {
  readonly #atomCount: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view: DataView<ArrayBuffer> = new DataView(this.#bytes.buffer);

  /**
   * Makes a writer with no buffer yet.
   *
   * @param atomCount Atoms N in every structure.
   */
  constructor(atomCount: number) {
    this.#atomCount = atomCount;
  }

  /**
   * Writes the answer to one GETFORCE.
   *
   * @param results Results in the order of the POSDATA; the last one stands for all that follow it up to `batchSize`.
   * @param batchSize Structures B the host wants back.
   * @returns FORCEREADY, energies `[B]`, atom count, forces `[B][N][3]`, full symmetric virials `[B][3][3]`, extras `[B]`.
   * Valid until the next call.
   * @throws {ProtocolError} When a number is not finite or an array has the wrong length: nothing is written then.
   */
  forceReady(results: readonly FrameResult[], batchSize: number): Uint8Array<ArrayBuffer> {
    const extras = this.#checkAndEncodeExtras(results, batchSize);
    const countAt = headerLength + 8 * batchSize;
    const forcesAt = countAt + 4;
    const virialsAt = forcesAt + 24 * this.#atomCount * batchSize;
    const extrasAt = virialsAt + 72 * batchSize;
    this.#reserve(extrasAt + lengthOfExtras(extras));
    this.#bytes.set(forceReadyHeader);
    this.#view.setInt32(countAt, this.#atomCount, littleEndian);
    for (let i = 0; i < batchSize; i++) {
      const result = results[Math.min(i, results.length - 1)]!;
      this.#view.setFloat64(headerLength + 8 * i, result.energy / hartree, littleEndian);
      writeForces(this.#view, forcesAt + 24 * this.#atomCount * i, result.forces);
      writeVirial(this.#view, virialsAt + 72 * i, result.virial);
    }
    return this.#bytes.subarray(0, this.#writeExtras(extrasAt, extras));
  }

  /**
   * As {@linkcode MessageWriter.forceReady} for a host whose numbers lie in shared memory: FORCEREADY and the extras only.
   */
  sharedForceReady(results: readonly FrameResult[], batchSize: number): Uint8Array<ArrayBuffer> {
    const extras = this.#checkAndEncodeExtras(results, batchSize);
    this.#reserve(headerLength + lengthOfExtras(extras));
    this.#bytes.set(forceReadyHeader);
    return this.#bytes.subarray(0, this.#writeExtras(headerLength, extras));
  }

  #checkAndEncodeExtras(results: readonly FrameResult[], batchSize: number): Uint8Array[] {
    const encoded: Uint8Array[] = [];
    for (const result of results) {
      checkResult(result, this.#atomCount);
      encoded.push(result.extras === undefined ? noExtras : new TextEncoder().encode(encodeExtras(result.extras)));
    }
    while (encoded.length < batchSize) encoded.push(encoded.at(-1)!);
    return encoded;
  }

  #writeExtras(offset: number, extras: readonly Uint8Array[]): number {
    let end = offset;
    for (const text of extras) {
      this.#view.setInt32(end, text.length, littleEndian);
      this.#bytes.set(text, end + 4);
      end += 4 + text.length;
    }
    return end;
  }

  #reserve(length: number): void {
    if (this.#bytes.length >= length) return;
    this.#bytes = new Uint8Array(length + (length >> 2));
    this.#view = new DataView(this.#bytes.buffer);
  }
}

const noExtras = new Uint8Array(0);

function lengthOfExtras(extras: readonly Uint8Array[]): number {
  return extras.reduce((length, text) => length + 4 + text.length, 0);
}

/** Writes forces `[N][3]`, eV/Å, as hartree/bohr at byte `offset`. */
export function writeForces(view: DataView, offset: number, forces: Float64Array): void {
  for (let i = 0; i < forces.length; i++) {
    view.setFloat64(offset + 8 * i, forces[i]! / hartreePerBohr, littleEndian);
  }
}

/**
 * Writes a virial `[3][3]`, eV, as hartree at byte `offset`, made symmetric: i-PI reads the upper triangle only, ASE
 * averages both, so each gets what it expects.
 */
export function writeVirial(view: DataView, offset: number, virial: Float64Array): void {
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const mean = (virial[3 * row + column]! + virial[3 * column + row]!) / 2;
      view.setFloat64(offset + 8 * (3 * row + column), mean / hartree, littleEndian);
    }
  }
}
