/** Atoms from which on another thread pays, for each. */
const atomsPerThread = 8;

/** How many threads compute one structure of so many atoms together, of at most `limit`. */
export function threadsFor(atoms: number, limit: number): number {
  return Math.max(1, Math.min(limit, Math.floor(atoms / atomsPerThread)));
}
