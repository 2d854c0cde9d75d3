import { completeCell, invertCell, isDegenerate, type PeriodicCell } from "./cell.ts";
import { mostPairs, withEntries } from "./pair_entries.ts";
import type { PairList } from "./pair_list.ts";

/** What the search needs of a structure. */
export interface PeriodicPositions extends PeriodicCell {
  /** Cartesian coordinates `[N][3]`, Å. */
  readonly positions: Float64Array;
}

/** Cells an atom may be away from the origin: beyond it, float64 coordinates no longer resolve 10⁻⁹ Å. */
const farthestCell = 1e6;

/** Images of the cell within the cutoff that can be searched. */
const mostImages = 2 ** 22;

/**
 * All pairs of atoms and periodic images closer than a cutoff (strictly), in float64.
 *
 * Works for clusters and for any cell: skewed, smaller than the cutoff, repeating along one, two or three axes (the
 * vectors of the other axes are not looked at). Atoms may lie any number of cells away; the shifts are relative to the
 * positions as given. Coincident atoms are pairs like any other. Atoms are sorted into bins between lattice planes at
 * least a cutoff apart, so the cost is linear in the number of atoms at constant density.
 *
 * @param structure Positions, cell and periodicity; a `Structure` is one. Nothing of it is kept.
 * @param cutoff Å, positive.
 * @returns Pairs in ascending order of (first, second, shift), where first < second, or first = second and the first
 * non-zero element of the shift is positive; each atom's entries in ascending order of the neighbour and of the shift as
 * seen from the atom. The order depends on nothing but the set of pairs.
 * @throws RangeError when the cutoff or a position is not finite, when the cell is degenerate, or when there are too
 * many images or pairs to list.
 */
export function buildPairList(structure: PeriodicPositions, cutoff: number): PairList {
  if (!(cutoff > 0 && cutoff < Infinity)) {
    throw new RangeError(`Expected a positive, finite cutoff in Å but found ${cutoff}`);
  }
  if (isDegenerate(structure)) {
    throw new RangeError(
      `Expected linearly independent periodic cell vectors but found the cell ${Array.from(structure.cell ?? [])}`,
    );
  }
  const bins = sortIntoBins(structure, cutoff);
  const images = listImages(bins);
  const { count, imageReach } = bins;
  const [countA, countB, countC] = count;
  const strideA = (2 * imageReach[1] + 1) * (2 * imageReach[2] + 1);
  const strideB = 2 * imageReach[2] + 1;
  const imageCount = images.length / 3;
  const centre = (imageCount - 1) / 2;
  const { folded, wraps, atoms, binStart } = bins;
  const atomCount = folded.length / 3;
  const cutoffSquared = cutoff * cutoff;

  const start = new Int32Array(atomCount + 1);
  let second = new Int32Array(16 * atomCount);
  let shift = new Int32Array(48 * atomCount);
  let pairCount = 0;
  let keys = new Float64Array(64);
  for (let i = 0; i < atomCount; i++) {
    let found = 0;
    const x = folded[3 * i]!;
    const y = folded[3 * i + 1]!;
    const z = folded[3 * i + 2]!;
    const home = bins.binOf(i);
    const [fromA, toA] = bins.range(0, home[0]);
    const [fromB, toB] = bins.range(1, home[1]);
    const [fromC, toC] = bins.range(2, home[2]);
    for (let a = fromA; a <= toA; a++) {
      const imageA = Math.floor(a / countA);
      for (let b = fromB; b <= toB; b++) {
        const imageB = Math.floor(b / countB);
        for (let c = fromC; c <= toC; c++) {
          const imageC = Math.floor(c / countC);
          const image = centre + imageA * strideA + imageB * strideB + imageC;
          const bin = ((a - imageA * countA) * countB + b - imageB * countB) * countC + c - imageC * countC;
          const dx = images[3 * image]! - x;
          const dy = images[3 * image + 1]! - y;
          const dz = images[3 * image + 2]! - z;
          for (let at = binStart[bin]!; at < binStart[bin + 1]!; at++) {
            const j = atoms[at]!;
            if (j < i || (j === i && image <= centre)) continue;
            const vx = folded[3 * j]! + dx;
            const vy = folded[3 * j + 1]! + dy;
            const vz = folded[3 * j + 2]! + dz;
            if (vx * vx + vy * vy + vz * vz >= cutoffSquared) continue;
            if (found === keys.length) keys = grown(keys, Float64Array);
            // Between the same two atoms the order of the images is the order of the shifts.
            keys[found++] = j * imageCount + image;
          }
        }
      }
    }
    keys.subarray(0, found).sort();
    if (pairCount + found > mostPairs) {
      throw new RangeError(
        `Expected at most ${mostPairs} pairs but found more within ${cutoff} Å; use a shorter cutoff`,
      );
    }
    while (pairCount + found > second.length) {
      second = grown(second, Int32Array);
      shift = grown(shift, Int32Array);
    }
    for (let k = 0; k < found; k++, pairCount++) {
      const key = keys[k]!;
      const j = Math.floor(key / imageCount);
      const image = key - j * imageCount;
      const imageA = Math.floor(image / strideA);
      const imageB = Math.floor((image - imageA * strideA) / strideB);
      const imageC = image - imageA * strideA - imageB * strideB;
      second[pairCount] = j;
      shift[3 * pairCount] = imageA - imageReach[0] + wraps[3 * i]! - wraps[3 * j]!;
      shift[3 * pairCount + 1] = imageB - imageReach[1] + wraps[3 * i + 1]! - wraps[3 * j + 1]!;
      shift[3 * pairCount + 2] = imageC - imageReach[2] + wraps[3 * i + 2]! - wraps[3 * j + 2]!;
    }
    start[i + 1] = pairCount;
  }
  const first = new Int32Array(pairCount);
  for (let i = 0; i < atomCount; i++) first.fill(i, start[i]!, start[i + 1]!);
  return withEntries(atomCount, first, second.slice(0, pairCount), shift.slice(0, 3 * pairCount));
}

type Triple = [number, number, number];

/** Atoms folded into the cell and sorted by bin. */
interface Bins {
  /** The cell with the vectors of non-periodic axes replaced by perpendicular unit vectors `[3][3]`, Å. */
  readonly cell: Float64Array;
  /** Positions within the cell `[N][3]`, Å. */
  readonly folded: Float64Array;
  /** Whole cell vectors taken off each position `[N][3]`. */
  readonly wraps: Int32Array;
  /** Number of bins along each axis. */
  readonly count: Triple;
  /** Farthest image of the cell along each axis that can hold a neighbour; 0 along non-periodic axes. */
  readonly imageReach: Triple;
  /** Atoms in the order of their bins `[N]`, within a bin in ascending order. */
  readonly atoms: Int32Array;
  /** Where each bin's atoms start `[bins+1]`. */
  readonly binStart: Int32Array;
  /** Position of an atom's bin in the grid. */
  binOf(atom: number): Triple;
  /** First and last bin along an axis that can hold neighbours of an atom in the given bin, counted through the images. */
  range(axis: number, bin: number): [number, number];
}

function sortIntoBins({ positions, cell: given, periodic }: PeriodicPositions, cutoff: number): Bins {
  const atomCount = positions.length / 3;
  const repeats = periodic.map((along) => given !== null && along);
  const cell = completeCell({ cell: given, periodic });
  const inverse = invertCell(cell);
  const folded = Float64Array.from(positions);
  const wraps = new Int32Array(3 * atomCount);
  const fractional = new Float64Array(3 * atomCount);
  const lowest: Triple = [Infinity, Infinity, Infinity];
  const highest: Triple = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < atomCount; i++) {
    for (let axis = 0; axis < 3; axis++) {
      let fraction = positions[3 * i]! * inverse[axis]! + positions[3 * i + 1]! * inverse[3 + axis]! +
        positions[3 * i + 2]! * inverse[6 + axis]!;
      if (!Number.isFinite(fraction)) {
        throw new RangeError(
          `Expected finite positions but found ${positions.subarray(3 * i, 3 * i + 3)} at atom ${i}`,
        );
      }
      if (repeats[axis]) {
        const wrap = Math.floor(fraction);
        if (Math.abs(wrap) > farthestCell) {
          throw new RangeError(
            `Expected atoms within ${farthestCell} cells of the origin but found atom ${i} ${
              Math.abs(wrap)
            } cells away`,
          );
        }
        fraction -= wrap;
        wraps[3 * i + axis] = wrap;
        for (let k = 0; k < 3; k++) folded[3 * i + k]! -= wrap * cell[3 * axis + k]!;
      }
      fractional[3 * i + axis] = fraction;
      lowest[axis] = Math.min(lowest[axis]!, fraction);
      highest[axis] = Math.max(highest[axis]!, fraction);
    }
  }

  const reach: Triple = [1, 1, 1];
  const count: Triple = [1, 1, 1];
  const imageReach: Triple = [0, 0, 0];
  // Wider than the cutoff by more than rounding can move an atom across the border of a bin.
  const width = cutoff * (1 + 1e-6);
  const extent: Triple = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const spacing = 1 / Math.hypot(inverse[axis]!, inverse[3 + axis]!, inverse[6 + axis]!);
    if (repeats[axis]) lowest[axis] = 0;
    extent[axis] = repeats[axis] ? 1 : Math.max(0, highest[axis]! - lowest[axis]!);
    count[axis] = Math.max(1, Math.min(Math.floor(extent[axis]! * spacing / width), atomCount));
    if (repeats[axis]) {
      reach[axis] = Math.ceil(width / spacing * count[axis]!);
      imageReach[axis] = Math.ceil(width / spacing);
    }
  }
  while (count[0] * count[1] * count[2] > Math.max(8, atomCount)) {
    const axis = count.indexOf(Math.max(...count));
    count[axis] = Math.ceil(count[axis]! / 2);
    reach[axis] = 1;
  }

  const grid = new Int32Array(3 * atomCount);
  const binStart = new Int32Array(count[0] * count[1] * count[2] + 1);
  const flat = new Int32Array(atomCount);
  for (let i = 0; i < atomCount; i++) {
    for (let axis = 0; axis < 3; axis++) {
      const part = extent[axis]! > 0 ? (fractional[3 * i + axis]! - lowest[axis]!) / extent[axis]! : 0;
      grid[3 * i + axis] = Math.min(Math.floor(part * count[axis]!), count[axis]! - 1);
    }
    flat[i] = (grid[3 * i]! * count[1] + grid[3 * i + 1]!) * count[2] + grid[3 * i + 2]!;
    binStart[flat[i]! + 1]!++;
  }
  for (let bin = 1; bin < binStart.length; bin++) binStart[bin]! += binStart[bin - 1]!;
  const next = binStart.slice();
  const atoms = new Int32Array(atomCount);
  for (let i = 0; i < atomCount; i++) atoms[next[flat[i]!]!++] = i;

  return {
    cell,
    folded,
    wraps,
    count,
    imageReach,
    atoms,
    binStart,
    binOf(atom) {
      return [grid[3 * atom]!, grid[3 * atom + 1]!, grid[3 * atom + 2]!];
    },
    range(axis, bin) {
      const from = bin - reach[axis]!;
      const to = bin + reach[axis]!;
      return imageReach[axis]! > 0 ? [from, to] : [Math.max(from, 0), Math.min(to, count[axis]! - 1)];
    },
  };
}

/** Translations of all images within reach `[images][3]`, Å, in lexicographic order. */
function listImages({ cell, imageReach: [reachA, reachB, reachC] }: Bins): Float64Array {
  const imageCount = (2 * reachA + 1) * (2 * reachB + 1) * (2 * reachC + 1);
  if (!(imageCount <= mostImages)) {
    throw new RangeError(
      `Expected at most ${mostImages} images of the cell within the cutoff but found ${imageCount}; ` +
        `reduce the cell's skew or the cutoff`,
    );
  }
  const images = new Float64Array(3 * imageCount);
  let at = 0;
  for (let a = -reachA; a <= reachA; a++) {
    for (let b = -reachB; b <= reachB; b++) {
      for (let c = -reachC; c <= reachC; c++) {
        for (let k = 0; k < 3; k++) images[at++] = a * cell[k]! + b * cell[3 + k]! + c * cell[6 + k]!;
      }
    }
  }
  return images;
}

function grown<T extends Int32Array | Float64Array>(array: T, kind: new (length: number) => T): T {
  const larger = new kind(Math.max(64, 2 * array.length));
  larger.set(array);
  return larger;
}
