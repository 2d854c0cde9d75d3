import type { InteractionModule } from "../../model/network.ts";
import { type AttentionState, planAttention, planAttentionAdjoint } from "./attention_plan.ts";
import { type MessageInputs, type MessageState, planMessages, planMessagesAdjoint } from "./message_plan.ts";
import type { PairArrays } from "./pair_plan.ts";
import type { PlanContext } from "./plan_context.ts";
import type { MlpJobs, StackJobs } from "./residual_jobs.ts";

/** What a module's messages and its sum x + l + n start from, `[atom][F]`; offsets count vec4s of the features buffer. */
export interface ModuleInputs extends MessageInputs {
  /** x after residual_pre, which the sum takes as it is. */
  readonly skip: number;
  /** n. */
  readonly nonlocal: number;
  /** How they came from the module's features, for the adjoint; `null` for the first module's, which are prepared. */
  readonly origin: ModuleInputsState | null;
}

interface ModuleInputsState {
  readonly pre: StackJobs;
  /** The blocks that read one x, in the order x, s, p, d, q, k, v. */
  readonly blocks: readonly MlpJobs[];
  readonly attention: AttentionState;
}

/** What one module leaves for its adjoint. */
export interface ModuleState {
  readonly inputs: ModuleInputs;
  readonly messages: MessageState;
  readonly local: MlpJobs;
  readonly post: StackJobs;
  readonly out: MlpJobs;
}

/** residual_pre, the seven blocks that read its output, and the attention, of the features x `[atom][F]`. */
export function planModuleInputs(context: PlanContext, module: InteractionModule, m: number, x: number): ModuleInputs {
  const { residual } = context;
  const pre = residual.stack(module.residualPre, x);
  context.sideBySide([pre.jobs]);
  const blocks = [
    module.resblockX,
    module.resblockS,
    module.resblockP,
    module.resblockD,
    module.resblockQ,
    module.resblockK,
    module.resblockV,
  ].map((mlp) => residual.mlp(mlp, pre.output));
  context.sideBySide(blocks.map((block) => block.jobs));
  const [central, s, p, d, q, k, v] = blocks.map((block) => block.output);
  const attention = planAttention(context, m, { q: q!, k: k!, v: v! });
  return {
    skip: pre.output,
    x: central!,
    s: s!,
    p: p!,
    d: d!,
    nonlocal: attention.output,
    origin: { pre, blocks, attention },
  };
}

/** Messages, residual MLP of the local interaction, residual_post, the module's output added to `sum`. */
export function planModuleOutputs(
  context: PlanContext,
  module: InteractionModule,
  m: number,
  pairs: PairArrays,
  inputs: ModuleInputs,
  sum: number,
): ModuleState {
  const { residual } = context;
  const messages = planMessages(context, module, m, pairs, inputs);
  const local = residual.mlp(module.resblockLocal, messages.combined, { r1: inputs.skip, r2: inputs.nonlocal });
  const post = residual.stack(module.residualPost, local.output);
  const out = residual.mlp(module.resblock, post.output, { output: sum, ...(m === 0 ? {} : { r1: sum }) });
  context.sideBySide([[...local.jobs, ...post.jobs, ...out.jobs]]);
  return { inputs, messages, local, post, out };
}

/**
 * Adjoint of a whole module.
 *
 * @param outputAdjoint Adjoint of the module's output.
 * @param next Adjoint of the features that the next module reads, if there is one.
 * @param shares Where the threads' shares of forces and virial go.
 * @returns The adjoint of the module's features; nothing for the first module.
 */
export function planModuleAdjoint(
  context: PlanContext,
  module: InteractionModule,
  m: number,
  pairs: PairArrays,
  state: ModuleState,
  outputAdjoint: number,
  next: number | undefined,
  shares: number,
): number | undefined {
  const { residual, atomSize } = context;
  const out = residual.mlpAdjoint(state.out, outputAdjoint, next === undefined ? {} : { extra: next });
  const post = residual.stackAdjoint(state.post, out.output);
  // x + l + n: the same adjoint for all three
  const total = post.output;
  const local = residual.mlpAdjoint(state.local, total);
  context.sideBySide([[...out.jobs, ...post.jobs, ...local.jobs]]);
  const { origin } = state.inputs;
  const messages = planMessagesAdjoint(context, module, m, pairs, state.messages, local.output, shares);
  if (origin === null) return undefined;
  const { q, k, v } = planAttentionAdjoint(context, m, origin.attention, total);
  // The seven blocks read one x: their adjoints side by side, then summed; the residual connection joins the first.
  const terms = context.atomArray(7);
  const sequences = [local.output, ...messages, q, k, v].map((adjoint, b) =>
    residual.mlpAdjoint(origin.blocks[b]!, adjoint, {
      output: terms + b * atomSize,
      ...(b === 0 ? { extra: total } : {}),
    }).jobs
  );
  context.sideBySide(sequences);
  const sum = context.atomArray();
  context.writer.dispatch("sum", [atomSize, 7, terms, sum], context.groups(atomSize));
  const pre = residual.stackAdjoint(origin.pre, sum);
  context.sideBySide([pre.jobs]);
  return pre.output;
}
