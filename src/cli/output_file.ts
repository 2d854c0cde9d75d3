import { basename, dirname, join } from "node:path";

/**
 * A file that appears under its name only when it is complete: it is written beside it and moved there by `finish`, so
 * that neither an error nor a kill leaves half a file or loses the one that was there.
 */
export class OutputFile implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  #isFinished = false;

  private constructor(path: string, temporary: string, file: Deno.FsFile) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  /**
   * Begins to write a file.
   *
   * @param path Its name; a symbolic link's target is what is replaced.
   * @throws If its folder is missing, or if a folder or a device has that name.
   */
  static async create(path: string): Promise<OutputFile> {
    const target = await Deno.realPath(path).catch(() => path);
    if (await isSomethingElse(target)) {
      throw new TypeError(`Expected ${path} to be a file or new, but it is a folder or a device: choose another name`);
    }
    const temporary = join(dirname(target), `.${basename(target)}.${crypto.randomUUID().slice(0, 8)}.part`);
    try {
      return new OutputFile(target, temporary, await Deno.open(temporary, { write: true, createNew: true }));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(`Expected a folder to write ${path} into but ${dirname(target)} does not exist`);
    }
  }

  /** Appends all the bytes. */
  async write(bytes: Uint8Array) {
    for (let written = 0; written < bytes.length;) written += await this.#file.write(bytes.subarray(written));
  }

  /** Puts the file under its name. */
  async finish() {
    await this.#file.sync();
    await Deno.rename(this.#temporary, this.#path);
    this.#isFinished = true;
  }

  /** Closes the file, and removes it when it was not finished. */
  async [Symbol.asyncDispose]() {
    this.#file.close();
    if (!this.#isFinished) await Deno.remove(this.#temporary).catch(() => {});
  }
}

/** Whether there is something of that name which a file must not replace. */
async function isSomethingElse(path: string): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => null);
  return found !== null && !found.isFile;
}

/** Writes a whole file as {@linkcode OutputFile} does. */
export async function writeWholeFile(path: string, bytes: Uint8Array) {
  await using file = await OutputFile.create(path);
  await file.write(bytes);
  await file.finish();
}
