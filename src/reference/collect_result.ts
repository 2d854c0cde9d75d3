import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { checkApproach, checkFinite } from "./checks.ts";
import type { Evaluation } from "./evaluate.ts";
import { totalStrain } from "./pair_geometry.ts";

/** All that one evaluation gives. Zeros for terms that the model does not have. */
export type ReferenceResult = Required<Omit<Result, "stress" | "hessian" | "domain" | "committee">>;

/**
 * An evaluation's result in arrays of its own.
 *
 * Polarizabilities and C6 of a structure without any pair are 0, as the published code has it.
 *
 * @throws RangeError for coincident atoms; Error for a result that is not finite.
 */
export function collectResult(structure: Structure, evaluation: Evaluation): ReferenceResult {
  const { gradient, near, far } = evaluation;
  checkApproach(near);
  checkApproach(far);
  const energies = {
    nn: evaluation.energies.nn.slice(),
    repulsion: evaluation.energies.repulsion.slice(),
    electrostatics: evaluation.energies.electrostatics.slice(),
    dispersion: evaluation.energies.dispersion.slice(),
  };
  const charges = evaluation.charges.slice();
  const lonely = !hasPairs(structure, evaluation);
  const result = {
    energy: Object.values(energies).reduce((total, term) => term.reduce((a, b) => a + b, total), 0),
    forces: Float64Array.from(gradient.positions, negated),
    virial: totalStrain(gradient).map(negated),
    charges,
    dipole: dipole(charges, structure.positions),
    energies,
    polarizabilities: lonely ? new Float64Array(charges.length) : evaluation.polarizabilities.slice(),
    c6: lonely ? new Float64Array(charges.length) : evaluation.c6.slice(),
  };
  checkFinite(result);
  return result;
}

/** Σ q R `[3]` about the coordinates' origin, eÅ. */
export function dipole(charges: Float64Array, positions: Float64Array): Float64Array {
  const result = new Float64Array(3);
  for (let at = 0; at < positions.length; at++) result[at % 3]! += charges[Math.floor(at / 3)]! * positions[at]!;
  return result;
}

/** Whether the published code would find any pair: it looks at all of a cluster's, at a cell's within the cutoffs. */
function hasPairs({ numbers, periodic }: Structure, { near, far }: Evaluation): boolean {
  return periodic.includes(true) ? near.pairs.pairCount + far.pairs.pairCount > 0 : numbers.length > 1;
}

function negated(value: number): number {
  return -value;
}
