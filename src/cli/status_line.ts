/** How often a log gets a line. */
const logInterval = 10_000;

/** How often a terminal's line is drawn again. */
const terminalInterval = 100;

/** Where a {@linkcode StatusLine} writes; standard error unless a test says otherwise. */
export interface StatusOutput {
  /** Whether a line can be drawn over the one before. */
  readonly isTerminal: boolean;
  /** How many characters a line holds. */
  readonly columns: number;
  /** Writes text as it is. */
  readonly write: (text: string) => void;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
}

/**
 * One line that says how far long work is: drawn over itself on a terminal ten times a second, and printed as a plain
 * line every ten seconds in a log.
 */
export class StatusLine {
  readonly #output: StatusOutput;
  #next: number;
  #isDrawn = false;

  constructor(output: StatusOutput = standardError()) {
    this.#output = output;
    this.#next = output.now() + (output.isTerminal ? 0 : logInterval);
  }

  /** Shows the text that `line` makes, if it is time to; costs next to nothing otherwise. */
  update(line: () => string) {
    const now = this.#output.now();
    if (now < this.#next) return;
    if (this.#output.isTerminal) {
      this.#next = now + terminalInterval;
      this.#draw(line());
    } else {
      this.#next = now + logInterval;
      this.#output.write(`${line()}\n`);
    }
  }

  /** Prints a line of its own, which stays, above the status. */
  print(line: string) {
    this.#clear();
    this.#output.write(`${line}\n`);
  }

  /** Shows the last state for good; nothing where the line never appeared and there is no text. */
  end(line?: string) {
    this.#clear();
    if (line !== undefined) this.#output.write(`${line}\n`);
  }

  #draw(line: string) {
    this.#output.write(`\r\x1b[K${[...line].slice(0, this.#output.columns - 1).join("")}`);
    this.#isDrawn = true;
  }

  #clear() {
    if (this.#isDrawn) this.#output.write("\r\x1b[K");
    this.#isDrawn = false;
  }
}

function standardError(): StatusOutput {
  const encoder = new TextEncoder();
  const isTerminal = Deno.stderr.isTerminal();
  return {
    isTerminal,
    // A terminal that does not know its size says 0.
    columns: isTerminal ? Deno.consoleSize().columns || 80 : Infinity,
    write(text) {
      const bytes = encoder.encode(text);
      for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
    },
    now: () => performance.now(),
  };
}
