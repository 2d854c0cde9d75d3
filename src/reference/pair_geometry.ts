import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";

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
  /** ∂E/∂ε `[3][3]`, eV, for a strain ε of positions and cell alike. */
  readonly strain: Float64Array;
}

/** The pairs' vectors, distances and directions. Coincident atoms give directions that are not numbers. */
export function pairGeometry({ positions, cell }: Structure, pairs: PairList): PairGeometry {
  const { pairCount, first, second, shift } = pairs;
  const vectors = new Float64Array(pairCount * 3);
  const distances = new Float64Array(pairCount);
  const directions = new Float64Array(pairCount * 3);
  for (let u = 0; u < pairCount; u++) {
    const i = 3 * first[u]!, j = 3 * second[u]!, at = 3 * u;
    for (let k = 0; k < 3; k++) {
      vectors[at + k] = positions[j + k]! - positions[i + k]!;
      if (cell !== null) {
        for (let axis = 0; axis < 3; axis++) vectors[at + k]! += shift[at + axis]! * cell[3 * axis + k]!;
      }
    }
    const x = vectors[at]!, y = vectors[at + 1]!, z = vectors[at + 2]!;
    const r = Math.sqrt(x * x + y * y + z * z);
    distances[u] = r;
    directions[at] = x / r;
    directions[at + 1] = y / r;
    directions[at + 2] = z / r;
  }
  return { pairs, vectors, distances, directions };
}

/** Adjoint of the distances: r̄ `[U]` → the vectors' adjoint `[U][3]`. */
export function distancesAdjoint({ directions }: PairGeometry, adjoint: Float64Array): Float64Array {
  return directions.map((component, at) => component * adjoint[Math.floor(at / 3)]!);
}

/** Adjoint of the directions: p̄ `[U][3]` → the vectors' adjoint `[U][3]`, which is p̄ without its part along p, over r. */
export function directionsAdjoint({ directions, distances }: PairGeometry, adjoint: Float64Array): Float64Array {
  const result = new Float64Array(directions.length);
  distances.forEach((r, u) => {
    const at = 3 * u;
    const x = directions[at]!, y = directions[at + 1]!, z = directions[at + 2]!;
    const along = x * adjoint[at]! + y * adjoint[at + 1]! + z * adjoint[at + 2]!;
    result[at] = (adjoint[at]! - along * x) / r;
    result[at + 1] = (adjoint[at + 1]! - along * y) / r;
    result[at + 2] = (adjoint[at + 2]! - along * z) / r;
  });
  return result;
}

/** Adjoint of the vectors: ∂E/∂vector `[U][3]` → ∂E/∂R and ∂E/∂ε, added to `gradient`. */
export function addPositionGradient(geometry: PairGeometry, adjoint: Float64Array, gradient: PositionGradient): void {
  const { pairs: { pairCount, first, second }, vectors } = geometry;
  for (let u = 0; u < pairCount; u++) {
    for (let k = 0; k < 3; k++) {
      const slope = adjoint[3 * u + k]!;
      gradient.positions[3 * first[u]! + k]! -= slope;
      gradient.positions[3 * second[u]! + k]! += slope;
      for (let axis = 0; axis < 3; axis++) gradient.strain[3 * axis + k]! += vectors[3 * u + axis]! * slope;
    }
  }
}
