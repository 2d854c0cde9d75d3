import type { ResidualBlock, ResidualMlp } from "../../model/network.ts";
import type { PackedWeights } from "../packed_weights.ts";
import type { Arena, LinearJob } from "./plan.ts";

/** The inputs of a stack's layers, kept for the adjoint. */
interface SavedBlock {
  readonly block: ResidualBlock;
  /** x. */
  readonly input: number;
  /** linear1(activation1(x)). */
  readonly hidden: number;
}

/** A residual stack's forward layers in order, and what its adjoint needs. */
export interface StackJobs {
  readonly jobs: readonly LinearJob[];
  readonly saved: readonly SavedBlock[];
  readonly output: number;
}

/** A residual MLP's forward layers in order, and what its adjoint needs. */
export interface MlpJobs {
  readonly jobs: readonly LinearJob[];
  readonly stack: StackJobs;
  readonly mlp: ResidualMlp;
  readonly output: number;
}

/** Writes the linear layers of residual stacks and MLPs, value and adjoint, for arrays `[rows][F]`. */
export class ResidualJobs {
  #weights: PackedWeights;
  #arena: Arena;
  #rows: number;

  constructor(weights: PackedWeights, arena: Arena, rows: number) {
    this.#weights = weights;
    this.#arena = arena;
    this.#rows = rows;
  }

  /** x + linear2(activation2(linear1(activation1(x)))), block after block. */
  stack(blocks: readonly ResidualBlock[], x: number): StackJobs {
    const jobs: LinearJob[] = [];
    const saved: SavedBlock[] = [];
    let input = x;
    for (const block of blocks) {
      const hidden = this.#take();
      const output = this.#take();
      jobs.push({ ...this.#layer(block.linear1, block.activation1, input, hidden), isHidden: true });
      jobs.push({ ...this.#layer(block.linear2, block.activation2, hidden, output), r1: input });
      saved.push({ block, input, hidden });
      input = output;
    }
    return { jobs, saved, output: input };
  }

  /** Adjoint of {@linkcode stack}: x̄ from ȳ. */
  stackAdjoint(stack: StackJobs, outputAdjoint: number): { jobs: LinearJob[]; output: number } {
    const jobs: LinearJob[] = [];
    let adjoint = outputAdjoint;
    for (const { block, input, hidden } of stack.saved.toReversed()) {
      const hiddenAdjoint = this.#take();
      const inputAdjoint = this.#take();
      jobs.push(this.#layerAdjoint(block.linear2, block.activation2, adjoint, hiddenAdjoint, hidden));
      jobs.push({
        ...this.#layerAdjoint(block.linear1, block.activation1, hiddenAdjoint, inputAdjoint, input),
        r1: adjoint,
      });
      adjoint = inputAdjoint;
    }
    return { jobs, output: adjoint };
  }

  /** linear(activation(stack(x))) [+ r1] [+ r2], written to `output` where one is given. */
  mlp(mlp: ResidualMlp, x: number, options: { output?: number; r1?: number; r2?: number } = {}): MlpJobs {
    const stack = this.stack(mlp.stack, x);
    const output = options.output ?? this.#take();
    const last: LinearJob = {
      ...this.#layer(mlp.linear, mlp.activation, stack.output, output),
      ...(options.r1 === undefined ? {} : { r1: options.r1 }),
      ...(options.r2 === undefined ? {} : { r2: options.r2 }),
    };
    // of the stack's output only the activation is read
    const before = stack.jobs.map((job, k): LinearJob =>
      k === stack.jobs.length - 1 ? { ...job, isHidden: true } : job
    );
    return { jobs: [...before, last], stack, mlp, output };
  }

  /** Adjoint of {@linkcode mlp}: x̄ [+ extra] from ȳ, written to `output` where one is given. */
  mlpAdjoint(
    forward: MlpJobs,
    outputAdjoint: number,
    options: { output?: number; extra?: number } = {},
  ): { jobs: LinearJob[]; output: number } {
    const { mlp, stack } = forward;
    const first = this.#take();
    const rest = this.stackAdjoint(stack, first);
    const jobs = [this.#layerAdjoint(mlp.linear, mlp.activation, outputAdjoint, first, stack.output), ...rest.jobs];
    const output = options.output ?? rest.output;
    const last = { ...jobs.pop()!, y: output };
    if (options.extra === undefined) jobs.push(last);
    else if (last.r1 === undefined) jobs.push({ ...last, r1: options.extra });
    else jobs.push({ ...last, r2: options.extra });
    return { jobs, output };
  }

  #take(): number {
    return this.#arena.take(this.#rows * this.#weights.features4);
  }

  #layer(layer: ResidualBlock["linear1"], activation: ResidualBlock["activation1"], x: number, y: number): LinearJob {
    const packed = this.#weights.linear.get(layer)!;
    return {
      rows: this.#rows,
      inputs: packed.inputs,
      outputs: packed.outputs,
      x,
      y,
      weight: packed.weight,
      bias: packed.bias,
      activation: this.#weights.activation.get(activation)!,
    };
  }

  /** activation′(p) ∘ (Wᵀ ȳ). */
  #layerAdjoint(
    layer: ResidualBlock["linear1"],
    activation: ResidualBlock["activation1"],
    x: number,
    y: number,
    p: number,
  ): LinearJob {
    const packed = this.#weights.linear.get(layer)!;
    return {
      rows: this.#rows,
      inputs: packed.outputs,
      outputs: packed.inputs,
      x,
      y,
      weight: packed.transposed,
      derivative: this.#weights.activation.get(activation)!,
      p,
    };
  }
}

/**
 * Sequences of layers side by side: the first of each in one dispatch, then the second of each, and so on. Each knows by
 * which activation the next one of its sequence reads it.
 */
export function sideBySide(sequences: readonly (readonly LinearJob[])[]): LinearJob[][] {
  const length = Math.max(0, ...sequences.map((sequence) => sequence.length));
  return Array.from({ length }, (_, step) =>
    sequences.flatMap((sequence): LinearJob[] => {
      const job = sequence[step], next = sequence[step + 1];
      if (job === undefined) return [];
      return next?.activation === undefined || next.x !== job.y ? [job] : [{ ...job, next: next.activation }];
    }));
}
