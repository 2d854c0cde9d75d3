/**
 * A set of atoms with its cell, total charge and number of unpaired electrons: what every engine is given.
 */
export interface Structure {
  /** Atomic numbers `[N]`. */
  readonly numbers: Uint8Array;
  /** Cartesian coordinates `[N][3]`, Å, flat and row-major (x, y, z of the first atom first). Never wrapped. */
  readonly positions: Float64Array;
  /** Cell vectors `[3][3]`, Å, rows a, b, c; `null` for a cluster. */
  readonly cell: Float64Array | null;
  /** Whether the structure repeats along a, b, c. All false without a cell. */
  readonly periodic: readonly [boolean, boolean, boolean];
  /** Total charge, e. */
  readonly charge: number;
  /** Number of unpaired electrons: singlet 0, doublet 1, triplet 2. */
  readonly unpaired: number;
}
