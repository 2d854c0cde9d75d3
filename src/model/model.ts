import type { Hyperparameters } from "./hyperparameters.ts";

/** One named array of a model file. */
export interface Tensor {
  /** Extents of the dimensions; empty for a scalar. */
  readonly shape: readonly number[];
  /** How the file stores it; a written file keeps it. */
  readonly dtype: "float32" | "float64" | "int64";
  /** The values, row-major; float32 values are exact here, int64 values are checked to be below 2⁵³. */
  readonly data: Float64Array;
}

/** A model file's content: hyperparameters and tensors under the published names (see MODEL.md). */
export interface Model {
  /** What the user calls it: the file's name without folder and extension. */
  readonly name: string;
  /** What the file says about the architecture. */
  readonly hyperparameters: Hyperparameters;
  /** What the file says besides, written back unchanged: `keep_prob`, `module_keep_prob`, `compute_d4_atomic`, … */
  readonly extras: Readonly<Record<string, number | boolean | string | null>>;
  /**
   * Texts about the model that nothing is computed with, by key: all of a safetensors file's `__metadata__` but `format`
   * and `hyperparameters`, written back unchanged (docs/models.md says which keys mean something); none in a `.pth`.
   */
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors by name, in the file's order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}
