import type { Frame, FrameResult } from "../../src/protocol/frame.ts";

/** Pairs repel as A (1 − r/R)⁴ within R: smooth, short-ranged, and different for every shape of a cell. */
const strength = 4; // A, eV
const radius = 3; // R, Å

/**
 * A potential with known forces and virial, so that tests of the protocol need no model: soft spheres, each held by a
 * spring to the centre of geometry when there is no cell, all images of every pair when there is one.
 */
export function evaluateSoftSpheres(frames: readonly Frame[]): FrameResult[] {
  return frames.map((frame) => frame.cell.every((x) => x === 0) ? cluster(frame) : addPairs(frame, emptyResult(frame)));
}

/** Soft spheres on springs whatever the cell: i-PI and others send one for clusters, too. */
export function evaluateCluster(frames: readonly Frame[]): FrameResult[] {
  return frames.map(cluster);
}

interface MutableResult {
  energy: number;
  forces: Float64Array;
  virial: Float64Array;
}

function emptyResult(frame: Frame): MutableResult {
  return { energy: 0, forces: new Float64Array(frame.positions.length), virial: new Float64Array(9) };
}

function cluster({ positions }: Frame): FrameResult {
  const result = addPairs(
    { cell: new Float64Array(9), positions },
    emptyResult({ cell: new Float64Array(9), positions }),
  );
  const atomCount = positions.length / 3;
  const stiffness = 0.5; // eV/Å²
  const centre = [0, 1, 2].map((axis) => {
    let sum = 0;
    for (let i = axis; i < positions.length; i += 3) sum += positions[i]!;
    return sum / atomCount;
  });
  for (let i = 0; i < positions.length; i++) {
    const displacement = positions[i]! - centre[i % 3]!;
    result.energy += stiffness * displacement ** 2 / 2;
    result.forces[i]! -= stiffness * displacement;
  }
  return result;
}

function addPairs({ cell, positions }: Frame, result: MutableResult): MutableResult {
  const atomCount = positions.length / 3;
  for (const shift of latticeVectors(cell)) {
    const isHome = shift.every((x) => x === 0);
    for (let i = 0; i < atomCount; i++) {
      for (let j = 0; j < atomCount; j++) {
        if (isHome && i === j) continue;
        addPair(result, positions, i, j, shift);
      }
    }
  }
  return result;
}

/** Half a pair: the sum over i and j has every pair twice. */
function addPair(result: MutableResult, positions: Float64Array, i: number, j: number, shift: readonly number[]): void {
  const r = [0, 1, 2].map((axis) => positions[3 * j + axis]! + shift[axis]! - positions[3 * i + axis]!);
  const distance = Math.hypot(...r);
  if (distance >= radius) return;
  const gap = 1 - distance / radius;
  result.energy += strength * gap ** 4 / 2;
  const derivative = -4 * strength * gap ** 3 / radius; // dφ/dr
  for (let axis = 0; axis < 3; axis++) {
    const force = derivative * r[axis]! / distance / 2; // on i, from half the pair
    result.forces[3 * i + axis]! += force;
    result.forces[3 * j + axis]! -= force;
    for (let other = 0; other < 3; other++) result.virial[3 * axis + other]! -= force * r[other]!;
  }
}

/** Lattice vectors up to two cells away in each direction: enough for cells not smaller than half of R. */
function latticeVectors(cell: Float64Array): number[][] {
  const steps = [0, 3, 6].map((row) => cell.subarray(row, row + 3).some((x) => x !== 0) ? [-2, -1, 0, 1, 2] : [0]);
  const vectors: number[][] = [];
  for (const a of steps[0]!) {
    for (const b of steps[1]!) {
      for (const c of steps[2]!) {
        vectors.push([0, 1, 2].map((axis) => a * cell[axis]! + b * cell[3 + axis]! + c * cell[6 + axis]!));
      }
    }
  }
  return vectors;
}
