import type { Activation, Linear } from "../model/network.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { ActivationKind } from "./activation.ts";
import type { AngularFunctions } from "./angular.ts";
import type { Share } from "./team.ts";

/**
 * A linear layer with its weights as they are read fastest: a matrix of k rows and n columns in panels of 8 columns,
 * `[⌈n/8⌉][k][8]`; what the last one has room for beyond column n − 1 means nothing.
 */
export interface PreparedLinear extends Linear {
  /** Wᵀ, of `inputs` rows and `outputs` columns. */
  readonly forward: Float64Array;
  /** W, of `outputs` rows and `inputs` columns. */
  readonly backward: Float64Array;
}

/** What the pairs bring to a sum over neighbours. */
export interface Messages {
  readonly pairs: PairList;
  /** a `[U][C]`. */
  readonly angular: AngularFunctions;
  /** g `[U][F]`. */
  readonly filters: Float64Array;
}

/**
 * The inner loops of everything here: what takes a model's time and is worth having in more than one implementation.
 *
 * All arrays, a layer's too, lie in the memory of the execution's workspace; matrices are flat and row-major. Results are
 * written into the array given, nothing is allocated and nothing kept; a result's array overlaps no argument's unless an
 * operation says so. Each call computes the rows, or elements, of a share and leaves the others as they are; every number
 * comes out the same whatever share it is in. Sizes are the caller's responsibility.
 */
export interface Operations {
  /** y = base + x Wᵀ + b, row by row: x `[rows][inputs]` → y `[rows][outputs]`. Without base: 0; it may be y itself. */
  linear(layer: PreparedLinear, x: Float64Array, y: Float64Array, rows: Share, base?: Float64Array): void;
  /**
   * Adjoint of {@link Operations.linear} and of what came before the layer, x̄ = base + factor∘(ȳ W): ȳ `[rows][outputs]` →
   * x̄ `[rows][inputs]`. Without factor: 1, without base: 0; either may be x̄ itself.
   */
  linearAdjoint(
    layer: PreparedLinear,
    yAdjoint: Float64Array,
    xAdjoint: Float64Array,
    rows: Share,
    factor?: Float64Array,
    base?: Float64Array,
  ): void;
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
  /** eˣ, element by element, or 0 where that is below e⁻⁷⁰⁸; `result` may be `x` itself. */
  exponential(x: Float64Array, result: Float64Array, elements: Share): void;
  /** a∘b, element by element; `result` may be one of them. */
  multiply(a: Float64Array, b: Float64Array, result: Float64Array, elements: Share): void;
  /** a + b, element by element; `result` may be one of them. */
  add(a: Float64Array, b: Float64Array, result: Float64Array, elements: Share): void;
  /** Adds Σ_c A_c∘B_c of the halves A and B of each row: projected sums `[N][C][2F]` → rotation invariants `[N][F]`. */
  addProductOfHalves(
    projected: Float64Array,
    components: number,
    invariants: Float64Array,
    features: number,
    atoms: Share,
  ): void;
  /**
   * Adjoint of {@link Operations.addProductOfHalves}: invariants' adjoint `[N][F]` → the projected sums' `[N][C][2F]`, which
   * takes the sums' place.
   */
  productOfHalvesAdjoint(
    projected: Float64Array,
    components: number,
    invariantsAdjoint: Float64Array,
    features: number,
    atoms: Share,
  ): void;
  /**
   * Each atom's sum over its neighbours, X_i = Σ_j a(p_ij) g(r_ij)∘x_j: features x `[N][F]` → X `[N][C][F]`.
   *
   * Every pair counts for both its atoms; for the second one the angular functions take their sign from their parity.
   */
  neighbourSum(messages: Messages, features: Float64Array, sums: Float64Array, atoms: Share): void;
  /** Adjoint of {@link Operations.neighbourSum} in the features: X̄ `[N][C][F]` → x̄ `[N][F]`. */
  neighbourSumFeaturesAdjoint(
    messages: Messages,
    sumsAdjoint: Float64Array,
    featuresAdjoint: Float64Array,
    atoms: Share,
  ): void;
  /**
   * Adjoint of {@link Operations.neighbourSum} in the angular functions and, through the linear layer without bias that
   * made the filters, in the radial functions: X̄ `[N][C][F]` and x `[N][F]`; what comes out is added to b̄ `[U][K]` and,
   * where it is given, ā `[U][C]`.
   */
  neighbourSumPairsAdjoint(
    messages: Messages,
    radial: PreparedLinear,
    features: Float64Array,
    sumsAdjoint: Float64Array,
    basisAdjoint: Float64Array,
    angularAdjoint: Float64Array | null,
    pairs: Share,
  ): void;
}
