/** Bytes of a message's header: an upper-case name, padded with spaces by i-PI and ASE, with NULs by eOn. */
export const headerLength = 12;

/** Headers a driver sends. */
export type DriverHeader = "NEEDINIT" | "READY" | "HAVEDATA" | "FORCEREADY";

/**
 * Encodes a header: the name, padded with spaces to 12 bytes.
 * A host reads it with one `recv`, so it must also be written with one call.
 */
export function encodeHeader(name: DriverHeader): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(name.padEnd(headerLength));
}

/** Decodes the header at `offset`: its name without the padding, whatever the bytes are (one character a byte). */
export function decodeHeader(bytes: Uint8Array, offset: number): string {
  let end = offset + headerLength;
  while (end > offset && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end--;
  let name = "";
  for (let i = offset; i < end; i++) name += String.fromCharCode(bytes[i]!);
  return name;
}
