import type { InfoValue } from "./comment_line.ts";
import { createStructure } from "./create_structure.ts";
import { type ElectronOptions, electronsOf } from "./electrons.ts";
import type { Structure } from "./structure.ts";
import { XyzError } from "./xyz_error.ts";

/** Further columns of a frame's atoms. */
export interface FrameArray {
  /** Number of columns k. */
  readonly columns: number;
  /** Values `[N][k]`, row-major: float64 for reals, integers and logicals (0 or 1), otherwise strings. */
  readonly values: Float64Array | readonly string[];
}

/** One frame of an xyz file, before charge and spin are settled. Its arrays belong to whoever reads the file. */
export interface Frame {
  /** What the reader was told the file is called. */
  readonly source: string;
  /** Which frame of the file it is, from 0. */
  readonly index: number;
  /** The line its atom count stands on, from 1. */
  readonly line: number;
  /** The dialect: extended XYZ (it has `Lattice`, `Properties` or `pbc`), plain XYZ, or i-PI's own. */
  readonly format: "extended" | "plain" | "i-pi";
  /** The comment line as it stands. */
  readonly comment: string;
  /** Atomic numbers `[N]`. */
  readonly numbers: Uint8Array;
  /** The atoms' labels as they stand `[N]`, isotopes and decorations included. */
  readonly labels: readonly string[];
  /** Cartesian coordinates `[N][3]`, Å, never wrapped. */
  readonly positions: Float64Array;
  /** Cell vectors `[3][3]`, Å, rows a, b, c; `null` without. */
  readonly cell: Float64Array | null;
  /** Whether the frame repeats along a, b, c: its `pbc`, else the axes with a cell vector. */
  readonly periodic: readonly [boolean, boolean, boolean];
  /** Keys of the comment line other than `Lattice`, `Properties` and `pbc`. */
  readonly info: ReadonlyMap<string, InfoValue>;
  /** Columns other than `species`, `Z` and `pos`. */
  readonly arrays: ReadonlyMap<string, FrameArray>;
}

/** What may be decided otherwise than the file does. */
export interface FrameOptions extends ElectronOptions {
  /** Axes the structure repeats along, instead of those the frame says. */
  readonly periodic?: boolean | readonly boolean[] | undefined;
  /** Whether an impossible number of electrons is an error; true by default. */
  readonly electronCheck?: boolean | undefined;
}

/**
 * The structure of a frame, with the charge and the unpaired electrons that its keys or the options say.
 *
 * @param frame Its arrays are copied.
 * @throws XyzError, naming the frame, for whatever {@linkcode electronsOf} and {@linkcode createStructure} refuse.
 */
export function structureOfFrame(frame: Frame, options: FrameOptions = {}): Structure {
  const { numbers, positions, cell } = frame;
  const { charge, unpaired, multiplicity, periodic = frame.periodic, electronCheck = true } = options;
  try {
    const electrons = electronsOf(frame.info, { charge, unpaired, multiplicity });
    return createStructure({ numbers, positions, cell, periodic, electronCheck, ...electrons });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new XyzError(frame.source, frame.index, frame.line, error.message);
  }
}
