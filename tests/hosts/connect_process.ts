import { formatExtendedXyz } from "../../src/structure/format_extended_xyz.ts";
import type { Structure } from "../../src/structure/structure.ts";
import { launcher } from "../spookynet_process.ts";

/** What the last line of `connect` says. */
export interface ConnectFigures {
  /** Evaluations, each of one or several structures. */
  readonly evaluations: number;
  /** Mean time of an evaluation, ms. */
  readonly milliseconds: number;
  /** Structures in the last evaluation. */
  readonly structures: number;
}

/** The real command, `./spookynet connect`, with a structure as its template. */
export class ConnectProcess implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;
  #hasEnded = false;

  private constructor(folder: string, child: Deno.ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#output = child.output().finally(() => this.#hasEnded = true);
  }

  /**
   * Starts the command.
   *
   * @param to Address of the host.
   * @param structure Written to a file as the template: elements, charge, spin and periodicity come from there.
   * @param args Further options.
   */
  static async start(to: string, structure: Structure, args: readonly string[]): Promise<ConnectProcess> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-connect-" });
    const template = `${folder}/template.xyz`;
    await Deno.writeTextFile(template, formatExtendedXyz(structure));
    const child = new Deno.Command(launcher, {
      args: ["connect", "--to", to, "--template", template, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return new ConnectProcess(folder, child);
  }

  /** Ends it as no program can foresee, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#output;
  }

  /**
   * Ends it so while it computes and has read all that its host has sent over TCP. At other moments i-PI 3.3 itself may hang
   * over the loss of a driver with consolidated messages: what is unread makes the kernel reset the connection, and i-PI's
   * poll thread does not survive that. Under load such moments are long.
   */
  async killWhileComputing(port: number): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (performance.now() < deadline) {
      if (await this.#isRunning()) {
        this.#child.kill("SIGSTOP");
        // Had it just answered, its host's next request would come now.
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (await unreadBytes(port) === 0) return await this.kill();
        this.#child.kill("SIGCONT");
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error("Expected the driver to compute with nothing unread at some moment within 20 s");
  }

  /** Whether its main thread runs, as Linux says. */
  async #isRunning(): Promise<boolean> {
    const stat = await Deno.readTextFile(`/proc/${this.#child.pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("R");
  }

  /** Waits for its end in order, and gives what it did; throws with what it wrote when it has failed. */
  async finished(): Promise<ConnectFigures> {
    const { code, stderr } = await this.#output;
    const text = new TextDecoder().decode(stderr);
    const figures = /: (\d+) evaluations?, ([\d.]+) ms each, (\d+) structures? at a time\n$/.exec(text);
    if (code !== 0 || figures === null) {
      throw new Error(`Expected ./spookynet connect to end with 0 and its figures but it ended with ${code}:\n${text}`);
    }
    const [evaluations, milliseconds, structures] = figures.slice(1).map(Number);
    return { evaluations: evaluations!, milliseconds: milliseconds!, structures: structures! };
  }

  /** Ends it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Bytes that clients of a port on this machine have not read yet, as Linux says. */
async function unreadBytes(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((line) => line.trim().split(/\s+/));
  return lines.filter((fields) => fields[2]?.endsWith(remote))
    .reduce((sum, fields) => sum + parseInt(fields[4]!.split(":")[1]!, 16), 0);
}
