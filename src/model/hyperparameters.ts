/** The radial basis functions a model can be built with. */
export type BasisKind = "exp-bernstein" | "exp-gaussian" | "gaussian" | "bernstein" | "sinc";

/** How many residual blocks each residual stack of the architecture has. */
export interface ResidualCounts {
  readonly electron: number;
  readonly pre: number;
  readonly localX: number;
  readonly localS: number;
  readonly localP: number;
  readonly localD: number;
  readonly local: number;
  readonly nonlocalQ: number;
  readonly nonlocalK: number;
  readonly nonlocalV: number;
  readonly post: number;
  readonly output: number;
}

/** What a checkpoint says about its architecture. */
export interface Hyperparameters {
  /** Activation function of all residual stacks. */
  readonly activation: "swish" | "ssp";
  /** Number of features F. */
  readonly features: number;
  /** Number of radial basis functions K. */
  readonly basisFunctions: number;
  /** Number of modules M. */
  readonly modules: number;
  readonly residual: ResidualCounts;
  readonly basis: BasisKind;
  /** Whether the exponential bases are multiplied by exp(−αr). */
  readonly expWeighting: boolean;
  /** Cutoff of the network, Å. */
  readonly cutoff: number;
  /** Cutoff of electrostatics and dispersion, Å; `null`: all pairs. */
  readonly longRangeCutoff: number | null;
  readonly zblRepulsion: boolean;
  readonly electrostatics: boolean;
  readonly dispersion: boolean;
  /** Irreducible (5) or Cartesian (6) d functions. */
  readonly irreps: boolean;
  /** The electronic embedding of older checkpoints. */
  readonly nonlinearEmbedding: boolean;
  /** Rows of the element tables; atomic numbers 1 to maxAtomicNumber − 1 are accepted (`Zmax`). */
  readonly maxAtomicNumber: number;
}
