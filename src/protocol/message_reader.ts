import { littleEndian } from "./byte_order.ts";
import { emptyFrame, type Frame } from "./frame.ts";
import { decodeHeader, headerLength } from "./header.ts";
import { readInitialisation } from "./init_text.ts";
import type { Message } from "./message.ts";
import { ProtocolError } from "./protocol_error.ts";
import { segmentKinds } from "./shared_memory.ts";
import { bohr } from "./units.ts";

const statusMessage: Message = { kind: "status" };
const getForceMessage: Message = { kind: "getforce" };
const exitMessage: Message = { kind: "exit" };
const sharedPositionsMessage: Message = { kind: "shared posdata" };

/** Cell and inverse cell, 9 float64 each. */
const cellsLength = 144;
/** A longer INIT than this is no parameter list. */
const longestInitText = 1 << 20;
/** File names on Linux end here. */
const longestSegmentName = 255;
/** A batch must fit in this. */
const longestPositionData = 1 << 30;
/** What may stand before and behind the longest message: the next headers. */
const slack = 1 << 16;
/** Bytes a read from the socket should find room for. */
const leastSpace = 1 << 12;

/**
 * Takes a host's bytes as they come, in pieces of any size, and gives its messages.
 *
 * Bytes are read straight into the reader's own buffer: give {@linkcode MessageReader.space} to the socket's read, then
 * {@linkcode MessageReader.advance} by what it read, then take messages with {@linkcode MessageReader.next}. Nothing is
 * sized by a number from the socket before that number has been checked, and the buffer only grows with bytes received.
 */
export class MessageReader {
  readonly #atomCount: number;
  readonly #sharedMemory: boolean;
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #start = 0;
  #end = 0;
  #batchSize = 1;
  #frames: Frame[] = [];
  #segmentNamesRead = false;

  /**
   * Makes a reader with room for one structure.
   *
   * @param atomCount Atoms N in every structure; a POSDATA with another count is refused.
   * @param sharedMemory Whether POSDATA brings no numbers but the names of shared-memory segments (i-PI's `mode="shm"`).
   * @throws {RangeError} When `atomCount` is not a whole number of atoms whose positions fit in a message of 1 GiB.
   */
  constructor(atomCount: number, sharedMemory = false) {
    const most = Math.floor((longestPositionData - headerLength - 4 - cellsLength) / 24);
    if (!Number.isInteger(atomCount) || atomCount < 1 || atomCount > most) {
      throw new RangeError(`Expected an atom count from 1 to ${most} but found ${atomCount}`);
    }
    this.#atomCount = atomCount;
    this.#sharedMemory = sharedMemory;
    this.#buffer = new Uint8Array(this.#positionDataLength() + slack);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Structures in one POSDATA, as the last INIT announced. */
  get batchSize(): number {
    return this.#batchSize;
  }

  /** Bytes received but not yet given out as messages; 0 at a message's boundary. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /**
   * Where the next bytes from the socket go. Valid until the next call; moves what is pending, so it must not be called
   * while a read into the last one is under way.
   *
   * @throws {ProtocolError} When the host has sent more than a whole POSDATA without waiting for an answer.
   */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#start > 0) this.#moveToFront(this.#buffer);
    if (this.#buffer.length - this.#end < leastSpace) this.#grow();
    return this.#buffer.subarray(this.#end);
  }

  /** Counts `byteCount` bytes of the last {@linkcode MessageReader.space} as received. */
  advance(byteCount: number): void {
    this.#end += byteCount;
  }

  /**
   * The next whole message, or `undefined` until more bytes have come. A POSDATA's frames are overwritten by the next one.
   *
   * @throws {ProtocolError} When the bytes are not a message of the protocol, or one this driver cannot serve.
   */
  next(): Message | undefined {
    if (this.pending < headerLength) return undefined;
    const header = decodeHeader(this.#buffer, this.#start);
    switch (header) {
      case "STATUS":
        return this.#take(headerLength, statusMessage);
      case "GETFORCE":
        return this.#take(headerLength, getForceMessage);
      case "EXIT":
        return this.#take(headerLength, exitMessage);
      case "INIT":
        return this.#readInit();
      case "POSDATA":
        if (this.#sharedMemory) return this.#readSharedPositions();
        return this.#batchSize > 1 ? this.#readBatch() : this.#readPositions();
      default:
        throw this.#unknownHeader();
    }
  }

  #take(length: number, message: Message): Message {
    this.#start += length;
    return message;
  }

  #readInit(): Message | undefined {
    const textAt = headerLength + 8;
    if (this.pending < textAt) return undefined;
    const requestId = this.#int32(headerLength);
    const length = this.#int32(headerLength + 4);
    if (length < 0 || length > longestInitText) {
      throw new ProtocolError(
        `Expected 0 to ${longestInitText} bytes of text in the host's INIT but found a length of ${length}`,
      );
    }
    if (this.pending < textAt + length) return undefined;
    const text = new TextDecoder().decode(this.#buffer.subarray(this.#start + textAt, this.#start + textAt + length));
    const initialisation = readInitialisation(requestId, text);
    this.#setBatchSize(initialisation.batchSize);
    return this.#take(textAt + length, { kind: "init", initialisation });
  }

  #setBatchSize(batchSize: number): void {
    const largest = Math.floor((longestPositionData - headerLength - 4) / (cellsLength + 24 * this.#atomCount));
    if (batchSize > largest) {
      throw new ProtocolError(
        `Expected a batch_size of at most ${largest} for ${this.#atomCount} atoms but found ${batchSize} in the host's INIT`,
      );
    }
    this.#batchSize = batchSize;
  }

  #readPositions(): Message | undefined {
    const cellAt = headerLength;
    const countAt = cellAt + cellsLength;
    if (this.pending < countAt + 4) return undefined;
    this.#checkAtomCount(this.#int32(countAt));
    const length = this.#positionDataLength();
    if (this.pending < length) return undefined;
    const frames = this.#framesToFill();
    this.#readCell(cellAt, frames[0]!);
    this.#readCoordinates(countAt + 4, frames[0]!);
    return this.#take(length, { kind: "posdata", frames });
  }

  #readBatch(): Message | undefined {
    const cellsAt = headerLength + 4;
    if (this.pending < cellsAt) return undefined;
    this.#checkAtomCount(this.#int32(headerLength));
    const length = this.#positionDataLength();
    if (this.pending < length) return undefined;
    const frames = this.#framesToFill();
    const coordinatesAt = cellsAt + cellsLength * frames.length;
    for (const [i, frame] of frames.entries()) {
      this.#readCell(cellsAt + cellsLength * i, frame);
      this.#readCoordinates(coordinatesAt + 24 * this.#atomCount * i, frame);
    }
    return this.#take(length, { kind: "posdata", frames });
  }

  #readSharedPositions(): Message | undefined {
    let length = headerLength + 4;
    if (this.pending < length) return undefined;
    this.#checkAtomCount(this.#int32(headerLength));
    if (this.#segmentNamesRead) return this.#take(length, sharedPositionsMessage);
    const segmentNames: string[] = [];
    for (const kind of segmentKinds) {
      if (this.pending < length + 4) return undefined;
      const nameLength = this.#int32(length);
      if (nameLength < 1 || nameLength > longestSegmentName) {
        throw new ProtocolError(
          `Expected 1 to ${longestSegmentName} bytes in the name of the shared-memory segment "${kind}" but found a ` +
            `length of ${nameLength}; does the host use mode="shm"?`,
        );
      }
      const nameAt = this.#start + length + 4;
      length += 4 + nameLength;
      if (this.pending < length) return undefined;
      segmentNames.push(new TextDecoder().decode(this.#buffer.subarray(nameAt, nameAt + nameLength)));
    }
    this.#segmentNamesRead = true;
    return this.#take(length, { kind: "shared posdata", segmentNames });
  }

  /** The wire has the cell's vectors as columns; the inverse behind it differs between hosts and is left alone. */
  #readCell(offset: number, frame: Frame): void {
    const at = this.#start + offset;
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        frame.cell[3 * column + row] = bohr * this.#view.getFloat64(at + 8 * (3 * row + column), littleEndian);
      }
    }
  }

  #readCoordinates(offset: number, frame: Frame): void {
    const { positions } = frame;
    const at = this.#start + offset;
    for (let i = 0; i < positions.length; i++) {
      positions[i] = bohr * this.#view.getFloat64(at + 8 * i, littleEndian);
    }
  }

  #framesToFill(): Frame[] {
    while (this.#frames.length < this.#batchSize) this.#frames.push(emptyFrame(this.#atomCount));
    this.#frames.length = this.#batchSize;
    return this.#frames;
  }

  #int32(offset: number): number {
    return this.#view.getInt32(this.#start + offset, littleEndian);
  }

  #checkAtomCount(count: number): void {
    if (count === this.#atomCount) return;
    throw new ProtocolError(
      `Expected ${this.#atomCount} atoms in the host's POSDATA but found ${count}; ${this.#explainAtomCount()}`,
    );
  }

  /** A wrong count is most often another layout of POSDATA than this side was told of. */
  #explainAtomCount(): string {
    const countFirst = this.#int32(headerLength) === this.#atomCount;
    if (countFirst && !this.#sharedMemory && this.#batchSize === 1) {
      const nameLength = this.#int32(headerLength + 4);
      if (nameLength > 0 && nameLength <= longestSegmentName) return `the host uses mode="shm": connect with --shm`;
      return "the host sends batches, which it announces only to a driver that asks: connect with --init ask";
    }
    if (this.#sharedMemory) return `with --shm the host must use mode="shm"`;
    return "give the structure that the host simulates, with the atoms in the same order";
  }

  #unknownHeader(): ProtocolError {
    const bytes = this.#buffer.subarray(this.#start, this.#start + headerLength);
    const hexadecimal = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = JSON.stringify(decodeHeader(bytes, 0).replace(/[^\x20-\x7e]/g, "."));
    return new ProtocolError(
      `Expected STATUS, INIT, POSDATA, GETFORCE or EXIT from the host but found the bytes ${hexadecimal} (${text}); ` +
        "is it a host of the i-PI protocol?",
    );
  }

  #positionDataLength(): number {
    return headerLength + 4 + this.#batchSize * (cellsLength + 24 * this.#atomCount);
  }

  #longestMessage(): number {
    return Math.max(this.#positionDataLength(), headerLength + 8 + longestInitText);
  }

  #grow(): void {
    const longest = this.#longestMessage() + slack;
    if (this.pending >= longest) {
      throw new ProtocolError(
        `Expected the host to wait for an answer but found ${this.pending} bytes sent ahead of it`,
      );
    }
    const grown = new Uint8Array(Math.min(2 * this.#buffer.length, longest + leastSpace));
    this.#moveToFront(grown);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }

  #moveToFront(target: Uint8Array): void {
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
  }
}
