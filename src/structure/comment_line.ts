/** A value of an extended XYZ comment line: a scalar, a vector, or a matrix by rows. */
export type InfoValue = Scalar | readonly Scalar[] | readonly (readonly Scalar[])[];

/** A number, a logical or a string. */
export type Scalar = number | boolean | string;

/** A number as the libAtoms specification writes it, Fortran's exponents included. */
const realPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/;

const logicals: ReadonlyMap<string, boolean> = new Map([
  ...["T", "true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["F", "false", "False", "FALSE"].map((word) => [word, false] as const),
]);

const closing: Readonly<Record<string, string>> = { '"': '"', "'": "'", "{": "}", "[": "]" };

/**
 * The number a word of a file means.
 *
 * @returns `null` when the word is no number, or one that float64 cannot hold.
 */
export function parseReal(word: string): number | null {
  if (!realPattern.test(word)) return null;
  const value = Number(word.replace(/[dD]/, "e"));
  return Number.isFinite(value) ? value : null;
}

/** The truth value a word of a file means (`T`, `true`, `True`, `TRUE` and likewise false), `null` when it means none. */
export function parseLogical(word: string): boolean | null {
  return logicals.get(word) ?? null;
}

/**
 * Key–value pairs of an extended XYZ comment line, after the libAtoms specification and as lenient as ASE where that
 * leaves no doubt: bare, `"…"` or `'…'` keys and values with backslash escapes; blanks around `=`; vectors `"1 2 3"`,
 * `{1 2 3}`, `[1, 2, 3]`; matrices `[[1, 2], [3, 4]]`; a key without value is true. Old-style vectors of one element are
 * scalars. A quoted text is a string unless all its words are numbers or all are logicals.
 *
 * @throws SyntaxError saying what is wrong and at which column (from 1): an unclosed quote or bracket, a missing key or
 * value, a key that occurs twice.
 */
export function parseCommentLine(comment: string): Map<string, InfoValue> {
  const pairs = new Map<string, InfoValue>();
  const cursor = new Cursor(comment);
  for (cursor.skipBlanks(); !cursor.atEnd(); cursor.skipBlanks()) {
    const column = cursor.column;
    const key = "\"'".includes(cursor.next) ? cursor.quoted() : cursor.bare(/[^\s="',{}[\]\\]/);
    if (key === "") {
      throw new SyntaxError(`Expected a key but found ${JSON.stringify(cursor.next)} at column ${column}`);
    }
    if (pairs.has(key)) throw new SyntaxError(`Expected each key once but found ${key} again at column ${column}`);
    cursor.skipBlanks();
    if (cursor.next === "=") {
      cursor.take();
      cursor.skipBlanks();
      pairs.set(key, parseValue(cursor));
    } else {
      pairs.set(key, true);
    }
  }
  return pairs;
}

/** A place in a line. */
class Cursor {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  /** The character here, empty at the end. */
  get next(): string {
    return this.#line[this.#at] ?? "";
  }

  get column(): number {
    return this.#at + 1;
  }

  atEnd(): boolean {
    return this.#at >= this.#line.length;
  }

  take(): string {
    return this.#line[this.#at++] ?? "";
  }

  skipBlanks() {
    while (!this.atEnd() && /\s/.test(this.next)) this.#at++;
  }

  /** The longest run of characters that match. */
  bare(character: RegExp): string {
    const start = this.#at;
    while (!this.atEnd() && character.test(this.next)) this.#at++;
    return this.#line.slice(start, this.#at);
  }

  /** What stands between the delimiter here and its closing one; escaped characters stand for themselves, `\n` for a newline. */
  quoted(): string {
    const column = this.column;
    const end = closing[this.take()]!;
    let text = "";
    while (this.next !== end) {
      if (this.atEnd()) throw new SyntaxError(`Expected a closing ${end} for the one opened at column ${column}`);
      const character = this.take();
      if (character !== "\\") {
        text += character;
      } else {
        const escaped = this.take();
        text += escaped === "n" ? "\n" : escaped;
      }
    }
    this.take();
    return text;
  }
}

function parseValue(cursor: Cursor): InfoValue {
  const column = cursor.column;
  switch (cursor.next) {
    case '"':
    case "'": {
      const text = cursor.quoted();
      const typed = asNumbersOrLogicals(splitWords(text));
      return typed === null ? text : unwrapped(typed);
    }
    case "{":
      return unwrapped(typedVector(splitWords(cursor.quoted())));
    case "[":
      return parseBrackets(cursor);
    default: {
      const word = cursor.bare(/\S/);
      if (word === "") {
        throw new SyntaxError(`Expected a value after = at column ${column} but found the end of the line`);
      }
      return typedVector([word])[0]!;
    }
  }
}

/** `[a, b, …]` or, on the outer level, `[[…], […], …]`; commas may be blanks. */
function parseBrackets(cursor: Cursor, inner = false): Scalar[] | Scalar[][] {
  const column = cursor.column;
  cursor.take();
  const rows: Scalar[][] = [];
  const words: string[] = [];
  let quotedWord = false;
  for (;;) {
    cursor.bare(/[\s,]/);
    if (cursor.atEnd()) throw new SyntaxError(`Expected a closing ] for the one opened at column ${column}`);
    if (cursor.next === "]") {
      cursor.take();
      break;
    }
    if (cursor.next === "[") {
      const start = cursor.column;
      if (inner) throw new SyntaxError(`Expected at most two levels of brackets but found more at column ${start}`);
      const row = parseBrackets(cursor, true) as Scalar[];
      if (rows.length > 0 && row.length !== rows[0]!.length) {
        throw new SyntaxError(
          `Expected rows of ${rows[0]!.length} elements but found ${row.length} at column ${start}`,
        );
      }
      rows.push(row);
    } else if ("\"'".includes(cursor.next)) {
      quotedWord = true;
      words.push(cursor.quoted());
    } else {
      words.push(bareElement(cursor));
    }
  }
  if (rows.length > 0 && words.length > 0) {
    throw new SyntaxError(`Expected rows or elements but found both in the brackets opened at column ${column}`);
  }
  if (rows.length > 0) return sameType(rows);
  return quotedWord ? words : typedVector(words);
}

function bareElement(cursor: Cursor): string {
  const word = cursor.bare(/[^\s,[\]{}"'=]/);
  if (word === "") {
    throw new SyntaxError(`Expected an element but found ${JSON.stringify(cursor.next)} at column ${cursor.column}`);
  }
  return word;
}

/** Rows whose elements are all of one type; otherwise all become strings. */
function sameType(rows: Scalar[][]): Scalar[][] {
  const types = new Set(rows.flat().map((element) => typeof element));
  return types.size <= 1 ? rows : rows.map((row) => row.map(String));
}

function splitWords(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** The elements as numbers if all are, as logicals if all are, otherwise `null`. */
function asNumbersOrLogicals(words: string[]): Scalar[] | null {
  if (words.length === 0) return null;
  const numbers = words.map(parseReal);
  if (numbers.every((value) => value !== null)) return numbers as number[];
  const truths = words.map(parseLogical);
  if (truths.every((value) => value !== null)) return truths as boolean[];
  return null;
}

function typedVector(words: string[]): Scalar[] {
  return asNumbersOrLogicals(words) ?? words;
}

function unwrapped(vector: Scalar[]): InfoValue {
  return vector.length === 1 ? vector[0]! : vector;
}
