import type { InteractionModule, Linear } from "../../model/network.ts";
import type { PairArrays } from "./pair_plan.ts";
import type { LinearJob } from "./plan.ts";
import type { PlanContext } from "./plan_context.ts";

/** What messages are made of, `[atom][F]` each; offsets count vec4s of the features buffer. */
export interface MessageInputs {
  readonly x: number;
  readonly s: number;
  readonly p: number;
  readonly d: number;
}

/** What the messages leave for their adjoint. */
export interface MessageState {
  readonly inputs: MessageInputs;
  /** Projections of the p and d messages `[atom][component][2F]`. */
  readonly projectedP: number;
  readonly projectedD: number;
  /** The invariants `[atom][F]`, the input of the local residual MLP. */
  readonly combined: number;
}

/** Messages of module m from the neighbours, projected and combined to invariants. */
export function planMessages(
  context: PlanContext,
  module: InteractionModule,
  m: number,
  pairs: PairArrays,
  inputs: MessageInputs,
): MessageState {
  const { dFunctions, writer } = context;
  const s = context.atomArray(), p = context.atomArray(3), d = context.atomArray(dFunctions);
  writer.dispatch(
    "local_gather",
    [
      context.batch.allRows.clusterCount,
      context.batch.allRows.table,
      context.batch.allRows.rows,
      pairs.geometry,
      pairs.radial[m]!,
      ...[inputs.x, inputs.s, inputs.p, inputs.d, s, p, d],
    ],
    context.groups(context.batch.allRows.clusterCount * context.weights.features4),
  );
  const projectedP = context.atomArray(2 * 3), projectedD = context.atomArray(2 * dFunctions);
  context.linear([
    projection(context, module.projectionP, 3, p, projectedP),
    projection(context, module.projectionD, dFunctions, d, projectedD),
  ]);
  const combined = context.atomArray();
  writer.dispatch(
    "combine",
    [context.batch.atoms, s, projectedP, projectedD, combined, 0, 0],
    context.groups(context.atomSize),
  );
  return { inputs, projectedP, projectedD, combined };
}

/**
 * Adjoint of {@linkcode planMessages}.
 *
 * @param shares Where the threads' shares of forces and virial go; see `forces.wgsl`.
 * @returns The adjoints of s, p, d.
 */
export function planMessagesAdjoint(
  context: PlanContext,
  module: InteractionModule,
  m: number,
  pairs: PairArrays,
  { inputs, projectedP, projectedD }: MessageState,
  combinedAdjoint: number,
  shares: number,
): number[] {
  const { dFunctions, writer, batch, weights } = context;
  const projectedPAdjoint = context.atomArray(2 * 3), projectedDAdjoint = context.atomArray(2 * dFunctions);
  writer.dispatch(
    "combine_adjoint",
    [batch.atoms, 0, projectedP, projectedD, combinedAdjoint, projectedPAdjoint, projectedDAdjoint],
    context.groups(context.atomSize),
  );
  const p = context.atomArray(3), d = context.atomArray(dFunctions);
  context.linear([
    projectionAdjoint(context, module.projectionP, 3, projectedPAdjoint, p),
    projectionAdjoint(context, module.projectionD, dFunctions, projectedDAdjoint, d),
  ]);
  const adjoints = [context.atomArray(), context.atomArray(), context.atomArray()];
  const rows = batch.pairRows;
  writer.dispatch(
    "pair_adjoint",
    [
      ...[rows.clusterCount, rows.table, rows.rows, pairs.geometry, pairs.radial[m]!, pairs.slope[m]!],
      ...[inputs.s, inputs.p, inputs.d, combinedAdjoint, p, d, ...adjoints, shares, pairs.left],
    ],
    context.groups(rows.clusterCount * weights.features4),
  );
  writer.dispatch(
    "local_gather_adjoint",
    [batch.atoms, batch.neighbourStart, batch.neighbourRow, pairs.left, ...adjoints, shares],
    context.groups(context.atomSize),
  );
  return adjoints;
}

function projection(
  { batch, weights }: PlanContext,
  layer: Linear,
  components: number,
  x: number,
  y: number,
): LinearJob {
  const { inputs, outputs, weight, bias } = weights.linear.get(layer)!;
  return { rows: components * batch.atoms, inputs, outputs, x, y, weight, bias };
}

function projectionAdjoint(
  { batch, weights }: PlanContext,
  layer: Linear,
  components: number,
  x: number,
  y: number,
): LinearJob {
  const { inputs, outputs, transposed } = weights.linear.get(layer)!;
  return { rows: components * batch.atoms, inputs: outputs, outputs: inputs, x, y, weight: transposed };
}
