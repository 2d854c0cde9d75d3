import type { Team } from "./team.ts";

const pageBytes = 65536;
/** Arrays begin at cache lines, so that two threads' shares of different arrays never meet in one. */
const alignment = 64;

/** That a structure takes more memory than there is. */
export class OutOfMemoryError extends RangeError {
  override name = "OutOfMemoryError";
}

type NumberArray = Float64Array | Int32Array;

/**
 * Arrays for one evaluation after the other, all in one WebAssembly memory, where kernels work on them without copies.
 *
 * An evaluation takes its arrays one by one and gives all of them back at once with {@link Workspace.reset}. The next one
 * that asks for the same lengths in the same order gets the very same arrays, so that steps allocate nothing. The threads
 * of a team each have a workspace of the same memory and ask for the same arrays in the same order: what they get are
 * views of the same numbers.
 */
export class Workspace {
  readonly #memory: WebAssembly.Memory;
  readonly #team: Team;
  readonly #start: number;
  #end: number;
  #capacity: number;
  readonly #arrays: NumberArray[] = [];
  #taken = 0;

  /**
   * @param memory Grown as needed.
   * @param start First byte that may be used; the same for all threads of the team.
   */
  constructor(memory: WebAssembly.Memory, team: Team, start = 0) {
    this.#memory = memory;
    this.#team = team;
    this.#start = this.#end = Math.ceil(start / alignment) * alignment;
    this.#capacity = memory.buffer.byteLength;
  }

  /** An array of so many float64. It holds whatever was there before: write every element before reading it. */
  float64(length: number): Float64Array {
    return this.#take(length, Float64Array) as Float64Array;
  }

  /** An array of so many int32. It holds whatever was there before: write every element before reading it. */
  int32(length: number): Int32Array {
    return this.#take(length, Int32Array) as Int32Array;
  }

  /** The first byte after all arrays that are out. */
  get end(): number {
    return this.#end;
  }

  /** Takes all arrays back. They must not be used any more. All threads do this when none of them grows the memory. */
  reset(): void {
    this.#capacity = this.#memory.buffer.byteLength;
    this.#end = this.#start;
    this.#taken = 0;
  }

  #take(length: number, Kind: Float64ArrayConstructor | Int32ArrayConstructor): NumberArray {
    const at = this.#end;
    this.#end += Math.ceil(length * Kind.BYTES_PER_ELEMENT / alignment) * alignment;
    if (this.#end > this.#capacity) this.#grow();
    const last = this.#arrays[this.#taken];
    const array = last instanceof Kind && last.length === length && last.byteOffset === at &&
        last.buffer === this.#memory.buffer
      ? last
      : new Kind(this.#memory.buffer as ArrayBuffer, at, length);
    this.#arrays[this.#taken++] = array;
    return array;
  }

  /**
   * All threads come here at the same array; the first one grows the memory for all.
   *
   * @throws OutOfMemoryError on all threads where there is no more memory.
   */
  #grow(): void {
    this.#team.barrier();
    if (this.#team.rank === 0) {
      const missing = this.#end - this.#memory.buffer.byteLength;
      // a quarter more than asked for, so that growing is rare
      if (missing > 0) growTo(this.#memory, this.#end + this.#end / 4) || growTo(this.#memory, this.#end);
    }
    this.#team.barrier();
    // by nothing: lets this thread see what the first one has done
    this.#capacity = this.#memory.grow(0) * pageBytes;
    if (this.#end > this.#capacity) {
      throw new OutOfMemoryError(
        `Expected to have ${Math.ceil(this.#end / 2 ** 20)} MiB of memory for a structure but found no more than ` +
          `${Math.floor(this.#capacity / 2 ** 20)} MiB; compute fewer atoms at once`,
      );
    }
  }
}

/** Makes a memory at least so large; returns whether that was possible. */
function growTo(memory: WebAssembly.Memory, bytes: number): boolean {
  try {
    memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / pageBytes));
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
