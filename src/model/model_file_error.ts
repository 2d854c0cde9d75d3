/** Where in a model file something was wrong. */
export interface ModelFilePlace {
  /** Name of the tensor concerned. */
  readonly tensor?: string;
  /** Byte offset, counted from the start of the file unless the message names a part of it. */
  readonly offset?: number;
}

/**
 * A model file that cannot be used: damaged, hostile, of another kind, or inconsistent in itself. The message is one
 * line saying what was expected and what was found; tensor and offset stand at its end and as properties.
 */
export class ModelFileError extends Error {
  /** Name of the tensor concerned, if one is. */
  readonly tensor: string | undefined;
  /** Byte offset, if one is known. */
  readonly offset: number | undefined;

  /** Makes the error from a sentence "Expected … but found …" and the place it is about. */
  constructor(message: string, place: ModelFilePlace = {}) {
    const parts = [];
    if (place.tensor !== undefined) parts.push(`tensor ${shown(place.tensor)}`);
    if (place.offset !== undefined) parts.push(`offset ${place.offset}`);
    super(parts.length > 0 ? `${message} (${parts.join(", ")})` : message);
    this.name = "ModelFileError";
    this.tensor = place.tensor;
    this.offset = place.offset;
  }

  /** The same error with the file's name in front of the message. */
  inFile(path: string): ModelFileError {
    const error = new ModelFileError(`${shown(path)}: ${this.message}`);
    return Object.assign(error, { tensor: this.tensor, offset: this.offset });
  }
}

/** Longest piece of a file's own text that is repeated in a message. */
const longestShown = 100;

/** Text from a file as it may appear in a one-line message: bounded in length, control characters escaped. */
export function shown(text: string, longest: number = longestShown): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return short.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
