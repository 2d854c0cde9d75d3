import { launcher } from "./spookynet_process.ts";

/** The real command, `./spookynet serve`, on a socket file of its own. */
export class ServeProcess implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #errors: Promise<string>;
  /** What it wrote to standard output so far. */
  readonly lines: string[] = [];
  #output: Promise<void> = Promise.resolve();
  #hasEnded = false;

  private constructor(folder: string, child: Deno.ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#errors = new Response(child.stderr).text();
    child.status.then(() => this.#hasEnded = true);
  }

  /** Starts the command with further options, and waits until it listens. */
  static async start(args: readonly string[], env: Record<string, string> = {}): Promise<ServeProcess> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-serve-" });
    const child = new Deno.Command(launcher, {
      args: ["serve", "--listen", `unix:${folder}/socket`, ...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const served = new ServeProcess(folder, child);
    await served.#waitForLine();
    return served;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Where it listens, as it has said itself. */
  get address(): string {
    return this.lines[0]!.replace(/^listening on /, "");
  }

  /** Asks it to end. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Waits for its end. */
  async ended(): Promise<{ code: number; stderr: string }> {
    const { code } = await this.#child.status;
    await this.#output;
    return { code, stderr: await this.#errors };
  }

  /** Ends it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await this.ended();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #waitForLine(): Promise<void> {
    return new Promise((resolve, reject) => {
      const read = async () => {
        let text = "";
        for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
          text += piece;
          this.lines.splice(0, Infinity, ...text.split("\n").slice(0, -1));
          if (this.lines.length > 0) resolve();
        }
        reject(new Error(`Expected ./spookynet serve to listen but it ended: ${await this.#errors}`));
      };
      this.#output = read();
    });
  }
}
