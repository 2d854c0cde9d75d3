import { fileURLToPath } from "node:url";
import { formatJsonLine, readJsonLines } from "./json_lines.ts";
import type { Answer, Answers, Ready, Request, Setup } from "./measurement.ts";

const program = fileURLToPath(new URL("./measuring_process.ts", import.meta.url));

/** The machine has no such device, or it cannot do what is needed. */
export class NoSuchDeviceError extends Error {
  override name = "NoSuchDeviceError";
}

/** A measuring process, seen from outside. Disposing ends it. */
export class MeasuredProcess implements AsyncDisposable {
  /** What it says of itself. */
  readonly ready: Ready;
  /** From the start of the process to the first forces, ms. */
  readonly firstForces: number;
  readonly #channel: Channel;

  private constructor(ready: Ready, firstForces: number, channel: Channel) {
    this.ready = ready;
    this.firstForces = firstForces;
    this.#channel = channel;
  }

  /**
   * Starts a process and waits for its first forces.
   *
   * @throws {NoSuchDeviceError} Where the device is not to be had.
   */
  static async start(setup: Setup): Promise<MeasuredProcess> {
    const started = performance.now();
    const channel = new Channel();
    try {
      const ready = await channel.ask(setup) as Ready;
      return new MeasuredProcess(ready, performance.now() - started, channel);
    } catch (error) {
      await channel[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Memory that the process had when it last answered, bytes. */
  get residentBytes(): number {
    return this.#channel.residentBytes;
  }

  /** Has something measured for so long. */
  async measure<Kind extends Request["measure"]>(measure: Kind, milliseconds: number): Promise<Answers[Kind]> {
    return await this.#channel.ask({ measure, milliseconds }) as Answers[Kind];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}

/** The process itself: messages in, answers out. */
class Channel implements AsyncDisposable {
  residentBytes = 0;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncGenerator<unknown>;

  constructor() {
    const permissions = ["read", "write", "net", "env"].map((name) => `--allow-${name}`);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", ...permissions, program],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#answers = readJsonLines(this.#child.stdout);
  }

  async ask(message: Setup | Request): Promise<unknown> {
    await this.#input.write(formatJsonLine(message));
    const { done, value } = await this.#answers.next();
    if (done) {
      const { code } = await this.#child.status;
      throw new Error(`Expected a measuring process to answer but it ended with ${code}; what it said is above`);
    }
    const answer = value as Answer<unknown>;
    if ("error" in answer) throw new (answer.noDevice ? NoSuchDeviceError : Error)(answer.error);
    this.residentBytes = answer.residentBytes;
    return answer.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A process that has ended by itself takes no more input.
    await this.#input.close().catch(() => {});
    for await (const _ of this.#answers);
    await this.#child.status;
  }
}
