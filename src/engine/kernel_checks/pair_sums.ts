import type { TermExecution } from "../../reference/execution.ts";
import { addPositionGradient, type PairGeometry, zeroPositionGradient } from "../../reference/pair_geometry.ts";

/** Sum over each atom's pairs, self-images twice, of one number a pair: `[U]` → `[N]`. */
export function sumOverPairs(
  { pairs: { first, second, atomCount } }: PairGeometry,
  values: Float64Array,
): Float64Array {
  const result = new Float64Array(atomCount);
  values.forEach((value, u) => {
    result[first[u]!]! += value;
    result[second[u]!]! += value;
  });
  return result;
}

/** −∂E/∂R `[N][3]` of gradients with respect to pair vectors. */
export function forcesOf(execution: TermExecution, geometry: PairGeometry, gradient: Float64Array): Float64Array {
  const result = zeroPositionGradient(execution, geometry.pairs.atomCount);
  addPositionGradient(execution, geometry, gradient, result);
  return result.positions.map((value) => -value);
}

/** The geometry with its atoms displaced by rows `[N][4]`, whose fourth component means nothing. */
export function displaced({ pairs, vectors: before }: PairGeometry, rows: Float64Array): PairGeometry {
  const vectors = before.map((component, at) => {
    const u = Math.floor(at / 3), k = at % 3;
    return component + rows[4 * pairs.second[u]! + k]! - rows[4 * pairs.first[u]! + k]!;
  });
  const distances = Float64Array.from(
    { length: pairs.pairCount },
    (_, u) => Math.hypot(vectors[3 * u]!, vectors[3 * u + 1]!, vectors[3 * u + 2]!),
  );
  return { pairs, vectors, distances, directions: vectors.map((x, at) => x / distances[Math.floor(at / 3)]!) };
}
