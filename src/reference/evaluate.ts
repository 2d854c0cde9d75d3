import type { PairList } from "../structure/pair_list.ts";
import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { checkApproach, checkFinite } from "./checks.ts";
import { conserveCharge, conserveChargeAdjoint } from "./charge_conservation.ts";
import { dispersion, type DispersionEnergy } from "./dispersion.ts";
import { electrostatics } from "./electrostatics.ts";
import { sum } from "./elementwise.ts";
import { networkTerm, networkTermAdjoint } from "./network_term.ts";
import {
  addPositionGradient,
  type PairGeometry,
  pairGeometry,
  totalStrain,
  vectorsAdjoint,
  zeroPositionGradient,
} from "./pair_geometry.ts";
import type { PreparedSystem } from "./prepared_system.ts";
import { repulsion } from "./repulsion.ts";
import { soloExecution } from "./solo_execution.ts";

/** Where evaluations put the terms' arrays, one evaluation after the other. */
const execution = soloExecution();

/** The pairs that a model's terms run over. A list may hold more pairs than a term's cutoff asks for. */
export interface EvaluationPairs {
  /** Pairs within the network's cutoff: for the network and the repulsion. */
  readonly network: PairList;
  /** Pairs for electrostatics and dispersion; models that have neither make no use of them. */
  readonly longRange: PairList;
  /** Where electrostatics and dispersion end, Å; `null`: nowhere. */
  readonly longRangeCutoff: number | null;
}

/** All that one evaluation gives. Zeros for terms that the model does not have. */
export type ReferenceResult = Required<Omit<Result, "stress" | "hessian" | "domain" | "committee">>;

/**
 * Energy, forces, virial and atomic properties of a structure in float64.
 *
 * Polarizabilities and C6 of a structure without any pair are 0, as the published code has it.
 *
 * @param system Prepared for the structure's numbers, charge and unpaired electrons.
 * @param structure Its positions and cell are looked at.
 * @throws RangeError for coincident atoms; Error for a result that is not finite.
 */
export function evaluate(system: PreparedSystem, structure: Structure, pairs: EvaluationPairs): ReferenceResult {
  const { network, references, composition: { numbers, charge } } = system;
  const { cutoff, electrostatics: charged } = network.hyperparameters;
  const { longRangeCutoff } = pairs;
  execution.workspace.reset();
  const near = pairGeometry(execution, structure, pairs.network);
  checkApproach(near);
  const far = pairGeometry(execution, structure, pairs.longRange);

  const neural = networkTerm(execution, system, near);
  const charges = conserveCharge(neural.charges, charge);
  const nuclear = network.repulsion === null
    ? noEnergy(near)
    : repulsion(execution, network.repulsion, cutoff, numbers, near);
  const electric = charged ? electrostatics(execution, { cutoff, longRangeCutoff }, charges, far) : noEnergy(far);
  const dispersive = network.dispersion === null || references === null
    ? noEnergy(far)
    : dispersion(execution, network.dispersion, references, longRangeCutoff, numbers, charges, far);

  const chargesAdjoint = conserveChargeAdjoint(sum(electric.charges, dispersive.charges));
  const neuralAdjoint = networkTermAdjoint(execution, system, near, neural.tape, chargesAdjoint);
  const nearDistances = sum(neuralAdjoint.distances, nuclear.distances);
  const farDistances = sum(electric.distances, dispersive.distances);
  const gradient = zeroPositionGradient(execution, numbers.length);
  const nearVectors = vectorsAdjoint(execution, near, nearDistances, neuralAdjoint.directions);
  addPositionGradient(execution, near, nearVectors, gradient);
  addPositionGradient(execution, far, vectorsAdjoint(execution, far, farDistances, null), gradient);

  const energies = {
    nn: neural.energies,
    repulsion: nuclear.energies.slice(),
    electrostatics: electric.energies.slice(),
    dispersion: dispersive.energies.slice(),
  };
  const { polarizabilities, c6 } = hasPairs(structure, pairs) ? dispersive : noEnergy(far);
  const result = {
    energy: Object.values(energies).reduce((total, term) => term.reduce((a, b) => a + b, total), 0),
    forces: Float64Array.from(gradient.positions, negated),
    virial: totalStrain(gradient).map(negated),
    charges,
    dipole: dipole(charges, structure.positions),
    energies,
    polarizabilities: polarizabilities.slice(),
    c6: c6.slice(),
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

/** What a term that the model does not have contributes. */
function noEnergy({ pairs: { atomCount, pairCount } }: PairGeometry): DispersionEnergy {
  return {
    energies: new Float64Array(atomCount),
    distances: new Float64Array(pairCount),
    charges: new Float64Array(atomCount),
    polarizabilities: new Float64Array(atomCount),
    c6: new Float64Array(atomCount),
  };
}

/** Whether the published code would find any pair: it looks at all of a cluster's, at a cell's within the cutoffs. */
function hasPairs({ numbers, periodic }: Structure, { network, longRange }: EvaluationPairs): boolean {
  return periodic.includes(true) ? network.pairCount + longRange.pairCount > 0 : numbers.length > 1;
}

function negated(value: number): number {
  return -value;
}
