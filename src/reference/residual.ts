import type { Activation, ResidualBlock, ResidualMlp } from "../model/network.ts";
import type { ActivationKind } from "./activation.ts";
import type { Execution } from "./execution.ts";
import type { Placed } from "./place_network.ts";
import { share } from "./team.ts";

/** What computing layers takes besides their parameters. */
export interface Layers extends Execution {
  readonly activation: ActivationKind;
  /** Room for what is not kept, `[rows][F]` each for the most rows there are; a thread uses its own rows only. */
  readonly scratch: readonly [Float64Array, Float64Array];
}

/**
 * A value and what its adjoint needs to know of the way there. An adjoint uses its tape up: results take the place of what
 * is not needed any more, which is still near the processor.
 */
export interface Taped<Tape> {
  readonly value: Float64Array;
  readonly tape: Tape;
}

/** Derivatives of a residual block's two activations at their arguments `[rows][F]`. */
export interface ResidualBlockTape {
  readonly derivative1: Float64Array;
  readonly derivative2: Float64Array;
}

/** The tapes of a stack's blocks. */
export type ResidualStackTape = readonly ResidualBlockTape[];

/** The stack's tape, and the derivative of the activation that follows `[rows][F]`. */
export interface ResidualMlpTape {
  readonly stack: ResidualStackTape;
  readonly derivative: Float64Array;
}

/** Layers for up to so many rows of F features. */
export function layersFor(execution: Execution, activation: ActivationKind, rows: number, features: number): Layers {
  const { workspace } = execution;
  const scratch = [workspace.float64(rows * features), workspace.float64(rows * features)] as const;
  return { ...execution, activation, scratch };
}

/** x + linear2(activation2(linear1(activation1(x)))): x `[rows][F]` → `[rows][F]`. */
export function residualBlock(
  layers: Layers,
  block: Placed<ResidualBlock>,
  x: Float64Array,
  rows: number,
): Taped<ResidualBlockTape> {
  const { workspace, team, operations, scratch: [activated, hidden] } = layers;
  const own = share(team, rows);
  const value = workspace.float64(x.length);
  const derivative1 = activate(layers, block.activation1, x, rows);
  operations.linear(block.linear1, activated, hidden, own);
  const derivative2 = activate(layers, block.activation2, hidden, rows);
  operations.linear(block.linear2, activated, value, own, x);
  return { value, tape: { derivative1, derivative2 } };
}

/** Adjoint of {@link residualBlock}: ȳ `[rows][F]` → x̄ `[rows][F]`. */
export function residualBlockAdjoint(
  { team, operations, scratch: [hidden] }: Layers,
  block: Placed<ResidualBlock>,
  { derivative1, derivative2 }: ResidualBlockTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  const own = share(team, rows);
  operations.linearAdjoint(block.linear2, yAdjoint, hidden, own, derivative2);
  operations.linearAdjoint(block.linear1, hidden, derivative1, own, derivative1, yAdjoint);
  return derivative1;
}

/** The residual blocks one after the other: x `[rows][F]` → `[rows][F]`. An empty stack returns x itself, not a copy. */
export function residualStack(
  layers: Layers,
  stack: readonly Placed<ResidualBlock>[],
  x: Float64Array,
  rows: number,
): Taped<ResidualStackTape> {
  const tape: ResidualBlockTape[] = [];
  let value = x;
  for (const block of stack) {
    const result = residualBlock(layers, block, value, rows);
    value = result.value;
    tape.push(result.tape);
  }
  return { value, tape };
}

/** Adjoint of {@link residualStack}: ȳ `[rows][F]` → x̄ `[rows][F]`; ȳ itself for an empty stack. */
export function residualStackAdjoint(
  layers: Layers,
  stack: readonly Placed<ResidualBlock>[],
  tape: ResidualStackTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  let adjoint = yAdjoint;
  for (let b = stack.length - 1; b >= 0; b--) {
    adjoint = residualBlockAdjoint(layers, stack[b]!, tape[b]!, adjoint, rows);
  }
  return adjoint;
}

/** linear(activation(residual stack(x))): x `[rows][F]` → `[rows][outputs]`. */
export function residualMlp(
  layers: Layers,
  mlp: Placed<ResidualMlp>,
  x: Float64Array,
  rows: number,
): Taped<ResidualMlpTape> {
  const { workspace, team, operations, scratch: [activated] } = layers;
  const stack = residualStack(layers, mlp.stack, x, rows);
  const value = workspace.float64(rows * mlp.linear.outputs);
  const derivative = activate(layers, mlp.activation, stack.value, rows);
  operations.linear(mlp.linear, activated, value, share(team, rows));
  return { value, tape: { stack: stack.tape, derivative } };
}

/** Adjoint of {@link residualMlp}: ȳ `[rows][outputs]` → x̄ `[rows][F]`. */
export function residualMlpAdjoint(
  layers: Layers,
  mlp: Placed<ResidualMlp>,
  tape: ResidualMlpTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  const { team, operations } = layers;
  const activated = tape.derivative;
  operations.linearAdjoint(mlp.linear, yAdjoint, activated, share(team, rows), tape.derivative);
  return residualStackAdjoint(layers, mlp.stack, tape.stack, activated, rows);
}

/** Activates x `[rows][F]` into the first scratch array and returns the derivative. */
function activate(
  { workspace, team, operations, activation, scratch: [value] }: Layers,
  parameters: Placed<Activation>,
  x: Float64Array,
  rows: number,
): Float64Array {
  const derivative = workspace.float64(rows * parameters.alpha.length);
  operations.activate(activation, parameters, x, value, derivative, share(team, rows));
  return derivative;
}
