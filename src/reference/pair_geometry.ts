import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";
import type { TermExecution } from "./execution.ts";
import { share } from "./team.ts";

/** Where the second atom of every pair is, seen from the first. */
export interface PairGeometry {
  readonly pairs: PairList;
  /** R[second] + shift·cell − R[first] `[U][3]`, Å. */
  readonly vectors: Float64Array;
  /** `[U]`, Å. */
  readonly distances: Float64Array;
  /** Unit vectors `[U][3]`. */
  readonly directions: Float64Array;
}

/** What the pairs' vectors do to the energy, gathered into the quantities that codes ask for. */
export interface PositionGradient {
  /** ∂E/∂R `[N][3]`, eV/Å. */
  readonly positions: Float64Array;
  /** Each atom's part of ∂E/∂ε `[N][3][3]`, eV, for a strain ε of positions and cell alike. */
  readonly strain: Float64Array;
}

/** The pairs' vectors, distances and directions. Coincident atoms give directions that are not numbers. */
export function pairGeometry(
  { workspace, team }: TermExecution,
  { positions, cell }: Pick<Structure, "positions" | "cell">,
  pairs: PairList,
): PairGeometry {
  const { pairCount, first, second, shift } = pairs;
  const vectors = workspace.float64(pairCount * 3);
  const distances = workspace.float64(pairCount);
  const directions = workspace.float64(pairCount * 3);
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const i = 3 * first[u]!, j = 3 * second[u]!, at = 3 * u;
    let x = positions[j]! - positions[i]!;
    let y = positions[j + 1]! - positions[i + 1]!;
    let z = positions[j + 2]! - positions[i + 2]!;
    if (cell !== null) {
      const a = shift[at]!, b = shift[at + 1]!, c = shift[at + 2]!;
      x += a * cell[0]! + b * cell[3]! + c * cell[6]!;
      y += a * cell[1]! + b * cell[4]! + c * cell[7]!;
      z += a * cell[2]! + b * cell[5]! + c * cell[8]!;
    }
    const r = Math.sqrt(x * x + y * y + z * z);
    const inverse = 1 / r;
    vectors[at] = x;
    vectors[at + 1] = y;
    vectors[at + 2] = z;
    distances[u] = r;
    directions[at] = x * inverse;
    directions[at + 1] = y * inverse;
    directions[at + 2] = z * inverse;
  }
  return { pairs, vectors, distances, directions };
}

/**
 * Adjoint of the distances and directions: r̄ `[U]` and p̄ `[U][3]` (`null`: nothing depends on them) → the vectors'
 * adjoint `[U][3]`, which is r̄ along the direction p and p̄ without its part along p, over r.
 */
export function vectorsAdjoint(
  { workspace, team }: TermExecution,
  { pairs: { pairCount }, distances, directions }: PairGeometry,
  distancesAdjoint: Float64Array,
  directionsAdjoint: Float64Array | null,
): Float64Array {
  const result = workspace.float64(3 * pairCount);
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const at = 3 * u;
    const x = directions[at]!, y = directions[at + 1]!, z = directions[at + 2]!;
    let along = distancesAdjoint[u]!;
    let across = 0;
    if (directionsAdjoint !== null) {
      across = 1 / distances[u]!;
      along -= across * (x * directionsAdjoint[at]! + y * directionsAdjoint[at + 1]! + z * directionsAdjoint[at + 2]!);
    }
    result[at] = along * x;
    result[at + 1] = along * y;
    result[at + 2] = along * z;
    if (directionsAdjoint !== null) {
      result[at]! += across * directionsAdjoint[at]!;
      result[at + 1]! += across * directionsAdjoint[at + 1]!;
      result[at + 2]! += across * directionsAdjoint[at + 2]!;
    }
  }
  return result;
}

/** A gradient to add to, all 0. */
export function zeroPositionGradient({ workspace, team }: TermExecution, atomCount: number): PositionGradient {
  const positions = workspace.float64(3 * atomCount), strain = workspace.float64(9 * atomCount);
  const { from, to } = share(team, atomCount);
  positions.fill(0, 3 * from, 3 * to);
  strain.fill(0, 9 * from, 9 * to);
  return { positions, strain };
}

/** Adjoint of the vectors: ∂E/∂vector `[U][3]` → ∂E/∂R and ∂E/∂ε, added to `gradient`. */
export function addPositionGradient(
  { team }: TermExecution,
  { pairs: { atomCount, start, entry }, vectors }: PairGeometry,
  adjoint: Float64Array,
  { positions, strain }: PositionGradient,
): void {
  team.barrier();
  const { from, to } = share(team, atomCount);
  for (let i = from; i < to; i++) {
    let x = 0, y = 0, z = 0;
    let xx = 0, xy = 0, xz = 0, yx = 0, yy = 0, yz = 0, zx = 0, zy = 0, zz = 0;
    for (let at = start[i]!, end = start[i + 1]!; at < end; at++) {
      const u = entry[at]!;
      if (u < 0) {
        const as = 3 * ~u;
        x += adjoint[as]!;
        y += adjoint[as + 1]!;
        z += adjoint[as + 2]!;
      } else {
        // the strain counts a pair once, for its first atom
        const as = 3 * u;
        const gx = adjoint[as]!, gy = adjoint[as + 1]!, gz = adjoint[as + 2]!;
        const vx = vectors[as]!, vy = vectors[as + 1]!, vz = vectors[as + 2]!;
        x -= gx;
        y -= gy;
        z -= gz;
        xx += vx * gx;
        xy += vx * gy;
        xz += vx * gz;
        yx += vy * gx;
        yy += vy * gy;
        yz += vy * gz;
        zx += vz * gx;
        zy += vz * gy;
        zz += vz * gz;
      }
    }
    positions[3 * i]! += x;
    positions[3 * i + 1]! += y;
    positions[3 * i + 2]! += z;
    const of = 9 * i;
    strain[of]! += xx;
    strain[of + 1]! += xy;
    strain[of + 2]! += xz;
    strain[of + 3]! += yx;
    strain[of + 4]! += yy;
    strain[of + 5]! += yz;
    strain[of + 6]! += zx;
    strain[of + 7]! += zy;
    strain[of + 8]! += zz;
  }
}

/** ∂E/∂ε `[3][3]`, eV, of all atoms together, as a new array. */
export function totalStrain({ strain }: PositionGradient): Float64Array {
  const total = new Float64Array(9);
  for (let at = 0; at < strain.length; at++) total[at % 9]! += strain[at]!;
  return total;
}
