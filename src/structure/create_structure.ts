import { isDegenerate } from "./cell.ts";
import { checkElectrons } from "./electrons.ts";
import { atomicNumber, largestAtomicNumber } from "./elements.ts";
import type { Structure } from "./structure.ts";

/** What {@linkcode createStructure} makes a structure from. */
export interface StructureInput {
  /** Atomic numbers `[N]`; either these or `symbols`. */
  readonly numbers?: ArrayLike<number>;
  /** Symbols or labels `[N]` as {@linkcode atomicNumber} reads them; either these or `numbers`. */
  readonly symbols?: readonly string[];
  /** Cartesian coordinates, Å, `[N][3]` nested or flat. */
  readonly positions: Coordinates;
  /** Cell vectors, Å, `[3][3]` nested or flat, rows a, b, c; none or `null` for a cluster. */
  readonly cell?: Coordinates | null;
  /** Axes the structure repeats along, or one answer for all; by default those whose cell vector is not zero. */
  readonly periodic?: boolean | readonly boolean[];
  /** Total charge, e; 0 by default. */
  readonly charge?: number;
  /** Number of unpaired electrons; 0 by default. */
  readonly unpaired?: number;
  /** Whether an impossible number of electrons is an error; true by default. */
  readonly electronCheck?: boolean;
}

/** Three numbers each for some points or vectors, flat and row-major or nested. */
export type Coordinates = ArrayLike<number> | readonly ArrayLike<number>[];

/**
 * A structure from plain data, checked and copied. A structure that repeats along no axis is a cluster: its cell is
 * `null`, whatever was given. Atoms that coincide are left to the engine.
 *
 * @throws RangeError saying what was expected and found: no atoms, lengths that disagree, an unknown element, a number
 * that is not finite, a periodic axis without vector, a cell that spans no lattice, an impossible number of electrons.
 *
 * @example
 * ```ts
 * import { createStructure } from "./create_structure.ts";
 *
 * const hydroxide = createStructure({ symbols: ["O", "H"], positions: [[0, 0, 0], [0.97, 0, 0]], charge: -1 });
 * console.assert(hydroxide.numbers[0] === 8 && hydroxide.cell === null);
 * ```
 */
export function createStructure(input: StructureInput): Structure {
  const { charge = 0, unpaired = 0, electronCheck = true } = input;
  const numbers = numbersFrom(input);
  const positions = flatten(input.positions, numbers.length, "positions");
  const wrong = positions.findIndex((coordinate) => !Number.isFinite(coordinate));
  if (wrong >= 0) {
    throw new RangeError(`Expected finite positions but found ${positions[wrong]} at atom ${Math.floor(wrong / 3)}`);
  }
  if (!Number.isFinite(charge)) throw new RangeError(`Expected a finite total charge but found ${charge}`);
  if (!(unpaired >= 0 && unpaired < Infinity)) {
    throw new RangeError(`Expected 0 or more unpaired electrons but found ${unpaired}`);
  }
  if (electronCheck) checkElectrons(numbers, { charge, unpaired });
  return { numbers, positions, ...latticeFrom(input), charge, unpaired };
}

function numbersFrom({ numbers, symbols }: StructureInput): Uint8Array {
  if ((numbers === undefined) === (symbols === undefined)) {
    throw new RangeError(
      "Expected either numbers or symbols but found " + (numbers === undefined ? "neither" : "both"),
    );
  }
  const found = numbers === undefined ? symbols!.map(atomicNumber) : Array.from(numbers);
  if (found.length === 0) throw new RangeError("Expected at least one atom but found none");
  for (const [i, number] of found.entries()) {
    if (!(Number.isInteger(number) && number >= 1 && number <= largestAtomicNumber)) {
      throw new RangeError(
        `Expected atomic numbers from 1 to ${largestAtomicNumber} but found ${number} at atom ${i}`,
      );
    }
  }
  return Uint8Array.from(found);
}

function latticeFrom({ cell: given, periodic: asked }: StructureInput): Pick<Structure, "cell" | "periodic"> {
  const cell = given === undefined || given === null ? null : flatten(given, 3, "cell");
  if (cell !== null && !cell.every(Number.isFinite)) {
    throw new RangeError(`Expected finite cell vectors but found ${Array.from(cell)}`);
  }
  if (typeof asked === "object" && asked.length !== 3) {
    throw new RangeError(`Expected three answers to whether a, b, c are periodic but found ${asked.length}`);
  }
  const periodic: [boolean, boolean, boolean] = [false, false, false];
  for (let axis = 0; axis < 3; axis++) {
    const present = cell !== null && (cell[3 * axis] !== 0 || cell[3 * axis + 1] !== 0 || cell[3 * axis + 2] !== 0);
    periodic[axis] = asked === undefined ? present : typeof asked === "boolean" ? asked : asked[axis]!;
    if (periodic[axis] && !present) {
      throw new RangeError(`Expected a cell vector for the periodic axis ${"abc"[axis]} but found none`);
    }
  }
  if (isDegenerate({ cell, periodic })) {
    throw new RangeError(
      `Expected periodic cell vectors of at least 0.1 Å that are not parallel or coplanar but found ${
        Array.from(cell!)
      }`,
    );
  }
  return { cell: periodic.includes(true) ? cell : null, periodic };
}

/** A copy of `count` rows of three numbers as one flat array. */
function flatten(rows: Coordinates, count: number, name: string): Float64Array {
  const nested = typeof rows[0] === "object";
  if (nested) {
    const wrong = Array.from(rows as readonly ArrayLike<number>[]).findIndex((row) => row?.length !== 3);
    if (wrong >= 0) {
      throw new RangeError(`Expected three numbers in each row of ${name} but found others in row ${wrong}`);
    }
  }
  const found = nested ? rows.length : rows.length / 3;
  if (found !== count) {
    throw new RangeError(`Expected ${count} rows of three numbers in ${name} but found ${found}`);
  }
  return nested
    ? Float64Array.from({ length: 3 * count }, (_, at) => (rows[Math.floor(at / 3)] as ArrayLike<number>)[at % 3]!)
    : Float64Array.from(rows as ArrayLike<number>);
}
