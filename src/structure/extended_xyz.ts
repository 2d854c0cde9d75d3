import { type InfoValue, parseCommentLine, parseLogical, parseReal } from "./comment_line.ts";
import { electronKeys } from "./electrons.ts";
import { atomicNumber } from "./elements.ts";
import type { Frame, FrameArray } from "./frame.ts";
import { type IpiComment, parseIpiComment } from "./ipi_comment.ts";
import { LineSplitter } from "./lines.ts";
import { type ColumnSpecification, parseColumns, plainColumns } from "./xyz_columns.ts";
import { XyzError } from "./xyz_error.ts";

/** Most atoms a frame may announce. */
export const mostAtoms = 2 ** 24;

/**
 * Frames of an xyz file as they arrive: extended XYZ after the libAtoms specification and ASE, plain XYZ (symbols or
 * atomic numbers, comment free), and i-PI's own xyz with cell and units in its comment.
 *
 * The file is not trusted: memory grows with what it holds, never with what it announces, and stays within one frame and
 * one piece of the source. Blank lines may stand between frames. Columns beyond the fourth are left unread unless
 * `Properties` names them.
 *
 * @param bytes UTF-8, for instance `Deno.FileHandle.readable` or `response.body`; cancelled when the iteration stops early.
 * @param source What error messages call the file.
 * @throws XyzError naming frame and line, when the iteration gets there.
 */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>, source = "xyz data"): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  const parser = new FrameParser(source);
  for await (const piece of bytes) yield* parser.push(decoder.decode(piece, { stream: true }));
  yield* parser.push(decoder.decode());
  yield* parser.end();
}

/**
 * Frames of an xyz file that is at hand as text; otherwise as {@linkcode readFrames}.
 *
 * @example
 * ```ts
 * import { parseFrames } from "./extended_xyz.ts";
 *
 * const [frame] = parseFrames("2\ncharge=-1\nO 0 0 0\nH 0.97 0 0\n");
 * console.assert(frame?.info.get("charge") === -1);
 * ```
 */
export function* parseFrames(text: string, source = "xyz data"): Generator<Frame> {
  const parser = new FrameParser(source);
  yield* parser.push(text);
  yield* parser.end();
}

/** A column that is being read. */
interface Column extends ColumnSpecification {
  readonly reals: number[];
  readonly strings: string[];
}

/** A frame whose atoms are being read. */
interface Draft {
  readonly line: number;
  readonly count: number;
  readonly comment: string;
  readonly format: Frame["format"];
  readonly lengthUnit: number;
  readonly cell: Float64Array | null;
  readonly periodic: [boolean, boolean, boolean];
  readonly info: Map<string, InfoValue>;
  readonly columns: readonly Column[];
  /** The columns that say which elements the atoms are: `species`, `Z` or both. */
  readonly elements: readonly Column[];
  /** Words a line must have. */
  readonly width: number;
  /** Whether a line may have more words. */
  readonly open: boolean;
  atoms: number;
}

/** Turns lines into frames; knows where it is. */
class FrameParser {
  readonly #source: string;
  readonly #lines = new LineSplitter();
  #line = 0;
  #frame = 0;
  #count: { atoms: number; line: number } | null = null;
  #draft: Draft | null = null;

  constructor(source: string) {
    this.#source = source;
  }

  *push(text: string): Generator<Frame> {
    yield* this.#frames(this.#lines.push(text));
  }

  *end(): Generator<Frame> {
    yield* this.#frames(this.#lines.end());
    if (this.#draft !== null) {
      const { count, atoms } = this.#draft;
      throw this.#error(`Expected ${count} atoms but found the end of the file after ${atoms}`);
    }
    if (this.#count !== null) throw this.#error("Expected a comment line but found the end of the file");
    if (this.#frame === 0) throw this.#error("Expected at least one frame but found none");
  }

  *#frames(lines: Iterator<string> & Iterable<string>): Generator<Frame> {
    for (;;) {
      let frame: Frame | null;
      try {
        this.#line++;
        const next = lines.next();
        if (next.done) {
          this.#line--;
          return;
        }
        frame = this.#take(next.value);
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof RangeError) throw this.#error(error.message);
        throw error;
      }
      if (frame !== null) yield frame;
    }
  }

  #error(message: string): XyzError {
    return new XyzError(this.#source, this.#frame, Math.max(1, this.#line), message);
  }

  #take(line: string): Frame | null {
    if (this.#draft !== null) {
      readAtom(this.#draft, line);
    } else if (this.#count !== null) {
      this.#draft = startFrame(this.#count.atoms, this.#count.line, line);
      this.#count = null;
    } else {
      if (line.trim() !== "") this.#count = { atoms: parseCount(line), line: this.#line };
      return null;
    }
    if (this.#draft.atoms < this.#draft.count) return null;
    const frame = finishFrame(this.#draft, this.#source, this.#frame);
    this.#draft = null;
    this.#frame++;
    return frame;
  }
}

function parseCount(line: string): number {
  const word = line.trim();
  const count = /^\d{1,15}$/.test(word) ? Number(word) : NaN;
  if (!(count >= 1 && count <= mostAtoms)) {
    throw new SyntaxError(`Expected a number of atoms from 1 to ${mostAtoms} but found ${show(word)}`);
  }
  return count;
}

function startFrame(count: number, line: number, comment: string): Draft {
  const ipi = parseIpiComment(comment);
  const info = parseInfo(ipi?.rest ?? comment);
  const properties = takeKey(info, "properties");
  const lattice = takeKey(info, "lattice");
  const pbc = takeKey(info, "pbc");
  if (properties !== undefined && typeof properties !== "string") {
    throw new SyntaxError(`Expected name:type:columns in Properties but found ${show(properties)}`);
  }
  if (ipi !== null && lattice !== undefined) throw new SyntaxError("Expected one cell but found both CELL and Lattice");
  const cell = ipi?.cell ?? (lattice === undefined ? null : parseLattice(lattice));
  const specification = properties === undefined ? plainColumns : parseColumns(properties);
  const columns = specification.map((column) => ({ ...column, reals: [], strings: [] }));
  return {
    line,
    count,
    comment,
    format: formatOf(ipi, [properties, lattice, pbc]),
    lengthUnit: ipi?.lengthUnit ?? 1,
    cell,
    periodic: pbc === undefined ? axesWithVector(cell) : parsePbc(pbc),
    info,
    columns,
    elements: ["species", "Z"].flatMap((name) => columns.filter((column) => column.name === name)),
    width: specification.reduce((sum, { columns }) => sum + columns, 0),
    open: properties === undefined,
    atoms: 0,
  };
}

function formatOf(ipi: IpiComment | null, keys: readonly unknown[]): Frame["format"] {
  if (ipi !== null) return "i-pi";
  return keys.some((key) => key !== undefined) ? "extended" : "plain";
}

/** A key whose value decides what is computed; a comment that has one must be well-formed. */
const decisiveKey = new RegExp(`\\b(?:lattice|properties|pbc|${electronKeys.join("|")})\\b["']?\\s*=`, "i");

/** The comment's keys. A free comment, which has none that matters, need not make sense. */
function parseInfo(comment: string): Map<string, InfoValue> {
  if (!comment.includes("=")) return new Map();
  try {
    return parseCommentLine(comment);
  } catch (error) {
    if (error instanceof SyntaxError && !decisiveKey.test(comment)) return new Map();
    throw error;
  }
}

/** Takes a key, in whatever case, out of the comment's keys. */
function takeKey(info: Map<string, InfoValue>, name: string): InfoValue | undefined {
  const keys = [...info.keys()].filter((key) => key.toLowerCase() === name);
  if (keys.length > 1) throw new SyntaxError(`Expected one of ${keys.join(" and ")} but found both`);
  const value = keys[0] === undefined ? undefined : info.get(keys[0]);
  if (keys[0] !== undefined) info.delete(keys[0]);
  return value;
}

/** Cell vectors from nine numbers, three rows, or the three lengths of a right-angled cell. */
function parseLattice(value: InfoValue): Float64Array {
  const elements: unknown[] = Array.isArray(value) ? value.flat() : [value];
  if (!elements.every((element) => typeof element === "number") || (elements.length !== 9 && elements.length !== 3)) {
    throw new SyntaxError(`Expected nine numbers (or three lengths) in Lattice but found ${show(value)}`);
  }
  const numbers = elements as number[];
  return numbers.length === 9
    ? Float64Array.from(numbers)
    : Float64Array.from({ length: 9 }, (_, at) => (at % 4 === 0 ? numbers[at / 4]! : 0));
}

function parsePbc(value: InfoValue): [boolean, boolean, boolean] {
  const elements: unknown[] = Array.isArray(value) ? value.flat() : [value, value, value];
  const answers = elements.map((element) => (element === 0 ? false : element === 1 ? true : element));
  if (answers.length === 3 && answers.every((answer) => typeof answer === "boolean")) {
    return answers as [boolean, boolean, boolean];
  }
  throw new SyntaxError(`Expected three logicals (T or F) in pbc but found ${show(value)}`);
}

function axesWithVector(cell: Float64Array | null): [boolean, boolean, boolean] {
  const present = (axis: number) =>
    cell !== null && cell.subarray(3 * axis, 3 * axis + 3).some((component) => component !== 0);
  return [present(0), present(1), present(2)];
}

function readAtom(draft: Draft, line: string): void {
  const text = line.trim();
  const words = text === "" ? [] : text.split(/\s+/, draft.width + 1);
  if (words.length < draft.width || (words.length > draft.width && !draft.open)) {
    const found = words.length > draft.width ? "more" : words.length;
    throw new SyntaxError(`Expected ${draft.width} columns for atom ${draft.atoms + 1} but found ${found}`);
  }
  const [element, number] = draft.elements;
  let at = 0;
  for (const { type, columns, name, reals, strings } of draft.columns) {
    for (const end = at + columns; at < end; at++) {
      const word = words[at]!;
      if (name === "species" || name === "Z") {
        reals.push(atomicNumber(word));
        strings.push(word);
      } else if (type === "S") {
        strings.push(word);
      } else {
        reals.push(parseElement(type, word, name));
      }
    }
  }
  if (number !== undefined && element!.reals[draft.atoms] !== number.reals[draft.atoms]) {
    const found = draft.elements.map(({ strings }) => show(strings[draft.atoms])).join(" and ");
    throw new SyntaxError(`Expected species and Z to agree but found ${found}`);
  }
  draft.atoms++;
}

function parseElement(type: ColumnSpecification["type"], word: string, name: string): number {
  if (type === "L") {
    const truth = parseLogical(word);
    if (truth === null) throw new SyntaxError(`Expected T or F in ${name} but found ${show(word)}`);
    return Number(truth);
  }
  const value = parseReal(word);
  if (value === null || (type === "I" && !Number.isInteger(value))) {
    const kind = type === "I" ? "an integer" : "a finite number";
    throw new SyntaxError(`Expected ${kind} in ${name} but found ${show(word)}`);
  }
  return value;
}

function finishFrame(draft: Draft, source: string, index: number): Frame {
  const { line, format, comment, cell, periodic, info, lengthUnit } = draft;
  const { reals: numbers, strings: labels } = draft.elements[0]!;
  const places = draft.columns.find(({ name }) => name === "pos")!;
  const arrays = new Map<string, FrameArray>();
  for (const { name, type, columns, reals, strings } of draft.columns) {
    if (name === "species" || name === "Z" || name === "pos") continue;
    arrays.set(name, { columns, values: type === "S" ? strings : Float64Array.from(reals) });
  }
  return {
    source,
    index,
    line,
    format,
    comment,
    numbers: Uint8Array.from(numbers),
    labels,
    positions: Float64Array.from(places.reals, (coordinate) => coordinate * lengthUnit),
    cell,
    periodic,
    info,
    arrays,
  };
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}
