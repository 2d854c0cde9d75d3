/** A connection that ended, or said nothing, before all had come: what has come is good, and the rest can be asked for. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** What a server sends is not the file. */
export class WrongFileError extends Error {
  override readonly name = "WrongFileError";
}

/** A file's bytes from some place on. */
export interface Rest {
  /** Where they start: as asked, or 0 from a server that sends only whole files. */
  readonly start: number;
  /** The bytes in pieces, up to the file's size and no further. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * Asks for the bytes of a file from some place on.
 *
 * @param url The file.
 * @param start How many bytes are there already.
 * @param size How many the file has.
 * @param patience How long the server may say nothing, ms.
 * @throws {InterruptedError} Where there is no connection, or it ends or is silent before all has come.
 * @throws {WrongFileError} Where the server has no such file, or one of another size.
 */
export async function fetchRest(url: URL, start: number, size: number, patience: number): Promise<Rest> {
  const silence = new Silence(patience);
  const response = await answerOf(url, start, silence);
  try {
    const rest = startOf(response, start, size);
    return { start: rest, pieces: piecesOf(response, size - rest, silence) };
  } catch (error) {
    silence.end();
    await response.body?.cancel();
    throw error;
  }
}

/** Ends a request when nothing has come for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #patience: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(patience: number) {
    this.#patience = patience;
    this.broken();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something has come. */
  broken(): void {
    clearTimeout(this.#timer);
    const reason = new InterruptedError(`nothing came for ${this.#patience / 1000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.#patience);
  }

  /** Nothing more is waited for. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

async function answerOf(url: URL, start: number, silence: Silence): Promise<Response> {
  // The file's own bytes, whose places are known.
  const headers = new Headers({ "accept-encoding": "identity" });
  if (start > 0) headers.set("range", `bytes=${start}-`);
  try {
    return await fetch(url, { headers, signal: silence.signal });
  } catch (error) {
    silence.end();
    throw interrupted(error);
  }
}

/** Where the bytes of an answer start, as far as its head tells; see {@linkcode fetchRest} for the errors. */
function startOf({ status, statusText, headers }: Response, start: number, size: number): number {
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
    requireSize(size, total === "*" ? undefined : total);
    if (Number(from) !== start) {
      throw new WrongFileError(`Expected the bytes from ${start} on but found ${headers.get("content-range")}`);
    }
    requireLength(headers, size - start);
    return start;
  }
  if (status === 200) {
    requireLength(headers, size);
    return 0;
  }
  const answer = `${status} ${statusText}`.trim();
  if (status === 429 || status >= 500) throw new InterruptedError(`the server answered ${answer}: try again later`);
  throw new WrongFileError(`Expected a file but the server answered ${answer}`);
}

function requireLength(headers: Headers, expected: number): void {
  // The length of a compressed answer is another one.
  if (headers.has("content-encoding")) return;
  requireSize(expected, headers.get("content-length") ?? undefined);
}

function requireSize(expected: number, found: string | undefined): void {
  if (found === undefined || Number(found) === expected) return;
  throw new WrongFileError(`Expected ${expected} bytes but the server says that it has ${found}`);
}

async function* piecesOf({ body }: Response, expected: number, silence: Silence): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const piece of body ?? []) {
      silence.broken();
      received += piece.length;
      if (received > expected) throw new WrongFileError(`Expected ${expected} bytes but the server sends more`);
      yield piece;
    }
  } catch (error) {
    throw interrupted(error);
  } finally {
    silence.end();
  }
  if (received < expected) throw new InterruptedError(`the connection ended`);
}

/** What `fetch` and the body's stream throw has its reason as the cause's message, behind the address. */
function interrupted(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof InterruptedError || error instanceof WrongFileError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new WrongFileError(`Expected a file but found a redirect to another host (${error.message})`);
  }
  const { message } = error.cause instanceof Error ? error.cause : error;
  return new InterruptedError(message.replace(/^error sending request for url \([^)]*\): /, ""));
}
