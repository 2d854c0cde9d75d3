/**
 * Whether this machine is little-endian. The protocol has no byte order of its own: i-PI and the others send their
 * machine's, so a driver on the same kind of machine uses its own, too.
 */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
