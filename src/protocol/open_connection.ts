import { type Address, formatAddress } from "./address.ts";

const firstPauseMilliseconds = 10;
const longestPauseMilliseconds = 250;

/** How {@linkcode openConnection} waits for a host. */
export interface OpenConnectionOptions {
  /** For how long to try again while the host is not there yet, s. */
  readonly retrySeconds: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called once, when the first attempt has failed and there will be another. */
  onWait(reason: string): void;
}

/**
 * Connects to a host, again and again while it is not up yet: its socket file is missing (ENOENT), nobody listens behind
 * it (ECONNREFUSED), or more drivers than its backlog holds are connecting at the moment (EAGAIN).
 *
 * @returns The connection; `undefined` when `signal` came first.
 * @throws {Error} When the host is still not there after `retrySeconds`, or on any other failure at once.
 */
export async function openConnection(
  address: Address,
  options: OpenConnectionOptions,
): Promise<Deno.Conn | undefined> {
  const deadline = performance.now() + 1000 * options.retrySeconds;
  let pause = firstPauseMilliseconds;
  for (let attempt = 1;; attempt++) {
    if (options.signal.aborted) return undefined;
    try {
      return await connect(address);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!hostMayComeYet(error) || performance.now() + pause > deadline) {
        throw new Error(explainFailure(address, error, reason, options.retrySeconds), { cause: error });
      }
      if (attempt === 1) options.onWait(reason);
    }
    await sleep(pause, options.signal);
    pause = Math.min(2 * pause, longestPauseMilliseconds);
  }
}

async function connect(address: Address): Promise<Deno.Conn> {
  if (address.transport === "unix") return await Deno.connect({ transport: "unix", path: address.path });
  const connection = await Deno.connect({ hostname: address.hostname, port: address.port });
  connection.setNoDelay(true);
  return connection;
}

function hostMayComeYet(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.WouldBlock;
}

function explainFailure(address: Address, error: unknown, reason: string, retrySeconds: number): string {
  const found = `Expected a host listening at ${formatAddress(address)} but found: ${reason}`;
  if (!hostMayComeYet(error)) return found;
  const tried = retrySeconds > 0 ? ` for ${retrySeconds} s` : "";
  return `${found}${tried}; start the host first or wait longer with --retry SECONDS`;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener("abort", finish);
  });
}
