/** Where a host listens: a socket file, or a TCP port. */
export type Address =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** What i-PI, ASE and most other hosts put before a socket's name to get its file. */
export const defaultPrefix = "/tmp/ipi_";

/** `sun_path` of Linux holds 108 bytes, the closing NUL included. */
const longestSocketPath = 107;

/**
 * Reads an address as given on the command line.
 *
 * @param to `unix:NAME` (the file is `prefix` + NAME), `unix:/full/path`, or `tcp:HOST:PORT` (an IPv6 host in brackets).
 * @param prefix What stands before NAME; i-PI's `<simulation sockets_prefix=…>` or `-S`.
 * @returns The address; `localhost` becomes 127.0.0.1, because i-PI and ASE bind IPv4 only.
 * @throws {TypeError} When `to` has none of these forms, or the path is longer than a socket's may be.
 *
 * @example
 * ```ts
 * console.log(parseAddress("unix:water")); // { transport: "unix", path: "/tmp/ipi_water" }
 * console.log(parseAddress("tcp:localhost:31415")); // { transport: "tcp", hostname: "127.0.0.1", port: 31415 }
 * ```
 */
export function parseAddress(to: string, prefix: string = defaultPrefix): Address {
  const text = to.trim();
  if (text.startsWith("unix:")) return unixAddress(text.slice("unix:".length), prefix);
  if (text.startsWith("tcp:")) return tcpAddress(text.slice("tcp:".length));
  throw new TypeError(`Expected an address like unix:NAME, unix:/full/path or tcp:HOST:PORT but found "${to}"`);
}

function unixAddress(name: string, prefix: string): Address {
  if (name === "" || (name.includes("/") && !name.startsWith("/"))) {
    throw new TypeError(`Expected unix:NAME without slashes, or unix:/full/path, but found "unix:${name}"`);
  }
  const path = name.startsWith("/") ? name : prefix + name;
  const length = new TextEncoder().encode(path).length;
  if (length > longestSocketPath) {
    throw new TypeError(
      `Expected a socket path of at most ${longestSocketPath} bytes but found ${length} in "${path}"; use a shorter one`,
    );
  }
  return { transport: "unix", path };
}

function tcpAddress(text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || !(port >= 1 && port <= 65535)) {
    throw new TypeError(`Expected tcp:HOST:PORT with a port from 1 to 65535 but found "tcp:${text}"`);
  }
  return { transport: "tcp", hostname: hostname.toLowerCase() === "localhost" ? "127.0.0.1" : hostname, port };
}

/** Writes an address the way {@linkcode parseAddress} reads it, socket files with their full path. */
export function formatAddress(address: Address): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const hostname = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `tcp:${hostname}:${address.port}`;
}
