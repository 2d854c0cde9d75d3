import type { ResidualBlock, ResidualMlp } from "../model/network.ts";
import { activate, type ActivationKind } from "./activation.ts";
import type { DenseProducts } from "./dense.ts";
import { hadamard, sum } from "./elementwise.ts";

/** What computing a layer takes besides its parameters. */
export interface Layers {
  readonly products: DenseProducts;
  readonly activation: ActivationKind;
}

/** A value and what its adjoint needs to know of the way there. */
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

/** x + linear2(activation2(linear1(activation1(x)))): x `[rows][F]` → `[rows][F]`. */
export function residualBlock(
  { products, activation }: Layers,
  block: ResidualBlock,
  x: Float64Array,
  rows: number,
): Taped<ResidualBlockTape> {
  const first = activate(activation, block.activation1, x);
  const hidden = products.linear(block.linear1, first.value, rows);
  const second = activate(activation, block.activation2, hidden);
  return {
    value: sum(x, products.linear(block.linear2, second.value, rows)),
    tape: { derivative1: first.derivative, derivative2: second.derivative },
  };
}

/** Adjoint of {@link residualBlock}: ȳ `[rows][F]` → x̄ `[rows][F]`. */
export function residualBlockAdjoint(
  { products }: Layers,
  block: ResidualBlock,
  tape: ResidualBlockTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  const hidden = hadamard(products.linearAdjoint(block.linear2, yAdjoint, rows), tape.derivative2);
  return sum(yAdjoint, hadamard(products.linearAdjoint(block.linear1, hidden, rows), tape.derivative1));
}

/** The residual blocks one after the other: x `[rows][F]` → `[rows][F]`. An empty stack returns x itself, not a copy. */
export function residualStack(
  layers: Layers,
  stack: readonly ResidualBlock[],
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
  stack: readonly ResidualBlock[],
  tape: ResidualStackTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  return stack.reduceRight(
    (adjoint, block, index) => residualBlockAdjoint(layers, block, tape[index]!, adjoint, rows),
    yAdjoint,
  );
}

/** linear(activation(residual stack(x))): x `[rows][F]` → `[rows][outputs]`. */
export function residualMlp(
  layers: Layers,
  mlp: ResidualMlp,
  x: Float64Array,
  rows: number,
): Taped<ResidualMlpTape> {
  const stack = residualStack(layers, mlp.stack, x, rows);
  const activated = activate(layers.activation, mlp.activation, stack.value);
  return {
    value: layers.products.linear(mlp.linear, activated.value, rows),
    tape: { stack: stack.tape, derivative: activated.derivative },
  };
}

/** Adjoint of {@link residualMlp}: ȳ `[rows][outputs]` → x̄ `[rows][F]`. */
export function residualMlpAdjoint(
  layers: Layers,
  mlp: ResidualMlp,
  tape: ResidualMlpTape,
  yAdjoint: Float64Array,
  rows: number,
): Float64Array {
  const activated = hadamard(layers.products.linearAdjoint(mlp.linear, yAdjoint, rows), tape.derivative);
  return residualStackAdjoint(layers, mlp.stack, tape.stack, activated, rows);
}
