import type { Activation, Linear } from "../model/network.ts";
import type { ActivationKind } from "./activation.ts";
import type { Share } from "./team.ts";

/** A linear layer with what its products take. */
export interface PreparedLinear extends Linear {
  /** Wᵀ `[inputs][outputs]`. */
  readonly transposed: Float64Array;
}

/** Whether a result replaces what was in its array, or is added to it. */
export type Into = "replace" | "add";

/**
 * The inner loops of everything here: what takes a model's time and is worth having in more than one implementation.
 *
 * All arrays, a layer's too, lie in the memory of the execution's workspace; matrices are flat and row-major. Results are
 * written into the array given, nothing is allocated and nothing kept; a result's array overlaps no argument's unless an
 * operation says so. Each call computes the rows, or elements, of a share and leaves the others as they are; every number
 * comes out the same whatever share it is in. Sizes are the caller's responsibility.
 */
export interface Operations {
  /** y = x Wᵀ + b, row by row: x `[rows][inputs]` → y `[rows][outputs]`. */
  linear(layer: PreparedLinear, x: Float64Array, y: Float64Array, rows: Share, into?: Into): void;
  /** Adjoint of {@link Operations.linear}, x̄ = ȳ W: ȳ `[rows][outputs]` → x̄ `[rows][inputs]`. */
  linearAdjoint(layer: PreparedLinear, yAdjoint: Float64Array, xAdjoint: Float64Array, rows: Share, into?: Into): void;
  /** C = A B: A `[m][k]`, B `[k][n]` → C `[m][n]`, of which `rows` are computed. */
  product(a: Float64Array, b: Float64Array, c: Float64Array, k: number, n: number, rows: Share): void;
  /** C = Aᵀ B: A `[k][m]`, B `[k][n]` → C `[m][n]`, of which `rows` are computed. */
  productLeftTransposed(
    a: Float64Array,
    b: Float64Array,
    c: Float64Array,
    m: number,
    k: number,
    n: number,
    rows: Share,
  ): void;
  /** The learned activation of every feature and its derivative: x `[rows][F]` → y, dy/dx `[rows][F]`. */
  activate(
    kind: ActivationKind,
    activation: Activation,
    x: Float64Array,
    value: Float64Array,
    derivative: Float64Array,
    rows: Share,
  ): void;
  /** eˣ, element by element; `result` may be `x` itself. */
  exponential(x: Float64Array, result: Float64Array, elements: Share): void;
  /** a∘b, element by element; `result` may be one of them. */
  multiply(a: Float64Array, b: Float64Array, result: Float64Array, elements: Share): void;
  /** a + b, element by element; `result` may be one of them. */
  add(a: Float64Array, b: Float64Array, result: Float64Array, elements: Share): void;
}
