/**
 * Uniform random numbers in [0, 1) that repeat with the seed (mulberry32). For tests and self-tests, not for secrets.
 *
 * @param seed Any integer; its lowest 32 bits count.
 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return function random() {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
