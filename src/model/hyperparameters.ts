/** The radial basis functions a model can be built with. */
export type BasisKind = "exp-bernstein" | "exp-gaussian" | "gaussian" | "bernstein" | "sinc";

/** How many residual blocks each residual stack of the architecture has. */
export interface ResidualCounts {
  /** In the electronic embeddings (`num_residual_electron`). */
  readonly electron: number;
  /** On a module's input (`num_residual_pre`). */
  readonly pre: number;
  /** On the central atom's own features in the local interaction (`num_residual_local_x`). */
  readonly localX: number;
  /** On the neighbours' s features (`num_residual_local_s`). */
  readonly localS: number;
  /** On the neighbours' p features (`num_residual_local_p`). */
  readonly localP: number;
  /** On the neighbours' d features (`num_residual_local_d`). */
  readonly localD: number;
  /** On the local interaction's output (`num_residual_local`). */
  readonly local: number;
  /** On the attention's queries (`num_residual_nonlocal_q`). */
  readonly nonlocalQ: number;
  /** On the attention's keys (`num_residual_nonlocal_k`). */
  readonly nonlocalK: number;
  /** On the attention's values (`num_residual_nonlocal_v`). */
  readonly nonlocalV: number;
  /** After the interactions (`num_residual_post`). */
  readonly post: number;
  /** On a module's output (`num_residual_output`). */
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
  /** How many residual blocks each stack has. */
  readonly residual: ResidualCounts;
  /** Kind of radial basis functions. */
  readonly basis: BasisKind;
  /** Whether the exponential bases are multiplied by exp(−αr). */
  readonly expWeighting: boolean;
  /** Cutoff of the network, Å. */
  readonly cutoff: number;
  /** Cutoff of electrostatics and dispersion, Å; `null`: all pairs. */
  readonly longRangeCutoff: number | null;
  /** Whether nuclear (ZBL) repulsion is a term of the energy. */
  readonly zblRepulsion: boolean;
  /** Whether the electrostatics of the partial charges is a term of the energy. */
  readonly electrostatics: boolean;
  /** Whether D4 dispersion is a term of the energy. */
  readonly dispersion: boolean;
  /** Irreducible (5) or Cartesian (6) d functions. */
  readonly irreps: boolean;
  /** The electronic embedding of older checkpoints. */
  readonly nonlinearEmbedding: boolean;
  /** Rows of the element tables; atomic numbers 1 to maxAtomicNumber − 1 are accepted (`Zmax`). */
  readonly maxAtomicNumber: number;
}
