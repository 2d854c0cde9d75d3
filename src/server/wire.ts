/** `SPK1`, the first four bytes of every message, read as a little-endian u32. */
export const magic = 0x314b5053;

/** Bytes of a message's header: magic, kind, length of the body, sequence number. */
export const headerLength = 16;

/** The version of the protocol that the server speaks. */
export const protocolVersion = 1;

/** Kinds of messages a client sends. */
export const requestKinds = { hello: 1, system: 2, compute: 3, goodbye: 4 } as const;

/** Kinds of messages the server sends. */
export const replyKinds = { welcome: 101, ready: 102, result: 103, farewell: 104, error: 199 } as const;

/** What an ERROR can mean; see docs/protocol.md. */
export const errorCodes = {
  malformed: 1,
  version: 2,
  token: 3,
  limit: 4,
  order: 5,
  structure: 6,
  computation: 7,
  closing: 8,
} as const;

/** A code of an ERROR. */
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

/** Bits of what a COMPUTE wants; the energy always comes. */
export const wantedBits = { forces: 1, virial: 2, charges: 4, dipole: 8, energies: 16, hessian: 32 } as const;

/** All bits of {@linkcode wantedBits}. */
export const everythingWanted = 63;
