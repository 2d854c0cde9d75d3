import type { Network } from "../../model/network.ts";
import type { BatchIndices } from "../batch.ts";
import type { ElementPlaces } from "../element_table.ts";
import type { PackedWeights } from "../packed_weights.ts";
import type { Tile } from "../tile.ts";
import { type ModuleState, planModuleAdjoint, planModuleInputs, planModuleOutputs } from "./module_plan.ts";
import { type PairArrays, planPairs } from "./pair_plan.ts";
import type { Plan } from "./plan.ts";
import { PlanContext } from "./plan_context.ts";

/** The list of dispatches of a batch, and the room it needs. */
export interface NetworkPlan {
  readonly step: Plan;
  /**
   * Where the first module's inputs stand in the features buffer, vec4s: x, then those of the messages (x, s, p, d), then
   * the nonlocal interaction, `[6][atom][F]`. They depend on elements, charge and spin alone, so the host prepares them
   * once for each system, in float64.
   */
  readonly firstInputs: number;
  /** Vec4s of the features and pairs buffers. */
  readonly featuresLength: number;
  readonly pairsLength: number;
}

/** Number of arrays that the first module starts from. */
export const firstInputCount = 6;

/**
 * Lists the dispatches of a whole evaluation: energy, charges, forces and virial of every structure of a batch.
 *
 * @param network The model.
 * @param weights Its packed weights.
 * @param batch The batch.
 * @param elements The batch's element tables.
 * @param tile Preset of the tile.
 */
export function planNetwork(
  network: Network,
  weights: PackedWeights,
  batch: BatchIndices,
  elements: ElementPlaces,
  tile: Tile,
): NetworkPlan {
  const context = new PlanContext(network, weights, batch, elements, tile);
  const { modules } = network;
  // First of all, so that their place does not depend on the number of pairs.
  const firstInputs = context.atomArray(firstInputCount);
  const [skip, x, s, p, d, nonlocal] = Array.from(
    { length: firstInputCount },
    (_, a) => firstInputs + a * context.atomSize,
  );

  const pairs = planPairs(context);
  const sum = context.atomArray();
  const states: ModuleState[] = [];
  modules.forEach((module, m) => {
    const inputs = m === 0
      ? { skip: skip!, x: x!, s: s!, p: p!, d: d!, nonlocal: nonlocal!, origin: null }
      : planModuleInputs(context, module, m, states[m - 1]!.post.output);
    states.push(planModuleOutputs(context, module, m, pairs, inputs, sum));
  });

  const adjoints = context.features.take(batch.atoms);
  const outputAdjoint = planCharges(context, pairs, sum, adjoints);
  // three vec4s an (atom, four features) of each module
  const shares = context.atomArray(3 * modules.length);
  let next: number | undefined;
  for (let m = modules.length - 1; m >= 0; m--) {
    const part = shares + 3 * m * context.atomSize;
    next = planModuleAdjoint(context, modules[m]!, m, pairs, states[m]!, outputAdjoint, next, part);
  }
  planForces(context, pairs, adjoints, shares);
  return {
    step: context.writer.finish(),
    firstInputs,
    featuresLength: context.features.length,
    pairsLength: context.pairs.length,
  };
}

/**
 * Atomic energies and charges from the modules' summed outputs, all terms that depend on the charges, and back.
 *
 * @param sum Σ of the modules' outputs `[atom][F]`.
 * @param adjoints Where ∂E/∂q and ∂E/∂CN go `[atom]`.
 * @returns The adjoint of every module's output.
 */
function planCharges(context: PlanContext, pairs: PairArrays, sum: number, adjoints: number): number {
  const { batch, elements, weights, writer } = context;
  const outputAdjoint = context.atomArray();
  const parameters = [
    batch.atoms,
    batch.atomTable,
    batch.structureTable,
    elements.table,
    elements.charges,
    weights.output,
    sum,
    adjoints,
    outputAdjoint,
    weights.features4,
  ];
  writer.dispatch("charges", parameters, batch.structures);
  planLongRange(context, pairs, adjoints);
  writer.dispatch("charges_adjoint", parameters, batch.structures);
  return outputAdjoint;
}

/** Electrostatics and dispersion. */
function planLongRange(context: PlanContext, { geometry }: PairArrays, adjoints: number): void {
  const { network, batch, elements, features, writer } = context;
  const { atoms, atomTable, longRangeList, start, entry, first, second } = batch;
  if (!network.hyperparameters.electrostatics && network.dispersion === null) return;
  const row = 6 + 2 * elements.count;
  let rows = 0;
  if (network.dispersion !== null) {
    rows = features.take(atoms * row);
    // this kernel counts scalars
    const scalars = [4 * rows, 4 * row];
    writer.dispatch(
      "dispersion_weights",
      [
        ...[atoms, atomTable, longRangeList, start, entry, first, second, geometry, Number(elements.far)],
        ...[elements.table, elements.count, elements.c6, ...scalars],
      ],
      atoms,
    );
  }
  writer.dispatch(
    "long_range",
    [atoms, atomTable, longRangeList, elements.table, rows, row, adjoints],
    atoms,
  );
}

/** Forces and virial of all terms. */
function planForces(
  context: PlanContext,
  { geometry, gradient }: PairArrays,
  adjoints: number,
  shares: number,
): void {
  const { atoms, atomTable, longRangeList, start, entry, first, second } = context.batch;
  const { table, far } = context.elements;
  context.writer.dispatch(
    "forces",
    [
      ...[atoms, atomTable, longRangeList, table, start, entry, first, second],
      ...[geometry, gradient, adjoints, Number(far), shares],
    ],
    atoms,
  );
}
