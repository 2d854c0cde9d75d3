import { join } from "node:path";
import type { PythonEnvironment } from "./python_environment.ts";

/** How long i-PI may take to end in order. */
const patienceMilliseconds = 5000;

/**
 * A running i-PI, in a folder of its own, with its sockets in a private folder and its output in `i-pi.log`. Disposing
 * ends it, and removes the sockets.
 */
export class IpiProcess implements AsyncDisposable {
  /** What stands before the names of its sockets. */
  readonly prefix: string;
  readonly #folder: string;
  readonly #socketFolder: string;
  readonly #child: Deno.ChildProcess;
  readonly #log: Promise<void>;
  #hasEnded = false;

  private constructor(folder: string, socketFolder: string, child: Deno.ChildProcess) {
    this.#folder = folder;
    this.#socketFolder = socketFolder;
    this.prefix = `${socketFolder}/`;
    this.#child = child;
    this.#log = writeLog(child, join(folder, "i-pi.log"));
    child.status.then(() => this.#hasEnded = true);
  }

  /**
   * Starts i-PI.
   *
   * @param environment Where i-PI is installed.
   * @param folder Holds `input.xml` and takes everything i-PI writes.
   */
  static async start(environment: PythonEnvironment, folder: string): Promise<IpiProcess> {
    const socketFolder = await Deno.makeTempDir({ prefix: "spookynet-" });
    const child = new Deno.Command(environment.ipi, {
      args: ["-S", `${socketFolder}/`, "input.xml"],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new IpiProcess(folder, socketFolder, child);
  }

  /** Resolves when i-PI has ended in order. @throws Error with the end of its log when it has failed. */
  async finished(): Promise<void> {
    const { success, code } = await this.#child.status;
    await this.#log;
    if (success) return;
    const lines = (await Deno.readTextFile(join(this.#folder, "i-pi.log"))).trim().split("\n");
    throw new Error(`Expected i-PI to run but it ended with ${code}: ${lines.at(-1)} (see ${this.#folder}/i-pi.log)`);
  }

  async [Symbol.asyncDispose]() {
    if (!this.#hasEnded) {
      this.#child.kill("SIGTERM");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), patienceMilliseconds);
      await this.#child.status;
      clearTimeout(timer);
    }
    await this.#log;
    await Deno.remove(this.#socketFolder, { recursive: true });
  }
}

async function writeLog(child: Deno.ChildProcess, path: string) {
  using file = await Deno.create(path);
  const copy = async (stream: ReadableStream<Uint8Array>) => {
    for await (const bytes of stream) {
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    }
  };
  await Promise.all([copy(child.stdout), copy(child.stderr)]);
}
