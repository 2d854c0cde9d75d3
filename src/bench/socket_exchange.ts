import { join } from "node:path";
import type { Calculator } from "../engine/calculator.ts";
import type { RunningDriver } from "../protocol/driver.ts";
import { headerLength } from "../protocol/header.ts";
import { batchedPositionData, header, init, join as joined, positionData } from "../protocol/host_messages.ts";
import { bohr } from "../protocol/units.ts";
import { connect } from "../server/connect.ts";
import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";

const status = header("STATUS"), getForce = header("GETFORCE");

/**
 * A host of the i-PI protocol and a driver for it, in this process, on a Unix socket: what a simulation waits for besides
 * the evaluation itself. The host sends what i-PI sends (POSDATA and GETFORCE at once, and a STATUS before) and does
 * nothing with the answer.
 */
export class SocketExchange implements AsyncDisposable {
  readonly #folder: string;
  readonly #driver: RunningDriver;
  readonly #host: Deno.Conn;
  readonly #copies: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  /** What the driver's last evaluation took, ms. */
  readonly #evaluation: { milliseconds: number };

  private constructor(
    folder: string,
    driver: RunningDriver,
    host: Deno.Conn,
    atoms: number,
    copies: number,
    evaluation: { milliseconds: number },
  ) {
    this.#folder = folder;
    this.#driver = driver;
    this.#host = host;
    this.#copies = copies;
    this.#evaluation = evaluation;
    this.#buffer = new Uint8Array(headerLength + 4 + copies * (8 + 24 * atoms + 72 + 4));
  }

  /**
   * Starts a host and a driver.
   *
   * @param structure The atoms, and whether they repeat.
   * @param copies Structures in each exchange.
   */
  static async open(calculator: Calculator, structure: Structure, copies: number): Promise<SocketExchange> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-bench-" });
    const path = join(folder, "socket");
    const evaluation = { milliseconds: 0 };
    using listener = Deno.listen({ transport: "unix", path });
    const driver = connect({
      to: `unix:${path}`,
      calculator,
      atoms: structure,
      periodic: structure.periodic,
      onStep: ({ milliseconds }) => evaluation.milliseconds = milliseconds,
    });
    const host = await listener.accept();
    const exchange = new SocketExchange(folder, driver, host, structure.numbers.length, copies, evaluation);
    await exchange.#send(status);
    await exchange.#receive(headerLength);
    await exchange.#send(init(0, copies > 1 ? ` batch_size:${copies}` : " "));
    return exchange;
  }

  /**
   * Has structures computed, one for each of the copies.
   *
   * @returns What the exchange took besides the evaluation, ms: the sockets, reading and writing messages, and the
   * conversion of units, the host's own reading and writing of bytes included.
   */
  async exchange(structures: readonly Structure[]): Promise<number> {
    const frames = structures.map(({ positions, cell }) => ({
      cell: Array.from({ length: 9 }, (_, k) => (cell?.[3 * (k % 3) + Math.floor(k / 3)] ?? 0) / bohr),
      positions: Array.from(positions, (x) => x / bohr),
    }));
    const positions = this.#copies > 1 ? batchedPositionData(frames) : positionData(frames[0]!);
    const request = joined(positions, getForce);
    const start = performance.now();
    await this.#send(status);
    await this.#receive(headerLength);
    await this.#send(request);
    await this.#receive(this.#buffer.length);
    return performance.now() - start - this.#evaluation.milliseconds;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) done += await this.#host.write(bytes.subarray(done));
  }

  async #receive(length: number): Promise<void> {
    for (let done = 0; done < length;) {
      const count = await this.#host.read(this.#buffer.subarray(done, length));
      // The driver says why when it is asked for its end.
      if (count === null) throw (await this.#driver.closed).error ?? new Error("Expected an answer but found none");
      done += count;
    }
  }

  /** Ends both. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#host.close();
    await this.#driver.closed;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A calculator that answers with zeros at once: the code around it can be tried without a model. */
export class NoCalculator implements Calculator {
  readonly device = { kind: "cpu", name: "nothing", driver: "", readBack: "none" } as const;
  compute(structure: Structure): Promise<Result>;
  compute(structures: readonly Structure[]): Promise<Result[]>;
  compute(input: Structure | readonly Structure[]): Promise<Result | Result[]> {
    return Promise.resolve("numbers" in input ? zeros(input) : input.map(zeros));
  }
  computeSync(structures: readonly Structure[]): Result[] {
    return structures.map(zeros);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function zeros({ positions }: Structure): Result {
  return { energy: 0, forces: new Float64Array(positions.length), virial: new Float64Array(9) };
}
