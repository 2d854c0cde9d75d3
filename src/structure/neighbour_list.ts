import { buildPairList, type PeriodicPositions } from "./build_pair_list.ts";
import { completeCell, invertCell } from "./cell.ts";
import type { PairList } from "./pair_list.ts";

/** What a neighbour list answers. */
export interface NeighbourUpdate {
  /**
   * Every pair closer than the cutoff now, and others up to about cutoff + skin: whoever sums over the pairs leaves out
   * those beyond the cutoff. The same object until the list is rebuilt.
   */
  readonly pairs: PairList;
  /** Whether the list was built anew for this structure. */
  readonly rebuilt: boolean;
}

/**
 * A pair list that is kept while the atoms move, built with a cutoff wider by a skin and rebuilt when, and only when,
 * a pair it lacks could have come within the cutoff.
 *
 * The motion since the list was built is split into the cell's deformation F (applied to every atom) and what each atom
 * moved besides, u. A missing pair was at least cutoff + skin apart, so it is now at least
 * σ(F)·(cutoff + skin) − |u₁| − |u₂| apart, where σ(F) ≥ 1 − ‖F − 1‖ is the least stretch and u₁, u₂ are the two largest
 * displacements about the mean. The list is kept while this is at least the cutoff, which holds for any change of the
 * cell, and makes an atom that is wrapped back by its host's cell a reason to rebuild.
 *
 * @example
 * ```ts
 * import { NeighbourList } from "./neighbour_list.ts";
 *
 * const list = new NeighbourList(4, 1);
 * const positions = Float64Array.of(0, 0, 0, 4.5, 0, 0);
 * const cluster = { positions, cell: null, periodic: [false, false, false] } as const;
 * console.assert(list.update(cluster).rebuilt);
 * positions[3] = 4.0;
 * console.assert(!list.update(cluster).rebuilt);
 * ```
 */
export class NeighbourList {
  /** Distance up to which no pair is missing, Å. */
  readonly cutoff: number;
  /** What the pairs of a fresh list may be farther apart, Å. */
  readonly skin: number;
  #built: { pairs: PairList; structure: PeriodicPositions } | null = null;

  /**
   * An empty list; the first update builds it.
   *
   * @param cutoff Å, positive.
   * @param skin Å, zero or more; zero rebuilds whenever anything but the whole system has moved.
   * @throws RangeError when either is out of range.
   */
  constructor(cutoff: number, skin: number) {
    if (!(cutoff > 0 && cutoff < Infinity && skin >= 0 && skin < Infinity)) {
      throw new RangeError(`Expected a positive cutoff and a skin of zero or more but found ${cutoff} and ${skin} Å`);
    }
    this.cutoff = cutoff;
    this.skin = skin;
  }

  /**
   * The pairs of a structure. Positions and cell are copied when the list is rebuilt, so the caller may reuse them.
   *
   * @throws RangeError as {@linkcode buildPairList} does; the list is then as before the call.
   */
  update(structure: PeriodicPositions): NeighbourUpdate {
    if (this.#built !== null && this.#covers(this.#built.structure, structure)) {
      return { pairs: this.#built.pairs, rebuilt: false };
    }
    const pairs = buildPairList(structure, this.cutoff + this.skin);
    const { positions, cell, periodic } = structure;
    this.#built = {
      pairs,
      structure: { positions: positions.slice(), cell: cell?.slice() ?? null, periodic: [...periodic] },
    };
    return { pairs, rebuilt: true };
  }

  /** Whether no pair that the list lacks can have come within the cutoff. A NaN anywhere says no. */
  #covers(before: PeriodicPositions, now: PeriodicPositions): boolean {
    if (before.positions.length !== now.positions.length) return false;
    for (let axis = 0; axis < 3; axis++) {
      if (isPeriodic(before, axis) !== isPeriodic(now, axis)) return false;
    }
    const deformation = deformationBetween(before, now);
    const deviation = deformation === null ? 0 : distanceFromUnit(deformation);
    const slack = (1 - deviation) * (this.cutoff + this.skin) - this.cutoff;
    return slack >= 0 && sumOfTwoLargestDisplacements(before.positions, now.positions, deformation) <= slack;
  }
}

function isPeriodic({ cell, periodic }: PeriodicPositions, axis: number): boolean {
  return cell !== null && periodic[axis]!;
}

/** The matrix `[3][3]` that turns the cell before into the cell now when applied from the right; `null` for none. */
function deformationBetween(before: PeriodicPositions, now: PeriodicPositions): Float64Array | null {
  let same = true;
  for (let axis = 0; axis < 3; axis++) {
    if (!isPeriodic(before, axis)) continue;
    for (let k = 3 * axis; k < 3 * axis + 3; k++) same &&= before.cell![k] === now.cell![k];
  }
  if (same) return null;
  const inverse = invertCell(completeCell(before));
  const cell = completeCell(now);
  return Float64Array.from({ length: 9 }, (_, at) => {
    const row = 3 * Math.floor(at / 3);
    const column = at % 3;
    return inverse[row]! * cell[column]! + inverse[row + 1]! * cell[3 + column]! +
      inverse[row + 2]! * cell[6 + column]!;
  });
}

/** Frobenius norm of F − 1, a bound on how much F shortens any vector. */
function distanceFromUnit(matrix: Float64Array): number {
  return Math.hypot(...matrix.map((element, at) => element - (at % 4 === 0 ? 1 : 0)));
}

/** |u₁| + |u₂| of the two atoms that moved most, u = R·now − R·before·F less the mean of all. */
function sumOfTwoLargestDisplacements(
  before: Float64Array,
  now: Float64Array,
  deformation: Float64Array | null,
): number {
  const moved = new Float64Array(now.length);
  const mean = [0, 0, 0];
  const atomCount = now.length / 3;
  for (let i = 0; i < now.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      const carried = deformation === null
        ? before[i + k]!
        : before[i]! * deformation[k]! + before[i + 1]! * deformation[3 + k]! + before[i + 2]! * deformation[6 + k]!;
      moved[i + k] = now[i + k]! - carried;
      mean[k]! += moved[i + k]! / atomCount;
    }
  }
  let largest = 0;
  let second = 0;
  for (let i = 0; i < moved.length; i += 3) {
    const x = moved[i]! - mean[0]!;
    const y = moved[i + 1]! - mean[1]!;
    const z = moved[i + 2]! - mean[2]!;
    const squared = x * x + y * y + z * z;
    if (!(squared <= largest)) {
      second = largest;
      largest = squared;
    } else if (squared > second) {
      second = squared;
    }
  }
  return Math.sqrt(largest) + Math.sqrt(second);
}
