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
    gatherParameters(context, m, pairs, [inputs.x, inputs.s, inputs.p, inputs.d, s, p, d]),
    context.groups(context.atomSize),
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
 * Adjoint of {@linkcode planMessages}: adds to the pairs' gradients.
 *
 * @returns The adjoints of s, p, d where they are wanted: the first module's do not depend on the positions.
 */
export function planMessagesAdjoint(
  context: PlanContext,
  module: InteractionModule,
  m: number,
  pairs: PairArrays,
  { inputs, projectedP, projectedD }: MessageState,
  combinedAdjoint: number,
  wanted: boolean,
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
  writer.dispatch("pair_adjoint", [
    batch.pairs,
    batch.first,
    batch.second,
    pairs.geometry,
    pairs.gradient,
    pairs.radial + 3 * m * weights.features4,
    pairs.slope + 3 * m * weights.features4,
    pairs.radialStride,
    inputs.s,
    inputs.p,
    inputs.d,
    combinedAdjoint,
    p,
    d,
  ], context.groups(batch.pairs));
  if (!wanted) return [];
  const adjoints = [context.atomArray(), context.atomArray(), context.atomArray()];
  writer.dispatch(
    "local_gather_adjoint",
    gatherParameters(context, m, pairs, [0, ...adjoints, combinedAdjoint, p, d]),
    context.groups(context.atomSize),
  );
  return adjoints;
}

function gatherParameters(
  { batch, weights }: PlanContext,
  m: number,
  { geometry, radial, radialStride }: PairArrays,
  features: readonly number[],
): number[] {
  const { atoms, start, neighbour, entry } = batch;
  return [atoms, start, neighbour, entry, geometry, radial + 3 * m * weights.features4, radialStride, ...features];
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
