import type { Hyperparameters } from "./hyperparameters.ts";

/** y = W x + b. */
export interface Linear {
  readonly outputs: number;
  readonly inputs: number;
  /** W `[outputs][inputs]`. */
  readonly weight: Float64Array;
  /** b `[outputs]`. */
  readonly bias: Float64Array | null;
}

/** Learned activation: α and β for each feature `[F]`. */
export interface Activation {
  readonly alpha: Float64Array;
  readonly beta: Float64Array;
}

/** x + linear2(activation2(linear1(activation1(x)))). */
export interface ResidualBlock {
  readonly activation1: Activation;
  readonly linear1: Linear;
  readonly activation2: Activation;
  readonly linear2: Linear;
}

/** linear(activation(residual stack(x))). */
export interface ResidualMlp {
  readonly stack: readonly ResidualBlock[];
  readonly activation: Activation;
  readonly linear: Linear;
}

/** Linear electronic embedding: attention of the nuclear features to relu([Q, −Q]) or [|S|]. */
export interface LinearElectronicEmbedding {
  readonly kind: "linear";
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly resblock: ResidualMlp;
}

/** Electronic embedding of older checkpoints. */
export interface NonlinearElectronicEmbedding {
  readonly kind: "nonlinear";
  readonly query: Linear;
  readonly featurizeKey: Linear;
  readonly resblockKey: ResidualMlp;
  readonly featurizeValue: Linear;
  readonly resblockValue: ResidualMlp;
}

export type ElectronicEmbedding = LinearElectronicEmbedding | NonlinearElectronicEmbedding;

/** One of the M modules. */
export interface InteractionModule {
  readonly residualPre: readonly ResidualBlock[];
  readonly radialS: Linear;
  readonly radialP: Linear;
  readonly radialD: Linear;
  readonly resblockX: ResidualMlp;
  readonly resblockS: ResidualMlp;
  readonly resblockP: ResidualMlp;
  readonly resblockD: ResidualMlp;
  readonly projectionP: Linear;
  readonly projectionD: Linear;
  /** The local interaction's last residual MLP. */
  readonly resblockLocal: ResidualMlp;
  readonly resblockQ: ResidualMlp;
  readonly resblockK: ResidualMlp;
  readonly resblockV: ResidualMlp;
  /** Random features ω `[F][m]`; `null` means exact attention. */
  readonly omega: Float64Array | null;
  /** m. */
  readonly randomFeatures: number;
  readonly residualPost: readonly ResidualBlock[];
  /** The module's output. */
  readonly resblock: ResidualMlp;
}

/** Parameters of the radial basis functions; every constrained one is already through its softplus. All arrays `[K]`. */
export type RadialBasis =
  | {
    readonly kind: "exp-bernstein";
    readonly alpha: number;
    readonly weighted: boolean;
    readonly logc: Float64Array;
    readonly n: Float64Array;
    readonly v: Float64Array;
  }
  | {
    readonly kind: "exp-gaussian";
    readonly alpha: number;
    readonly weighted: boolean;
    readonly width: Float64Array;
    readonly center: Float64Array;
  }
  | { readonly kind: "gaussian"; readonly width: Float64Array; readonly center: Float64Array }
  | {
    readonly kind: "bernstein";
    readonly cutoff: number;
    readonly logc: Float64Array;
    readonly n: Float64Array;
    readonly v: Float64Array;
  }
  | { readonly kind: "sinc"; readonly factor: Float64Array };

/** ZBL repulsion, parameters through their softplus, coefficients normalised to sum 1. */
export interface Repulsion {
  /** c_k `[4]`. */
  readonly coefficients: Float64Array;
  /** a_k `[4]`. */
  readonly exponents: Float64Array;
  /** p. */
  readonly power: number;
  /** d, 1/Å. */
  readonly scale: number;
}

/** D4 dispersion: parameters through their softplus, tables as stored (rows are atomic numbers 0 … Zmax − 1). Atomic units. */
export interface Dispersion {
  readonly s6: number;
  readonly s8: number;
  readonly a1: number;
  readonly a2: number;
  readonly scaleq: number;
  /** `[Zmax][7]` */
  readonly refsys: Float64Array;
  /** `[Zmax]` */
  readonly zeff: Float64Array;
  /** `[Zmax][7]` */
  readonly refh: Float64Array;
  /** `[S]` */
  readonly sscale: Float64Array;
  /** `[S][23]` */
  readonly secaiw: Float64Array;
  /** `[Zmax]` */
  readonly gam: Float64Array;
  /** `[Zmax][7]` */
  readonly ascale: Float64Array;
  /** `[Zmax][7][23]` */
  readonly alphaiw: Float64Array;
  /** `[Zmax][7]` */
  readonly hcount: Float64Array;
  /** `[23]` */
  readonly casimirPolderWeights: Float64Array;
  /** `[Zmax]` */
  readonly rcov: Float64Array;
  /** `[Zmax]` */
  readonly en: Float64Array;
  /** `[Zmax][7][3]` */
  readonly ncountMask: Float64Array;
  /** `[Zmax][7][3]` */
  readonly ncountWeight: Float64Array;
  /** `[Zmax][7][3]` */
  readonly cn: Float64Array;
  /** `[Zmax][7]` */
  readonly fixgweights: Float64Array;
  /** `[Zmax][7]` */
  readonly refq: Float64Array;
  /** `[Zmax]` */
  readonly sqrtR4r2: Float64Array;
  /** `[Zmax][7][23]` */
  readonly alpha: Float64Array;
}

/** A model's parameters in the architecture's own shape: what both engines compute with. Float64 throughout. */
export interface Network {
  readonly hyperparameters: Hyperparameters;
  /** Features F and basis functions K again, for short. */
  readonly features: number;
  readonly basisFunctions: number;
  /** `[Zmax][2]`: bias of atomic energy (eV) and charge (e). */
  readonly elementBias: Float64Array;
  /** `[Zmax][F]`. */
  readonly elementEmbedding: Float64Array;
  /** `[Zmax][20]`. */
  readonly electronConfig: Float64Array;
  readonly configLinear: Linear;
  readonly chargeEmbedding: ElectronicEmbedding;
  readonly spinEmbedding: ElectronicEmbedding;
  readonly radialBasis: RadialBasis;
  readonly modules: readonly InteractionModule[];
  /** `[2][F]`: atomic energy and charge. */
  readonly output: Linear;
  /** `null` where the model has no such term. */
  readonly repulsion: Repulsion | null;
  readonly dispersion: Dispersion | null;
}
