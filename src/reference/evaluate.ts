import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";
import { conserveCharge, conserveChargeAdjoint } from "./charge_conservation.ts";
import { dispersion, type DispersionEnergy } from "./dispersion.ts";
import { electrostatics } from "./electrostatics.ts";
import type { Execution } from "./execution.ts";
import { networkTerm, networkTermAdjoint } from "./network_term.ts";
import {
  addPositionGradient,
  type PairGeometry,
  pairGeometry,
  type PositionGradient,
  vectorsAdjoint,
  zeroPositionGradient,
} from "./pair_geometry.ts";
import type { PreparedSystem } from "./prepared_system.ts";
import { repulsion } from "./repulsion.ts";
import { layersFor } from "./residual.ts";
import { share } from "./team.ts";
import { total } from "./total.ts";

/** The pairs that a model's terms run over. A list may hold more pairs than a term's cutoff asks for. */
export interface EvaluationPairs {
  /** Pairs within the network's cutoff: for the network and the repulsion. */
  readonly network: PairList;
  /** Pairs for electrostatics and dispersion; models that have neither make no use of them. */
  readonly longRange: PairList;
  /** Where electrostatics and dispersion end, Å; `null`: nowhere. */
  readonly longRangeCutoff: number | null;
}

/** Each atom's part of the energy, `[N]`, eV; zeros for terms that the model does not have. */
export interface AtomicEnergies {
  readonly nn: Float64Array;
  readonly repulsion: Float64Array;
  readonly electrostatics: Float64Array;
  readonly dispersion: Float64Array;
}

/** All that one evaluation gives, in the workspace it was computed in. */
export interface Evaluation {
  readonly energies: AtomicEnergies;
  /** ∂E/∂R, and ∂E/∂ε by atoms. */
  readonly gradient: PositionGradient;
  /** `[N]`, e. */
  readonly charges: Float64Array;
  /** `[N]`, Å³; zeros for a model without dispersion, as are the C6. */
  readonly polarizabilities: Float64Array;
  /** `[N]`, eV Å⁶. */
  readonly c6: Float64Array;
  /** Distances of the pairs, Å; where atoms coincide the rest is not numbers. */
  readonly near: PairGeometry;
  readonly far: PairGeometry;
}

/**
 * Energy, its gradient and atomic properties of a structure in float64, by all threads of a team together.
 *
 * @param system Prepared for the structure's numbers, charge and unpaired electrons.
 * @param structure Positions and cell, in memory that all threads see.
 * @param pairs Likewise.
 * @returns What all threads may read.
 */
export function evaluate(
  execution: Execution,
  system: PreparedSystem,
  structure: Pick<Structure, "positions" | "cell">,
  pairs: EvaluationPairs,
): Evaluation {
  const { network, references, composition: { numbers, charge } } = system;
  const { cutoff, electrostatics: charged, activation } = network.hyperparameters;
  const { longRangeCutoff } = pairs;
  const layers = layersFor(execution, activation, numbers.length, network.features);
  const near = pairGeometry(execution, structure, pairs.network);
  const far = pairs.longRange === pairs.network ? near : pairGeometry(execution, structure, pairs.longRange);

  const neural = networkTerm(layers, system, near);
  const charges = conserveCharge(execution, neural.charges, charge);
  const nuclear = network.repulsion === null
    ? noEnergy(execution, near)
    : repulsion(execution, network.repulsion, cutoff, numbers, near);
  const electric = charged
    ? electrostatics(execution, { cutoff, longRangeCutoff }, charges, far)
    : noEnergy(execution, far);
  const dispersive = network.dispersion === null || references === null
    ? noEnergy(execution, far)
    : dispersion(execution, network.dispersion, references, longRangeCutoff, numbers, charges, far);

  const chargesAdjoint = total(execution, numbers.length, [electric.charges, dispersive.charges]);
  const neuralAdjoint = networkTermAdjoint(
    layers,
    system,
    near,
    neural.tape,
    conserveChargeAdjoint(execution, chargesAdjoint),
  );
  const gradient = zeroPositionGradient(execution, numbers.length);
  const nearDistances = total(execution, near.distances.length, [neuralAdjoint.distances, nuclear.distances]);
  const farDistances = total(execution, far.distances.length, [electric.distances, dispersive.distances]);
  const nearVectors = vectorsAdjoint(execution, near, nearDistances, neuralAdjoint.directions);
  addPositionGradient(execution, near, nearVectors, gradient);
  addPositionGradient(execution, far, vectorsAdjoint(execution, far, farDistances, null), gradient);
  execution.team.barrier();
  return {
    energies: {
      nn: neural.energies,
      repulsion: nuclear.energies,
      electrostatics: electric.energies,
      dispersion: dispersive.energies,
    },
    gradient,
    charges,
    polarizabilities: dispersive.polarizabilities,
    c6: dispersive.c6,
    near,
    far,
  };
}

/** What a term that the model does not have contributes. */
function noEnergy({ workspace, team }: Execution, { pairs: { atomCount, pairCount } }: PairGeometry): DispersionEnergy {
  const atomic = workspace.float64(atomCount), distances = workspace.float64(pairCount);
  const atoms = share(team, atomCount), own = share(team, pairCount);
  atomic.fill(0, atoms.from, atoms.to);
  distances.fill(0, own.from, own.to);
  return { energies: atomic, distances, charges: atomic, polarizabilities: atomic, c6: atomic };
}
