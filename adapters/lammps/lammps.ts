import { type LammpsLibrary, openLibrary } from "./liblammps.ts";

/** LAMMPS ended a command with an error. Builds without C++ exceptions, Debian 12's, end the process instead. */
export class LammpsError extends Error {
  /** The class's name. */
  override name = "LammpsError";
}

/** The simulation box. */
export interface Box {
  /** Cell vectors `[3][3]`, LAMMPS' unit of length, rows a = (xhi − xlo, 0, 0), b = (xy, yhi − ylo, 0), c = (xz, yz, zhi − zlo). */
  readonly cell: Float64Array;
  /** Whether it repeats along a, b, c. */
  readonly periodic: readonly [boolean, boolean, boolean];
}

/**
 * LAMMPS in this process, on one MPI rank. While {@linkcode file} runs, only {@linkcode stop} and what callbacks do is safe:
 * anything else would race with it.
 */
export class Lammps implements Disposable {
  /** The library's functions, for what this class has no method for. */
  readonly symbols: LammpsLibrary["symbols"];
  /** The first argument of almost all {@linkcode symbols}. */
  readonly handle: Deno.PointerObject;
  readonly #box = new BoxBuffers();
  readonly #dependents: Disposable[] = [];
  #stopped: { readonly reason: unknown } | null = null;

  /**
   * Starts LAMMPS.
   *
   * @param args What would follow `lmp` in a shell, such as `-log none`.
   * @param library The library, see {@linkcode openLibrary}.
   * @throws {Error} Where there is no library, and where LAMMPS was started on several MPI ranks: the model needs all atoms.
   */
  constructor(args: readonly string[] = [], library?: string) {
    this.symbols = openLibrary(library).symbols;
    const words = ["lammps", ...args].map(text);
    const addresses = BigUint64Array.from(words, (word) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(word)));
    const handle = this.symbols.lammps_open_no_mpi(words.length, addresses, null);
    if (handle === null) throw new LammpsError(`Expected LAMMPS to start with ${args.join(" ")} but it did not`);
    this.handle = handle;
    finalizeMpiAtExit(this.symbols);
    const ranks = this.setting("world_size");
    if (ranks > 1) {
      this[Symbol.dispose]();
      throw new Error(
        `Expected LAMMPS on one MPI rank but found ${ranks}: run it without mpirun, the model needs all atoms`,
      );
    }
  }

  /** LAMMPS' version as a date, 20210929. */
  get version(): number {
    return this.symbols.lammps_version(this.handle);
  }

  /**
   * Runs commands, one a line; the event loop stands still meanwhile.
   *
   * @throws {LammpsError} Where LAMMPS reports an error.
   * @throws What {@linkcode stop} was given, where a callback stopped it.
   */
  command(commands: string): void {
    this.symbols.lammps_commands_string(this.handle, text(commands));
    this.#check();
  }

  /** Runs a script, as {@linkcode command} does, on a thread of its own: the event loop turns. */
  async file(path: string): Promise<void> {
    const name = text(path);
    await this.symbols.lammps_file(this.handle, name);
    this.#check();
  }

  /**
   * Ends the run or minimisation under way after its current step, and lets the call that started it throw the reason.
   * May be called at any time, from callbacks and signal handlers too. LAMMPS runs nothing afterwards.
   */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.symbols.lammps_force_timeout(this.handle);
  }

  /** Whether {@linkcode stop} was called. */
  get isStopped(): boolean {
    return this.#stopped !== null;
  }

  /** A thermodynamic quantity by its keyword (`pe`, `pxx`, `vol`), in LAMMPS' units. */
  thermo(keyword: string): number {
    return this.symbols.lammps_get_thermo(this.handle, text(keyword));
  }

  /** A whole number that LAMMPS was built or set up with; −1 for an unknown name. */
  setting(name: string): number {
    return this.symbols.lammps_extract_setting(this.handle, text(name));
  }

  /** LAMMPS' units: `metal`, `real`, ... */
  get units(): string {
    return string(this.symbols.lammps_extract_global(this.handle, text("units")), "units");
  }

  /** The value of a string-style variable. */
  variable(name: string): string {
    return string(this.symbols.lammps_extract_variable(this.handle, text(name), null), `variable ${name}`);
  }

  /** Whether there is a fix, group, ... of that name. */
  has(category: "fix" | "group", id: string): boolean {
    return this.symbols.lammps_has_id(this.handle, text(category), text(id)) === 1;
  }

  /** The box as it is now. */
  box(): Box {
    const { low, high, xy, yz, xz, periodic, changes } = this.#box;
    this.symbols.lammps_extract_box(this.handle, low, high, xy, yz, xz, periodic, changes);
    const [a, b, c] = [high[0]! - low[0]!, high[1]! - low[1]!, high[2]! - low[2]!];
    return {
      cell: Float64Array.of(a, 0, 0, xy[0]!, b, 0, xz[0]!, yz[0]!, c),
      periodic: [periodic[0] !== 0, periodic[1] !== 0, periodic[2] !== 0],
    };
  }

  /** Disposes of something when LAMMPS is closed, after it. */
  own(dependent: Disposable): void {
    this.#dependents.push(dependent);
  }

  /** Ends LAMMPS. MPI goes on, since it cannot be started twice, and ends with the process. */
  [Symbol.dispose](): void {
    this.symbols.lammps_close(this.handle);
    for (const dependent of this.#dependents) dependent[Symbol.dispose]();
  }

  #check(): void {
    if (this.#stopped !== null) throw this.#stopped.reason;
    if (this.symbols.lammps_has_error(this.handle) === 0) return;
    const message = new Uint8Array(1024);
    this.symbols.lammps_get_last_error_message(this.handle, message, message.length);
    throw new LammpsError(new TextDecoder().decode(message.subarray(0, message.indexOf(0))).trim());
  }
}

/** What LAMMPS writes its box into. */
class BoxBuffers {
  readonly low = new Float64Array(3);
  readonly high = new Float64Array(3);
  readonly xy = new Float64Array(1);
  readonly yz = new Float64Array(1);
  readonly xz = new Float64Array(1);
  readonly periodic = new Int32Array(3);
  readonly changes = new Int32Array(1);
}

let isMpiFinalizedAtExit = false;

/** Lets MPI clean up after itself; LAMMPS started it. */
function finalizeMpiAtExit(symbols: LammpsLibrary["symbols"]): void {
  if (isMpiFinalizedAtExit) return;
  isMpiFinalizedAtExit = true;
  globalThis.addEventListener("unload", () => symbols.lammps_mpi_finalize());
}

/** A NUL-terminated copy. */
export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}

function string(pointer: Deno.PointerValue, what: string): string {
  if (pointer === null) throw new LammpsError(`Expected LAMMPS to know its ${what} but it does not`);
  return Deno.UnsafePointerView.getCString(pointer);
}
