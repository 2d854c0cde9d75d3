import {
  localInteraction,
  localInteractionAdjoint,
  type LocalPairs,
  type LocalPairsAdjoint,
  type LocalTape,
} from "./local_interaction.ts";
import type { ModuleInputs } from "./module_inputs.ts";
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

/** What a module passes on, or the adjoints of it, `[N][F]` each. */
export interface ModuleOutputs {
  /** Features for the next module. */
  readonly x: Float64Array;
  /** Added to the network's output features. */
  readonly y: Float64Array;
}

/** What the adjoint of {@link moduleOutputs} needs. */
export interface ModuleOutputsTape {
  readonly local: LocalTape;
  readonly post: ResidualStackTape;
  readonly mlp: ResidualMlpTape;
}

/** The local interaction, residual_post of x + l + n, and the module's output of a module's inputs. */
export function moduleOutputs(
  layers: Layers,
  module: PlacedModule,
  pairs: LocalPairs,
  { x, local, nonlocal }: ModuleInputs,
): { outputs: ModuleOutputs; tape: ModuleOutputsTape } {
  const atoms = pairs.pairs.atomCount;
  const interaction = localInteraction(layers, module, pairs, local);
  const updated = total(layers, atoms, [x, interaction.value, nonlocal]);
  const post = residualStack(layers, module.residualPost, updated, atoms);
  const output = residualMlp(layers, module.resblock, post.value, atoms);
  return {
    outputs: { x: post.value, y: output.value },
    tape: { local: interaction.tape, post: post.tape, mlp: output.tape },
  };
}

/**
 * Adjoint of {@link moduleOutputs}: adjoints of x (`null`: zero, after the last module) and y → adjoints of the module's
 * inputs, or `null` where they are not wanted; those of the pairs are added to `pairsAdjoint`.
 */
export function moduleOutputsAdjoint(
  layers: Layers,
  module: PlacedModule,
  pairs: LocalPairs,
  inputs: ModuleInputs,
  tape: ModuleOutputsTape,
  adjoint: { readonly x: Float64Array | null; readonly y: Float64Array },
  pairsAdjoint: LocalPairsAdjoint,
  areInputsWanted: boolean,
): ModuleInputs | null {
  const atoms = pairs.pairs.atomCount;
  const fromOutput = residualMlpAdjoint(layers, module.resblock, tape.mlp, adjoint.y, atoms);
  const post = adjoint.x === null ? fromOutput : total(layers, atoms, [fromOutput, adjoint.x]);
  const updated = residualStackAdjoint(layers, module.residualPost, tape.post, post, atoms);
  const local = localInteractionAdjoint(
    layers,
    module,
    pairs,
    inputs.local,
    tape.local,
    updated,
    pairsAdjoint,
    areInputsWanted,
  );
  return local && { x: updated, local, nonlocal: updated };
}
