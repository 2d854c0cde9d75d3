import type { PairGeometry } from "./pair_geometry.ts";

/** The functions of the directions that messages of one order are multiplied by. */
export interface AngularFunctions {
  /** `[U][C]`. */
  readonly values: Float64Array;
  /** C: 1 (s), 3 (p), 5 or 6 (d). */
  readonly components: number;
  /** What turning the pair round multiplies them by: −1 for p, 1 for s and d. */
  readonly parity: 1 | -1;
}

/** The angular functions of all three orders. */
export interface AngularSet {
  readonly s: AngularFunctions;
  readonly p: AngularFunctions;
  readonly d: AngularFunctions;
}

const root2 = Math.sqrt(2);
const root3 = Math.sqrt(3);

/** s (all 1), p (the unit vector itself) and d functions of the pairs' directions. */
export function angularFunctions({ pairs, directions }: PairGeometry, irreps: boolean): AngularSet {
  return {
    s: { values: new Float64Array(pairs.pairCount).fill(1), components: 1, parity: 1 },
    p: { values: directions, components: 3, parity: -1 },
    d: dFunctions(directions, irreps),
  };
}

/** Adjoint of {@link angularFunctions}: p̄ `[U][3]` and d̄ `[U][C]` → the directions' adjoint `[U][3]`. */
export function angularFunctionsAdjoint(
  { directions }: PairGeometry,
  irreps: boolean,
  pAdjoint: Float64Array,
  dAdjoint: Float64Array,
): Float64Array {
  const adjoint = dFunctionsAdjoint(directions, irreps, dAdjoint);
  return adjoint.map((component, at) => component + pAdjoint[at]!);
}

/**
 * d functions of unit vectors `[U][3]` → `[U][5]` or `[U][6]`.
 *
 * Irreducible: √3 xy, √3 xz, √3 yz, (3z²−1)/2, √3 (x²−y²)/2. Cartesian: x², y², z², √2 xy, √2 xz, √2 yz.
 */
export function dFunctions(directions: Float64Array, irreps: boolean): AngularFunctions {
  const components = irreps ? 5 : 6;
  const values = new Float64Array(directions.length / 3 * components);
  for (let from = 0, to = 0; from < directions.length; from += 3, to += components) {
    const x = directions[from]!, y = directions[from + 1]!, z = directions[from + 2]!;
    if (irreps) {
      values[to] = root3 * x * y;
      values[to + 1] = root3 * x * z;
      values[to + 2] = root3 * y * z;
      values[to + 3] = (3 * z * z - 1) / 2;
      values[to + 4] = root3 / 2 * (x * x - y * y);
    } else {
      values[to] = x * x;
      values[to + 1] = y * y;
      values[to + 2] = z * z;
      values[to + 3] = root2 * x * y;
      values[to + 4] = root2 * x * z;
      values[to + 5] = root2 * y * z;
    }
  }
  return { values, components, parity: 1 };
}

/** Adjoint of {@link dFunctions}: d̄ `[U][5]` or `[U][6]` → the directions' adjoint `[U][3]`. */
export function dFunctionsAdjoint(directions: Float64Array, irreps: boolean, adjoint: Float64Array): Float64Array {
  const components = irreps ? 5 : 6;
  const result = new Float64Array(directions.length);
  for (let to = 0, from = 0; to < directions.length; to += 3, from += components) {
    const x = directions[to]!, y = directions[to + 1]!, z = directions[to + 2]!;
    const [d0, d1, d2, d3, d4] = [
      adjoint[from]!,
      adjoint[from + 1]!,
      adjoint[from + 2]!,
      adjoint[from + 3]!,
      adjoint[from + 4]!,
    ];
    if (irreps) {
      result[to] = root3 * (d0 * y + d1 * z + d4 * x);
      result[to + 1] = root3 * (d0 * x + d2 * z - d4 * y);
      result[to + 2] = root3 * (d1 * x + d2 * y) + 3 * d3 * z;
    } else {
      const d5 = adjoint[from + 5]!;
      result[to] = 2 * d0 * x + root2 * (d3 * y + d4 * z);
      result[to + 1] = 2 * d1 * y + root2 * (d3 * x + d5 * z);
      result[to + 2] = 2 * d2 * z + root2 * (d4 * x + d5 * y);
    }
  }
  return result;
}
