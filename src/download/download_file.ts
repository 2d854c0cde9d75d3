import { dirname } from "node:path";
import { fetchRest, InterruptedError, WrongFileError } from "./fetch_rest.ts";
import { FolderLock } from "./folder_lock.ts";
import { sha256OfFile } from "./sha256.ts";

/** A file that is known byte by byte before it is downloaded. */
export interface DownloadOptions {
  /** Where it is. */
  readonly url: URL;
  /** Where it is put when it is whole and right; `PATH.part` until then. */
  readonly path: string;
  /** Its size, bytes. */
  readonly size: number;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** How long the server may say nothing, ms; default 30 s. */
  readonly patience?: number;
  /** How long to wait before a cut connection is made again, ms; default 1 s. */
  readonly pause?: number;
  /** Called with the number of bytes that are there. */
  onProgress?(received: number): void;
  /** Called with a line about what does not go straight on. */
  onNotice?(line: string): void;
}

/** Connections that are made at most, each of which must bring something: a whole file takes one. */
const mostConnections = 20;

/**
 * Downloads a file, or the rest of it where an earlier download was cut: only a file with all its bytes right appears under
 * its name. A connection that is cut is made again as long as each brings some bytes; what has come is kept for the next
 * call. Of several processes that want the same file one downloads it, and the others wait. Goes through the proxy that
 * HTTPS_PROXY or HTTP_PROXY name, as `fetch` does.
 *
 * @returns Whether anything had to be downloaded: the file may be there already.
 * @throws {InterruptedError} Where the server cannot be reached, or does not send all.
 * @throws {WrongFileError} Where it has something else.
 * @throws {Error} Where the folder cannot be written to, or is full.
 */
export async function downloadFile(options: DownloadOptions): Promise<boolean> {
  const { path, onNotice } = options;
  const folder = dirname(path);
  await writing(folder, () => Deno.mkdir(folder, { recursive: true }));
  using _lock = await FolderLock.acquire(folder, () => onNotice?.(`waiting for another download into ${folder}`));
  if (await isFile(path, options)) return false;
  const part = `${path}.part`;
  await fetchInto(part, options);
  await writing(folder, () => Deno.rename(part, path));
  return true;
}

/** Whether the file of that name is the one. */
async function isFile(path: string, { size, sha256 }: DownloadOptions): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => null);
  return found !== null && found.isFile && found.size === size && await sha256OfFile(path) === sha256;
}

/** Completes a file, from its beginning where what an earlier download left turns out to be part of something else. */
async function fetchInto(part: string, options: DownloadOptions): Promise<void> {
  const earlier = await sizeOf(part);
  await fetchAll(part, options);
  const found = await sha256OfFile(part);
  if (found === options.sha256) return;
  await Deno.remove(part);
  if (earlier === 0) throw new WrongFileError(`Expected bytes with the SHA-256 ${options.sha256} but found ${found}`);
  options.onNotice?.("what an earlier download left is no part of the file: beginning again");
  await fetchInto(part, options);
}

/** Completes a file over as many connections as it takes. */
async function fetchAll(part: string, options: DownloadOptions): Promise<void> {
  const { size, pause = 1000, onNotice } = options;
  for (let connection = 1, before = await sizeOf(part); before < size; connection++) {
    try {
      return await fetchOnce(part, before, options);
    } catch (error) {
      const after = await sizeOf(part);
      if (!(error instanceof InterruptedError) || after <= before || connection === mostConnections) throw error;
      onNotice?.(`${error.message}: going on after ${after} of ${size} bytes`);
      before = after;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Appends what one connection brings. */
async function fetchOnce(part: string, before: number, options: DownloadOptions): Promise<void> {
  const { url, size, patience = 30_000, onProgress } = options;
  const { start, pieces } = await fetchRest(url, before, size, patience);
  const folder = dirname(part);
  using file = await writing(folder, () => Deno.open(part, { write: true, create: true, truncate: start === 0 }));
  await file.seek(start, Deno.SeekMode.Start);
  let received = start;
  for await (const piece of pieces) {
    await writing(folder, () => writeAll(file, piece));
    received += piece.length;
    onProgress?.(received);
  }
  await writing(folder, () => file.sync());
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Says what could not be written to, and what to do. */
async function writing<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw new Error(
      `Expected to write into ${folder} but cannot (${(error as Error).message}): make room there, or choose another ` +
        "folder by XDG_CACHE_HOME",
      { cause: error },
    );
  }
}
