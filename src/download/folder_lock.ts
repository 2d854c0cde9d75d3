/** The right to write into a folder, which one process has at a time; it ends with the process at the latest. */
export class FolderLock implements Disposable {
  readonly #folder: Deno.FsFile;

  private constructor(folder: Deno.FsFile) {
    this.#folder = folder;
  }

  /**
   * Waits for the right.
   *
   * @param onWait Called where another process has it.
   * @throws {Error} Where the folder's file system knows no locks.
   */
  static async acquire(path: string, onWait: () => void): Promise<FolderLock> {
    // The folder itself: a file of its own would stay behind, or be removed under somebody who waits for it.
    const folder = await Deno.open(path);
    try {
      if (!await folder.tryLock(true)) {
        onWait();
        await folder.lock(true);
      }
      return new FolderLock(folder);
    } catch (error) {
      folder.close();
      throw new Error(
        `Expected to lock ${path} for one download at a time but cannot (${(error as Error).message}): ` +
          "choose a folder on a local disk",
        { cause: error },
      );
    }
  }

  /** Gives the right to the next. */
  [Symbol.dispose](): void {
    this.#folder.close();
  }
}
