import {
  type AttentionInputs,
  exactAttention,
  exactAttentionAdjoint,
  type ExactAttentionTape,
  linearAttention,
  linearAttentionAdjoint,
  type LinearAttentionTape,
} from "./attention.ts";
import type { LocalFeatures } from "./local_interaction.ts";
import type { PlacedModule } from "./place_network.ts";
import {
  type Layers,
  residualMlp,
  residualMlpAdjoint,
  type ResidualMlpTape,
  residualStack,
  residualStackAdjoint,
  type ResidualStackTape,
} from "./residual.ts";
import { total } from "./total.ts";

/**
 * What a module computes of its atoms' features before it looks at the neighbours, all `[N][F]`; also the adjoints of
 * these. In the first module it does not depend on the positions.
 */
export interface ModuleInputs {
  /** x after residual_pre. */
  readonly x: Float64Array;
  readonly local: LocalFeatures;
  /** Nonlocal interaction n. */
  readonly nonlocal: Float64Array;
}

/** What the adjoint of {@link moduleInputs} needs. */
export interface ModuleInputsTape {
  readonly pre: ResidualStackTape;
  readonly local: Readonly<Record<keyof LocalFeatures, ResidualMlpTape>>;
  readonly attentionInputs: AttentionInputs;
  readonly attentionMlps: Readonly<Record<keyof AttentionInputs, ResidualMlpTape>>;
  readonly attention: LinearAttentionTape | ExactAttentionTape;
}

/** residual_pre, the local interaction's residual MLPs and the whole nonlocal interaction of features x `[N][F]`. */
export function moduleInputs(
  layers: Layers,
  module: PlacedModule,
  features: Float64Array,
  atoms: number,
): { inputs: ModuleInputs; tape: ModuleInputsTape } {
  const pre = residualStack(layers, module.residualPre, features, atoms);
  const x = residualMlp(layers, module.resblockX, pre.value, atoms);
  const s = residualMlp(layers, module.resblockS, pre.value, atoms);
  const p = residualMlp(layers, module.resblockP, pre.value, atoms);
  const d = residualMlp(layers, module.resblockD, pre.value, atoms);
  const queries = residualMlp(layers, module.resblockQ, pre.value, atoms);
  const keys = residualMlp(layers, module.resblockK, pre.value, atoms);
  const values = residualMlp(layers, module.resblockV, pre.value, atoms);
  const attentionInputs = { queries: queries.value, keys: keys.value, values: values.value };
  const { randomProjection } = module;
  const attention = randomProjection === null
    ? exactAttention(layers, attentionInputs, atoms)
    : linearAttention(layers, randomProjection, attentionInputs, atoms);
  return {
    inputs: {
      x: pre.value,
      local: { x: x.value, s: s.value, p: p.value, d: d.value },
      nonlocal: attention.value,
    },
    tape: {
      pre: pre.tape,
      local: { x: x.tape, s: s.tape, p: p.tape, d: d.tape },
      attentionInputs,
      attentionMlps: { queries: queries.tape, keys: keys.tape, values: values.tape },
      attention: attention.tape,
    },
  };
}

/** Adjoint of {@link moduleInputs}: adjoints of what it returns → x̄ `[N][F]`. */
export function moduleInputsAdjoint(
  layers: Layers,
  module: PlacedModule,
  tape: ModuleInputsTape,
  adjoint: ModuleInputs,
  atoms: number,
): Float64Array {
  const attention = "weights" in tape.attention
    ? exactAttentionAdjoint(layers, tape.attentionInputs, tape.attention, adjoint.nonlocal, atoms)
    : linearAttentionAdjoint(
      layers,
      module.randomProjection!,
      tape.attentionInputs,
      tape.attention,
      adjoint.nonlocal,
      atoms,
    );
  const { local, attentionMlps } = tape;
  const x = total(layers, atoms, [
    adjoint.x,
    residualMlpAdjoint(layers, module.resblockX, local.x, adjoint.local.x, atoms),
    residualMlpAdjoint(layers, module.resblockS, local.s, adjoint.local.s, atoms),
    residualMlpAdjoint(layers, module.resblockP, local.p, adjoint.local.p, atoms),
    residualMlpAdjoint(layers, module.resblockD, local.d, adjoint.local.d, atoms),
    residualMlpAdjoint(layers, module.resblockQ, attentionMlps.queries, attention.queries, atoms),
    residualMlpAdjoint(layers, module.resblockK, attentionMlps.keys, attention.keys, atoms),
    residualMlpAdjoint(layers, module.resblockV, attentionMlps.values, attention.values, atoms),
  ]);
  return residualStackAdjoint(layers, module.residualPre, tape.pre, x, atoms);
}
