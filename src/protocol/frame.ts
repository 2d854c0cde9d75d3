import { ProtocolError } from "./protocol_error.ts";

/**
 * One structure as a host sent it, in Å. Only numbers travel: the elements, their order, the total charge and whether
 * the structure repeats are for the caller to know.
 */
export interface Frame {
  /** Cell vectors `[3][3]`, Å, rows a, b, c, as the host sent them; a row of zeros where there is none. */
  readonly cell: Float64Array;
  /** Cartesian coordinates `[N][3]`, Å, as the host sent them: often unwrapped. */
  readonly positions: Float64Array;
}

/** What is computed for one {@linkcode Frame}. */
export interface FrameResult {
  /** Potential energy, eV. */
  readonly energy: number;
  /** Forces `[N][3]`, eV/Å. */
  readonly forces: Float64Array;
  /** Virial −∂E/∂ε `[3][3]`, eV: positive on the diagonal where the structure wants to expand. Zeros for a cluster. */
  readonly virial: Float64Array;
  /**
   * Further quantities for the host, by name, **already in atomic units**; sent as one JSON object. Numbers, strings,
   * typed arrays and nested plain arrays. The same names for every frame, and none called `raw`: i-PI needs both.
   */
  readonly extras?: Readonly<Record<string, unknown>>;
}

/**
 * Computes all frames that arrived together, from one or several connections; one result each, in their order.
 * The frames' arrays are used again for the next request: copy what is kept. The results' arrays are copied before the
 * next call. Calls never overlap. May block the event loop: the sockets have been read before it is called.
 */
export type Evaluate = (
  frames: readonly Frame[],
) => readonly FrameResult[] | Promise<readonly FrameResult[]>;

/** Makes a frame of zeros for `atomCount` atoms. */
export function emptyFrame(atomCount: number): Frame {
  return { cell: new Float64Array(9), positions: new Float64Array(3 * atomCount) };
}

/**
 * Refuses a frame nobody can compute.
 *
 * @throws {ProtocolError} When a number is not finite, or the cell vectors that are not zero are linearly dependent.
 */
export function checkFrame(frame: Frame): void {
  const { cell, positions } = frame;
  for (let i = 0; i < positions.length; i++) {
    if (!Number.isFinite(positions[i]!)) {
      const place = `coordinate ${"xyz"[i % 3]} of atom ${Math.floor(i / 3) + 1}`;
      throw new ProtocolError(
        `Expected finite positions from the host but found ${positions[i]} in ${place}; has the simulation blown up?`,
      );
    }
  }
  for (let i = 0; i < 9; i++) {
    if (!Number.isFinite(cell[i]!)) {
      throw new ProtocolError(`Expected a finite cell from the host but found ${cell[i]} in ${formatCell(cell)}`);
    }
  }
  if (!cellVectorsAreIndependent(cell)) {
    throw new ProtocolError(
      `Expected linearly independent cell vectors from the host but found ${formatCell(cell)} (rows a, b, c in Å)`,
    );
  }
}

/** Of unit vectors this far from independence nothing but rounding is left: their volume, or area. */
const dependence = 1e-10;

/** Whether the vectors of a cell that are not zero span as many directions as there are of them. */
function cellVectorsAreIndependent(cell: Float64Array): boolean {
  const unit: [number, number, number][] = [];
  for (let row = 0; row < 3; row++) {
    const x = cell[3 * row]!, y = cell[3 * row + 1]!, z = cell[3 * row + 2]!;
    const length = Math.hypot(x, y, z);
    if (length > 0) unit.push([x / length, y / length, z / length]);
  }
  const [a, b, c] = unit;
  if (a === undefined || b === undefined) return true;
  const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]] as const;
  if (c === undefined) return Math.hypot(...cross) > dependence;
  return Math.abs(cross[0] * c[0] + cross[1] * c[1] + cross[2] * c[2]) > dependence;
}

function formatCell(cell: Float64Array): string {
  const rows = [0, 3, 6].map((row) => `[${[...cell.subarray(row, row + 3)].map(shortNumber).join(", ")}]`);
  return `[${rows.join(", ")}]`;
}

function shortNumber(value: number): string {
  return String(Number.isFinite(value) ? Number(value.toPrecision(6)) : value);
}

/**
 * How many leading frames must be computed: i-PI fills a batch up with copies of its last structure, and a copy's result
 * is that of its original.
 */
export function countWithoutPadding(frames: readonly Frame[]): number {
  let count = frames.length;
  while (count > 1 && framesAreEqual(frames[count - 1]!, frames[count - 2]!)) count--;
  return count;
}

function framesAreEqual(a: Frame, b: Frame): boolean {
  return valuesAreEqual(a.positions, b.positions) && valuesAreEqual(a.cell, b.cell);
}

function valuesAreEqual(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/**
 * Refuses a result that must not reach a host: i-PI would integrate a NaN to the end of the run without a word.
 *
 * @throws {ProtocolError} When a number is not finite or an array has the wrong length.
 */
export function checkResult(result: FrameResult, atomCount: number): void {
  if (!Number.isFinite(result.energy)) {
    throw new ProtocolError(`Expected a finite energy but the model gave ${result.energy} eV; nothing was sent`);
  }
  checkValues(result.forces, 3 * atomCount, "forces");
  checkValues(result.virial, 9, "virial");
}

function checkValues(values: Float64Array, length: number, name: string): void {
  if (values.length !== length) {
    throw new ProtocolError(`Expected ${length} numbers in the ${name} but the model gave ${values.length}`);
  }
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new ProtocolError(
        `Expected finite ${name} but the model gave ${values[i]} at [${Math.floor(i / 3)}][${i % 3}]; nothing was sent`,
      );
    }
  }
}
