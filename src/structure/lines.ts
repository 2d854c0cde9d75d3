/** Longest line of a text file that is read, in UTF-16 units. */
export const longestLine = 2 ** 20;

/**
 * Splits text that arrives in pieces into lines, holding no more than one line and one piece.
 *
 * Lines end with `\n` or `\r\n`; a last line without end counts when it is not empty.
 */
export class LineSplitter {
  #carry = "";

  /**
   * The lines that a further piece of text completes, without their ends.
   *
   * @throws RangeError, after the lines before it, for a line longer than {@linkcode longestLine}.
   */
  *push(text: string): Generator<string> {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      checkLength(this.#carry.length + end - start);
      yield withoutReturn(this.#carry + text.slice(start, end));
      this.#carry = "";
      start = end + 1;
    }
    checkLength(this.#carry.length + text.length - start);
    this.#carry += text.slice(start);
  }

  /** The last line, when it had no end. */
  *end(): Generator<string> {
    if (this.#carry !== "") yield withoutReturn(this.#carry);
    this.#carry = "";
  }
}

function checkLength(length: number) {
  if (length > longestLine) {
    throw new RangeError(`Expected lines of at most ${longestLine} characters but found a longer one`);
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
