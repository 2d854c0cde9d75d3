import type { Structure } from "../structure/structure.ts";

/**
 * Displacement, Å. Small, because the forces have kinks where the attention's maxima change place; not smaller, because
 * rounding of the forces is divided by it.
 */
const displacement = 2e-4;

/** Weights of the forces at ±1 and ±2 displacements: fourth order, so that the step's own error does not matter. */
const stencil = [[1, 2 / 3], [2, -1 / 12]] as const;

/** Displaced structures per coordinate. */
const displacementsPerCoordinate = 4;

/**
 * Hessian ∂²E/∂R∂R `[3N][3N]`, eV/Å², by central differences of analytic forces, symmetrised; 12N evaluations.
 *
 * @param structure Not changed.
 * @param forces Forces `[N][3]`, eV/Å, of structures that differ by their positions only.
 */
export function hessian(
  structure: Structure,
  forces: (displaced: readonly Structure[]) => readonly Float64Array[],
): Float64Array {
  return hessianFromForces(forces(displacedStructures(structure, displacement)), displacement);
}

/** The structures whose forces make a Hessian, 12N of them, in the order that {@link hessianFromForces} wants. */
export function displacedStructures(structure: Structure, displacement: number): Structure[] {
  return Array.from(structure.positions, (_, row) =>
    stencil.flatMap(([steps]) =>
      [1, -1].map((sign) => {
        const positions = structure.positions.slice();
        positions[row]! += sign * steps * displacement;
        return { ...structure, positions };
      })
    )).flat();
}

/** The Hessian from the forces `[N][3]` (eV/Å) of {@link displacedStructures}. */
export function hessianFromForces(forces: readonly Float64Array[], displacement: number): Float64Array {
  const size = forces.length / displacementsPerCoordinate;
  const result = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    stencil.forEach(([, weight], order) => {
      [1, -1].forEach((sign, side) => {
        const displaced = forces[row * displacementsPerCoordinate + 2 * order + side]!;
        for (let column = 0; column < size; column++) {
          result[row * size + column]! -= sign * weight * displaced[column]! / displacement;
        }
      });
    });
  }
  return symmetrised(result, size);
}

function symmetrised(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((element, at) => {
    const row = Math.floor(at / size), column = at % size;
    return (element + matrix[column * size + row]!) / 2;
  });
}
