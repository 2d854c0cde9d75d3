/** Steps of the coarse grid of split coordinates in 1 Å; a power of two, see `kernels/pair_vector.wgsl`. */
export const grid = 4096;

/** Longest vector whose square in grid steps is below 2³², Å (`kernels/radial_table.wgsl`). */
export const longestGridVector = 2 ** 16 / grid;

/**
 * Writes a float64 vector as two float32 ones whose sum it is to about 1e-11 Å: the first a multiple of 2⁻¹² Å, so that
 * differences of first parts are exact.
 *
 * @param x, y, z The vector, Å.
 * @param target Where to write: x, y, z, 0 of the first part, then of the second.
 * @param at Index of the first element.
 */
export function writeSplitVector(x: number, y: number, z: number, target: Float32Array, at: number): void {
  const hx = Math.fround(Math.round(x * grid) / grid);
  const hy = Math.fround(Math.round(y * grid) / grid);
  const hz = Math.fround(Math.round(z * grid) / grid);
  target[at] = hx;
  target[at + 1] = hy;
  target[at + 2] = hz;
  target[at + 4] = x - hx;
  target[at + 5] = y - hy;
  target[at + 6] = z - hz;
}
