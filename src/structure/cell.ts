/** What identifies a cell: its vectors and the axes it repeats along. */
export interface PeriodicCell {
  /** Cell vectors `[3][3]`, Å, rows a, b, c; `null` for a cluster. Rows of axes that do not repeat may be zero. */
  readonly cell: Float64Array | null;
  /** Whether the structure repeats along a, b, c. */
  readonly periodic: readonly [boolean, boolean, boolean];
}

/** Shortest periodic cell vector that is taken seriously, Å. No two nuclei come this close. */
const shortestVector = 0.1;

/** Smallest volume (area, length) relative to that of a right-angled cell with vectors as long. */
const smallestRelativeVolume = 1e-6;

/**
 * Signed volume a·(b×c) of a cell, Å³; negative for a left-handed cell.
 *
 * @param cell Cell vectors `[3][3]`, rows a, b, c.
 */
export function signedVolume(cell: Float64Array): number {
  const [ax, ay, az, bx, by, bz, cx, cy, cz] = cell as unknown as Nine;
  return ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
}

/**
 * Volume |a·(b×c)| of a cell, Å³.
 *
 * @param cell Cell vectors `[3][3]`, rows a, b, c.
 */
export function cellVolume(cell: Float64Array): number {
  return Math.abs(signedVolume(cell));
}

/**
 * Inverse of a cell: fractional coordinates are the row vector R·inverse, and column k of the inverse is perpendicular
 * to the other two cell vectors, so 1/|column k| is the distance between the lattice planes of axis k.
 *
 * @param cell Cell vectors `[3][3]`, rows a, b, c.
 * @returns A new `[3][3]` row-major matrix, 1/Å.
 * @throws RangeError when the determinant is zero or not finite.
 */
export function invertCell(cell: Float64Array): Float64Array {
  const [ax, ay, az, bx, by, bz, cx, cy, cz] = cell as unknown as Nine;
  const volume = signedVolume(cell);
  if (!(Math.abs(volume) > 0 && Math.abs(volume) < Infinity)) {
    throw new RangeError(`Expected three linearly independent cell vectors but found a cell of volume ${volume} Å³`);
  }
  return Float64Array.of(
    (by * cz - bz * cy) / volume,
    (az * cy - ay * cz) / volume,
    (ay * bz - az * by) / volume,
    (bz * cx - bx * cz) / volume,
    (ax * cz - az * cx) / volume,
    (az * bx - ax * bz) / volume,
    (bx * cy - by * cx) / volume,
    (ay * cx - ax * cy) / volume,
    (ax * by - ay * bx) / volume,
  );
}

/**
 * The cell with the vectors of its non-periodic axes, which may be missing (zero) or arbitrary, replaced by unit vectors
 * perpendicular to the periodic ones and to each other. A cluster gives the unit matrix. The volume of the result is
 * thus the length, area or volume that repeats.
 *
 * @returns A new `[3][3]` row-major matrix, Å.
 */
export function completeCell({ cell, periodic }: PeriodicCell): Float64Array {
  const complete = new Float64Array(9);
  if (cell !== null) {
    for (let axis = 0; axis < 3; axis++) {
      if (periodic[axis]) complete.set(cell.subarray(3 * axis, 3 * axis + 3), 3 * axis);
    }
  }
  const missing = [0, 1, 2].filter((axis) => cell === null || !periodic[axis]);
  if (missing.length === 3) {
    complete[0] = complete[4] = complete[8] = 1;
  } else if (missing.length === 2) {
    const along = [0, 1, 2].find((axis) => !missing.includes(axis))!;
    const [first, second] = perpendicularPair(complete.subarray(3 * along, 3 * along + 3));
    complete.set(first, 3 * missing[0]!);
    complete.set(second, 3 * missing[1]!);
  } else if (missing.length === 1) {
    const axis = missing[0]!;
    const next = (axis + 1) % 3;
    const last = (axis + 2) % 3;
    const normal = cross(complete.subarray(3 * next, 3 * next + 3), complete.subarray(3 * last, 3 * last + 3));
    complete.set(normalise(normal), 3 * axis);
  }
  return complete;
}

/**
 * Whether the periodic vectors of a cell fail to span a lattice: one is not finite or shorter than 0.1 Å, or they are
 * parallel or coplanar (relative volume below 10⁻⁶). Clusters are never degenerate.
 */
export function isDegenerate(periodicCell: PeriodicCell): boolean {
  const { cell, periodic } = periodicCell;
  if (cell === null) return false;
  let product = 1;
  for (let axis = 0; axis < 3; axis++) {
    if (!periodic[axis]) continue;
    const length = Math.hypot(cell[3 * axis]!, cell[3 * axis + 1]!, cell[3 * axis + 2]!);
    if (!(length >= shortestVector && length < Infinity)) return true;
    product *= length;
  }
  return !(cellVolume(completeCell(periodicCell)) / product >= smallestRelativeVolume);
}

type Nine = [number, number, number, number, number, number, number, number, number];

function cross(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.of(
    a[1]! * b[2]! - a[2]! * b[1]!,
    a[2]! * b[0]! - a[0]! * b[2]!,
    a[0]! * b[1]! - a[1]! * b[0]!,
  );
}

function normalise(vector: Float64Array): Float64Array {
  const length = Math.hypot(vector[0]!, vector[1]!, vector[2]!);
  return vector.map((component) => component / length);
}

/** Two unit vectors that make a right-handed, perpendicular set with `vector`. */
function perpendicularPair(vector: Float64Array): [Float64Array, Float64Array] {
  const axis = normalise(vector);
  const size = axis.map(Math.abs);
  const smallest = size.indexOf(Math.min(...size));
  const first = normalise(cross(Float64Array.from([0, 1, 2], (k) => (k === smallest ? 1 : 0)), axis));
  return [first, cross(axis, first)];
}
