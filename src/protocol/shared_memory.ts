import { littleEndian } from "./byte_order.ts";
import type { Frame, FrameResult } from "./frame.ts";
import { writeForces, writeVirial } from "./message_writer.ts";
import { ProtocolError } from "./protocol_error.ts";
import { bohr, hartree } from "./units.ts";

/** i-PI's six segments, in the order in which it names them: the third, the inverse cell, is not used. */
export const segmentKinds = ["pos", "h", "ih", "pot", "force", "vir"] as const;

type SegmentKind = typeof segmentKinds[number];

const sharedMemoryFolder = "/dev/shm";

/**
 * The shared-memory segments of one connection to i-PI (`mode="shm"`), used as the plain files they are on Linux: tmpfs
 * keeps reads and writes coherent with i-PI's mapping. i-PI creates and removes them.
 *
 * Names come from the socket, so only i-PI's own pattern is opened, never a path, a link or anything but a file of at
 * least the size the atom count and the batch need. Deno asks for `--allow-all` to open anything under /dev.
 */
export class SharedMemory {
  readonly #files: Record<SegmentKind, Deno.FsFile>;
  readonly #atomCount: number;
  readonly #batchSize: number;
  readonly #buffer: DataView<ArrayBuffer>;

  /**
   * Opens a connection's segments.
   *
   * @param names The six names as sent: pos, h, ih, pot, force, vir.
   * @param atomCount Atoms N of every structure.
   * @param batchSize Structures B a segment holds.
   * @throws {ProtocolError} When a name does not look like i-PI's, or a file is missing, too small or no plain file.
   */
  constructor(names: readonly string[], atomCount: number, batchSize: number) {
    this.#atomCount = atomCount;
    this.#batchSize = batchSize;
    this.#buffer = new DataView(new ArrayBuffer(8 * batchSize * Math.max(3 * atomCount, 9)));
    const sizes = { pos: 3 * atomCount, h: 9, ih: 9, pot: 1, force: 3 * atomCount, vir: 9 };
    const files: Partial<Record<SegmentKind, Deno.FsFile>> = {};
    try {
      for (const [i, kind] of segmentKinds.entries()) {
        files[kind] = openSegment(names[i] ?? "", kind, 8 * batchSize * sizes[kind]);
      }
    } catch (error) {
      for (const file of Object.values(files)) file.close();
      throw error;
    }
    this.#files = files as Record<SegmentKind, Deno.FsFile>;
  }

  /** Reads cells and positions, bohr, into `frames`, Å; one frame for each structure of the batch. */
  readFrames(frames: readonly Frame[]): void {
    this.#read("h", 9 * this.#batchSize);
    for (const [i, frame] of frames.entries()) {
      for (let j = 0; j < 9; j++) frame.cell[3 * (j % 3) + Math.floor(j / 3)] = bohr * this.#number(9 * i + j);
    }
    const length = 3 * this.#atomCount;
    this.#read("pos", length * this.#batchSize);
    for (const [i, frame] of frames.entries()) {
      for (let j = 0; j < length; j++) frame.positions[j] = bohr * this.#number(length * i + j);
    }
  }

  /** Writes energies, forces and virials of the whole batch; the last result stands for all that follow it. */
  writeResults(results: readonly FrameResult[]): void {
    const last = results.length - 1;
    const batch = Array.from({ length: this.#batchSize }, (_, i) => results[Math.min(i, last)]!);
    const length = 3 * this.#atomCount;
    for (const [i, result] of batch.entries()) {
      this.#buffer.setFloat64(8 * i, result.energy / hartree, littleEndian);
    }
    this.#write("pot", this.#batchSize);
    for (const [i, result] of batch.entries()) writeForces(this.#buffer, 8 * length * i, result.forces);
    this.#write("force", length * this.#batchSize);
    for (const [i, result] of batch.entries()) writeVirial(this.#buffer, 72 * i, result.virial);
    this.#write("vir", 9 * this.#batchSize);
  }

  /** Closes the files; the segments stay i-PI's. */
  close(): void {
    for (const kind of segmentKinds) this.#files[kind].close();
  }

  #number(index: number): number {
    return this.#buffer.getFloat64(8 * index, littleEndian);
  }

  #read(kind: SegmentKind, count: number): void {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, 8 * count);
    this.#files[kind].seekSync(0, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      const read = this.#files[kind].readSync(bytes.subarray(done));
      if (read === null) {
        throw new ProtocolError(
          `Expected ${bytes.length} bytes in the shared-memory segment "${kind}" but found ${done}`,
        );
      }
      done += read;
    }
  }

  #write(kind: SegmentKind, count: number): void {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, 8 * count);
    this.#files[kind].seekSync(0, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += this.#files[kind].writeSync(bytes.subarray(done));
  }
}

function openSegment(name: string, kind: SegmentKind, leastSize: number): Deno.FsFile {
  if (!new RegExp(`^ipi_shm_[A-Za-z0-9_]+_${kind}$`).test(name)) {
    throw new ProtocolError(
      `Expected a shared-memory segment named like ipi_shm_123_4_${kind} but found ${
        JSON.stringify(name.slice(0, 64))
      }`,
    );
  }
  const path = `${sharedMemoryFolder}/${name}`;
  let file: Deno.FsFile | undefined;
  try {
    const found = Deno.lstatSync(path);
    if (!found.isFile || found.size < leastSize) {
      const what = found.isFile ? `${found.size} bytes` : "no plain file";
      throw new ProtocolError(`Expected ${leastSize} bytes of shared memory in ${path} but found ${what}`);
    }
    file = Deno.openSync(path, { read: true, write: true });
    return file;
  } catch (error) {
    file?.close();
    if (error instanceof ProtocolError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProtocolError(
      `Expected to open ${path} but found: ${reason}; shared memory works only with an i-PI on the same machine`,
      { cause: error },
    );
  }
}
