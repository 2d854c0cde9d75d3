import type { TermExecution } from "./execution.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import { share } from "./team.ts";

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
  /** 1. */
  readonly s: AngularFunctions;
  /** The unit vector. */
  readonly p: AngularFunctions;
  /** Five irreducible or six Cartesian functions of second degree. */
  readonly d: AngularFunctions;
}

const root2 = Math.sqrt(2);
const root3 = Math.sqrt(3);

/** s (all 1), p (the unit vector itself) and d functions of the pairs' directions. */
export function angularFunctions(
  execution: TermExecution,
  { pairs: { pairCount }, directions }: PairGeometry,
  irreps: boolean,
): AngularSet {
  const { workspace, team } = execution;
  const ones = workspace.float64(pairCount);
  const { from, to } = share(team, pairCount);
  ones.fill(1, from, to);
  return {
    s: { values: ones, components: 1, parity: 1 },
    p: { values: directions, components: 3, parity: -1 },
    d: irreps ? irreducible(execution, directions) : cartesian(execution, directions),
  };
}

/** Adjoint of {@link angularFunctions}: p̄ `[U][3]` and d̄ `[U][C]` → the directions' adjoint `[U][3]`. */
export function angularFunctionsAdjoint(
  execution: TermExecution,
  { directions }: PairGeometry,
  irreps: boolean,
  pAdjoint: Float64Array,
  dAdjoint: Float64Array,
): Float64Array {
  return (irreps ? irreducibleAdjoint : cartesianAdjoint)(execution, directions, pAdjoint, dAdjoint);
}

/** Irreducible d functions `[U][5]`: √3 xy, √3 xz, √3 yz, (3z²−1)/2, √3 (x²−y²)/2. */
function irreducible({ workspace, team }: TermExecution, directions: Float64Array): AngularFunctions {
  const pairCount = directions.length / 3;
  const values = workspace.float64(5 * pairCount);
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const x = directions[3 * u]!, y = directions[3 * u + 1]!, z = directions[3 * u + 2]!;
    const at = 5 * u;
    values[at] = root3 * x * y;
    values[at + 1] = root3 * x * z;
    values[at + 2] = root3 * y * z;
    values[at + 3] = (3 * z * z - 1) / 2;
    values[at + 4] = root3 / 2 * (x * x - y * y);
  }
  return { values, components: 5, parity: 1 };
}

function irreducibleAdjoint(
  { workspace, team }: TermExecution,
  directions: Float64Array,
  pAdjoint: Float64Array,
  dAdjoint: Float64Array,
): Float64Array {
  const result = workspace.float64(directions.length);
  const { from, to } = share(team, directions.length / 3);
  for (let u = from; u < to; u++) {
    const p = 3 * u, d = 5 * u;
    const x = directions[p]!, y = directions[p + 1]!, z = directions[p + 2]!;
    const d0 = dAdjoint[d]!, d1 = dAdjoint[d + 1]!, d2 = dAdjoint[d + 2]!, d4 = dAdjoint[d + 4]!;
    result[p] = pAdjoint[p]! + root3 * (d0 * y + d1 * z + d4 * x);
    result[p + 1] = pAdjoint[p + 1]! + root3 * (d0 * x + d2 * z - d4 * y);
    result[p + 2] = pAdjoint[p + 2]! + root3 * (d1 * x + d2 * y) + 3 * dAdjoint[d + 3]! * z;
  }
  return result;
}

/** Cartesian d functions `[U][6]`: x², y², z², √2 xy, √2 xz, √2 yz. */
function cartesian({ workspace, team }: TermExecution, directions: Float64Array): AngularFunctions {
  const pairCount = directions.length / 3;
  const values = workspace.float64(6 * pairCount);
  const { from, to } = share(team, pairCount);
  for (let u = from; u < to; u++) {
    const x = directions[3 * u]!, y = directions[3 * u + 1]!, z = directions[3 * u + 2]!;
    const at = 6 * u;
    values[at] = x * x;
    values[at + 1] = y * y;
    values[at + 2] = z * z;
    values[at + 3] = root2 * x * y;
    values[at + 4] = root2 * x * z;
    values[at + 5] = root2 * y * z;
  }
  return { values, components: 6, parity: 1 };
}

function cartesianAdjoint(
  { workspace, team }: TermExecution,
  directions: Float64Array,
  pAdjoint: Float64Array,
  dAdjoint: Float64Array,
): Float64Array {
  const result = workspace.float64(directions.length);
  const { from, to } = share(team, directions.length / 3);
  for (let u = from; u < to; u++) {
    const p = 3 * u, d = 6 * u;
    const x = directions[p]!, y = directions[p + 1]!, z = directions[p + 2]!;
    const d3 = dAdjoint[d + 3]!, d4 = dAdjoint[d + 4]!, d5 = dAdjoint[d + 5]!;
    result[p] = pAdjoint[p]! + 2 * dAdjoint[d]! * x + root2 * (d3 * y + d4 * z);
    result[p + 1] = pAdjoint[p + 1]! + 2 * dAdjoint[d + 1]! * y + root2 * (d3 * x + d5 * z);
    result[p + 2] = pAdjoint[p + 2]! + 2 * dAdjoint[d + 2]! * z + root2 * (d4 * x + d5 * y);
  }
  return result;
}
