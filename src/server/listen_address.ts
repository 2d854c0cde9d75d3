import { type Address, parseAddress } from "../protocol/address.ts";

/**
 * Reads where a server listens: `unix:/full/path`, `unix:NAME` (the socket file `spookynet-NAME` in the user's folder,
 * see {@linkcode socketFolder}) or `tcp:HOST:PORT`, where port 0 is any that is free.
 *
 * @throws {TypeError} When it has none of these forms.
 */
export function parseListenAddress(listen: string): Address {
  const text = listen.trim();
  const [, host] = /^tcp:(.+):0$/.exec(text) ?? [];
  if (host !== undefined) return { ...parseAddress(`tcp:${host}:1`), port: 0 } as Address;
  return /^unix:[^/]/.test(text) ? parseAddress(text, `${socketFolder()}/spookynet-`) : parseAddress(text);
}

/**
 * The folder of socket files that are known by a name: `$XDG_RUNTIME_DIR`, which belongs to the user alone, or else
 * `/tmp/spookynet-UID`, which is made so.
 */
export function socketFolder(): string {
  return Deno.env.get("XDG_RUNTIME_DIR") || `/tmp/spookynet-${Deno.uid()}`;
}

/** Whether only this machine's programs can connect. */
export function isLocal(address: Address): boolean {
  return address.transport === "unix" || address.hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(address.hostname);
}
