import { dirname } from "node:path";

/**
 * A file that appears under its name only when it is complete: it is written as NAME.part and renamed by `finish`, so that
 * neither an error nor a kill loses the file that was there, nor what was written so far.
 */
export class OutputFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #isEmpty = true;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
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
    try {
      return new OutputFile(target, await Deno.create(`${target}.part`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(`Expected a folder to write ${path} into but ${dirname(target)} does not exist`);
    }
  }

  /** What the file is called until it is finished. */
  get temporaryPath(): string {
    return `${this.#path}.part`;
  }

  /** Whether nothing was written yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Appends all the bytes. */
  async write(bytes: Uint8Array) {
    this.#isEmpty &&= bytes.length === 0;
    for (let written = 0; written < bytes.length;) written += await this.#file.write(bytes.subarray(written));
  }

  /** Puts the file under its name. */
  async finish() {
    await this.#file.sync();
    await Deno.rename(this.temporaryPath, this.#path);
  }

  /** Closes the file; an unfinished one stays under its temporary name unless it is empty. */
  async [Symbol.asyncDispose]() {
    this.#file.close();
    if (this.#isEmpty) await Deno.remove(this.temporaryPath).catch(() => {});
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
