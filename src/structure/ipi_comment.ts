import { ipiBohr } from "./units.ts";

/** What the comment line of one of i-PI's own xyz files says. */
export interface IpiComment {
  /** Cell vectors `[3][3]`, Å, rows a, b, c; `null` when the comment names units only. */
  readonly cell: Float64Array | null;
  /** Å for one unit of the coordinates. */
  readonly lengthUnit: number;
  /** The comment without what is understood here. */
  readonly rest: string;
}

const cellPattern = /CELL[([{](abcABC|H|GENH)[)\]}]:((?:\s+[-+0-9.eE]+)*)/;
// The look-behind keeps a long word from being tried again from each of its letters.
const unitPattern = /(?<![A-Za-z_])([A-Za-z_]+)\{([A-Za-z_]*)\}/g;

/** Quantities of i-PI's trajectories that are places of the atoms. */
const places = /^(?:positions|x_centroid(?:_even|_odd)?)$/;

const prefixes: Readonly<Record<string, number>> = {
  "": 1,
  milli: 1e-3,
  micro: 1e-6,
  nano: 1e-9,
  pico: 1e-12,
  femto: 1e-15,
};

/**
 * Reads the comment line of i-PI's own xyz format (`# CELL(abcABC): a b c A B C … positions{angstrom} cell{bohr}`), with
 * the cell as lengths and angles, as `CELL(H)` (column vectors, upper triangular) or as `CELL(GENH)` (row vectors, whose
 * frame is kept; i-PI itself rotates it). Units that are not named are bohr, i-PI's own, whatever ordinary xyz files do.
 *
 * @returns `null` when the comment is not i-PI's.
 * @throws SyntaxError when it is, but the cell or a unit cannot be understood or the file does not hold positions.
 */
export function parseIpiComment(comment: string): IpiComment | null {
  const cellMatch = cellPattern.exec(comment);
  const units = [...comment.matchAll(unitPattern)].map(([, name, unit]) => [name!, unit!] as const);
  const quantity = units.find(([name]) => places.test(name)) ?? units.find(([name]) => name !== "cell");
  const rest = comment.replace(cellPattern, " ").replaceAll(unitPattern, " ");
  if (cellMatch === null) {
    if (quantity === undefined || !places.test(quantity[0])) return null;
    return { cell: null, lengthUnit: lengthOf(quantity[1]), rest };
  }
  if (quantity !== undefined && !places.test(quantity[0])) {
    throw new SyntaxError(`Expected positions but found an i-PI file of ${quantity[0]}`);
  }
  const cellUnit = lengthOf(units.find(([name]) => name === "cell")?.[1] ?? "");
  const kind = cellMatch[1]!;
  const numbers = cellMatch[2]!.trim().split(/\s+/).map(Number);
  const count = kind === "abcABC" ? 6 : 9;
  const values = numbers.slice(0, count);
  if (values.length !== count || !values.every(Number.isFinite)) {
    throw new SyntaxError(
      `Expected ${count} numbers after CELL(${kind}): but found "${cellMatch[2]!.trim().slice(0, 80)}"`,
    );
  }
  return {
    cell: cellFrom(kind, values).map((component) => component * cellUnit),
    lengthUnit: lengthOf(quantity?.[1] ?? ""),
    rest,
  };
}

function cellFrom(kind: string, values: number[]): Float64Array {
  if (kind === "GENH") return Float64Array.from(values);
  if (kind === "H") return Float64Array.from(values, (_, at) => values[3 * (at % 3) + Math.floor(at / 3)]!);
  const [a, b, c] = values as [number, number, number];
  const [alpha, beta, gamma] = values.slice(3).map((degrees) => degrees * Math.PI / 180) as [number, number, number];
  const bx = b * Math.cos(gamma);
  const by = b * Math.sin(gamma);
  const cx = c * Math.cos(beta);
  const cy = (b * c * Math.cos(alpha) - bx * cx) / by;
  const cz = Math.sqrt(c * c - cx * cx - cy * cy);
  if (!(a > 0 && b > 0 && c > 0 && by > 0 && cz > 0)) {
    throw new SyntaxError(`Expected lengths and angles that span a cell but found ${values.join(" ")}`);
  }
  return Float64Array.of(a, 0, 0, bx, by, 0, cx, cy, cz);
}

/** Å for one of i-PI's units of length, which may have a prefix such as `nano`. */
function lengthOf(unit: string): number {
  const name = unit.toLowerCase();
  if (name === "" || name === "automatic" || name === "atomic_unit") return ipiBohr;
  if (name === "angstrom" || name === "ase") return 1;
  const prefix = name.endsWith("meter") ? prefixes[name.slice(0, -"meter".length)] : undefined;
  if (prefix !== undefined) return prefix * 1e10;
  throw new SyntaxError(`Expected a unit of length (angstrom, atomic_unit, nanometer, …) but found {${unit}}`);
}
