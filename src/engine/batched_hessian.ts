import { displacedStructures, hessianFromForces } from "../reference/hessian.ts";
import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";

/**
 * Displacement, Å: large enough that float32 forces (1e-6 eV/Å) leave 1e-4 eV/Å², small enough for the fourth-order
 * stencil's own error.
 */
const displacement = 0.01;

/** Displaced structures computed together. */
const structuresTogether = 96;

/** Hessian ∂²E/∂R∂R `[3N][3N]`, eV/Å², by differences of forces that are computed in batches. */
export async function computeHessian(
  structure: Structure,
  compute: (structures: readonly Structure[]) => Promise<readonly Result[]>,
): Promise<Float64Array> {
  const displaced = displacedStructures(structure, displacement);
  const forces: Float64Array[] = [];
  for (let from = 0; from < displaced.length; from += structuresTogether) {
    const results = await compute(displaced.slice(from, from + structuresTogether));
    forces.push(...results.map((result) => result.forces));
  }
  return hessianFromForces(forces, displacement);
}
