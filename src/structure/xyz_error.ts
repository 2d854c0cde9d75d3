/** Something wrong in an xyz file, and where. The message names the file, the frame and the line. */
export class XyzError extends Error {
  /** What the reader was told the file is called. */
  readonly source: string;
  /** The frame, from 0. */
  readonly frame: number;
  /** The line of the file, from 1. */
  readonly line: number;

  /**
   * An error at a place of a file.
   *
   * @param message What was expected and what was found.
   */
  constructor(source: string, frame: number, line: number, message: string) {
    super(`${source}, frame ${frame + 1}, line ${line}: ${message}`);
    this.name = "XyzError";
    this.source = source;
    this.frame = frame;
    this.line = line;
  }
}
