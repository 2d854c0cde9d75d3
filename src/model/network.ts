import type { Hyperparameters } from "./hyperparameters.ts";

/** y = W x + b. */
export interface Linear {
  /** Number of outputs. */
  readonly outputs: number;
  /** Number of inputs. */
  readonly inputs: number;
  /** W `[outputs][inputs]`. */
  readonly weight: Float64Array;
  /** b `[outputs]`. */
  readonly bias: Float64Array | null;
}

/** Learned activation: α and β for each feature `[F]`. */
export interface Activation {
  /** α `[F]`: scale of the output. */
  readonly alpha: Float64Array;
  /** β `[F]`: scale of the input. */
  readonly beta: Float64Array;
}

/** x + linear2(activation2(linear1(activation1(x)))). */
export interface ResidualBlock {
  /** Applied to x. */
  readonly activation1: Activation;
  /** Applied to the first activation. */
  readonly linear1: Linear;
  /** Applied to the first linear layer. */
  readonly activation2: Activation;
  /** Gives what is added to x. */
  readonly linear2: Linear;
}

/** linear(activation(residual stack(x))). */
export interface ResidualMlp {
  /** Residual blocks, the first applied first; may be empty. */
  readonly stack: readonly ResidualBlock[];
  /** Applied to the stack's output. */
  readonly activation: Activation;
  /** Gives the output. */
  readonly linear: Linear;
}

/** Linear electronic embedding: attention of the nuclear features to relu([Q, −Q]) or [|S|]. */
export interface LinearElectronicEmbedding {
  /** Which of the embeddings this is. */
  readonly kind: "linear";
  /** Queries of the nuclear features, F → F, with bias. */
  readonly query: Linear;
  /** Keys of the normalised charge (2 → F) or spin (1 → F), without bias. */
  readonly key: Linear;
  /** Values of the charge (2 → F) or spin (1 → F), without bias. */
  readonly value: Linear;
  /** Applied to the attention's output, without biases. */
  readonly resblock: ResidualMlp;
}

/** Electronic embedding of older checkpoints. */
export interface NonlinearElectronicEmbedding {
  /** Which of the embeddings this is. */
  readonly kind: "nonlinear";
  /** Queries of the nuclear features, F → F, without bias. */
  readonly query: Linear;
  /** 1 → F, with bias. */
  readonly featurizeKey: Linear;
  /** Gives the key. */
  readonly resblockKey: ResidualMlp;
  /** 1 → F, without bias. */
  readonly featurizeValue: Linear;
  /** Gives the value, without biases. */
  readonly resblockValue: ResidualMlp;
}

/** How the total charge, or the number of unpaired electrons, enters the atoms' features. */
export type ElectronicEmbedding = LinearElectronicEmbedding | NonlinearElectronicEmbedding;

/** One of the M modules. */
export interface InteractionModule {
  /** Applied to the module's input. */
  readonly residualPre: readonly ResidualBlock[];
  /** Radial functions of the s interaction, K → F, without bias; so are those of p and d. */
  readonly radialS: Linear;
  /** Radial functions of the p interaction. */
  readonly radialP: Linear;
  /** Radial functions of the d interaction. */
  readonly radialD: Linear;
  /** The central atom's own part of the local interaction. */
  readonly resblockX: ResidualMlp;
  /** Neighbours' s features. */
  readonly resblockS: ResidualMlp;
  /** Neighbours' p features. */
  readonly resblockP: ResidualMlp;
  /** Neighbours' d features. */
  readonly resblockD: ResidualMlp;
  /** F → 2F, without bias: the factors A (first half) and B of the p features' square. */
  readonly projectionP: Linear;
  /** F → 2F, without bias: the same for the d features. */
  readonly projectionD: Linear;
  /** The local interaction's last residual MLP. */
  readonly resblockLocal: ResidualMlp;
  /** Queries of the attention. */
  readonly resblockQ: ResidualMlp;
  /** Keys of the attention. */
  readonly resblockK: ResidualMlp;
  /** Values of the attention. */
  readonly resblockV: ResidualMlp;
  /** Random features ω `[F][m]`; `null` means exact attention. */
  readonly omega: Float64Array | null;
  /** m. */
  readonly randomFeatures: number;
  /** Applied after the interactions; its output is the next module's input. */
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
  /** Scale of the r⁻⁶ term. */
  readonly s6: number;
  /** Scale of the r⁻⁸ term. */
  readonly s8: number;
  /** Damping radius: factor of B. */
  readonly a1: number;
  /** Damping radius: constant. */
  readonly a2: number;
  /** Scale of the reference systems' charges. */
  readonly scaleq: number;
  /** Row of `sscale` and `secaiw` of each reference molecule's other atoms `[Zmax][7]`. */
  readonly refsys: Float64Array;
  /** Effective nuclear charges `[Zmax]`. */
  readonly zeff: Float64Array;
  /** Partial charges of those other atoms `[Zmax][7]`. */
  readonly refh: Float64Array;
  /** Their scale `[S]`. */
  readonly sscale: Float64Array;
  /** Their polarizabilities at the imaginary frequencies `[S][23]`. */
  readonly secaiw: Float64Array;
  /** Chemical hardnesses `[Zmax]`. */
  readonly gam: Float64Array;
  /** Scale of the reference molecules' polarizabilities `[Zmax][7]`. */
  readonly ascale: Float64Array;
  /** Polarizabilities of the reference molecules at the imaginary frequencies `[Zmax][7][23]`. */
  readonly alphaiw: Float64Array;
  /** How many of those other atoms to subtract `[Zmax][7]`. */
  readonly hcount: Float64Array;
  /** Quadrature weights of the Casimir–Polder integral `[23]`. */
  readonly casimirPolderWeights: Float64Array;
  /** Covalent radii `[Zmax]`. */
  readonly rcov: Float64Array;
  /** Electronegativities `[Zmax]`. */
  readonly en: Float64Array;
  /** Which Gaussians of the coordination number count `[Zmax][7][3]`. */
  readonly ncountMask: Float64Array;
  /** Their weights in the exponent `[Zmax][7][3]`. */
  readonly ncountWeight: Float64Array;
  /** Their centres `[Zmax][7][3]`. */
  readonly cn: Float64Array;
  /** Weights of the references where all Gaussians vanish `[Zmax][7]`. */
  readonly fixgweights: Float64Array;
  /** Partial charges of the reference atoms `[Zmax][7]`. */
  readonly refq: Float64Array;
  /** Fourth root of ½ √Z ⟨r⁴⟩/⟨r²⟩ `[Zmax]`. */
  readonly sqrtR4r2: Float64Array;
  /** Polarizabilities of the references at the imaginary frequencies, the static one first `[Zmax][7][23]`. */
  readonly alpha: Float64Array;
}

/** A model's parameters in the architecture's own shape: what both engines compute with. Float64 throughout. */
export interface Network {
  /** What the file says about the architecture. */
  readonly hyperparameters: Hyperparameters;
  /** Features F and basis functions K again, for short. */
  readonly features: number;
  /** Number of basis functions K. */
  readonly basisFunctions: number;
  /** `[Zmax][2]`: bias of atomic energy (eV) and charge (e). */
  readonly elementBias: Float64Array;
  /** `[Zmax][F]`. */
  readonly elementEmbedding: Float64Array;
  /** `[Zmax][20]`. */
  readonly electronConfig: Float64Array;
  /** Electron configuration to features, 20 → F, without bias. */
  readonly configLinear: Linear;
  /** Embedding of the total charge. */
  readonly chargeEmbedding: ElectronicEmbedding;
  /** Embedding of the number of unpaired electrons. */
  readonly spinEmbedding: ElectronicEmbedding;
  /** Radial basis functions, the same for all modules. */
  readonly radialBasis: RadialBasis;
  /** The modules, the first applied first. */
  readonly modules: readonly InteractionModule[];
  /** `[2][F]`: atomic energy and charge. */
  readonly output: Linear;
  /** `null` where the model has no such term. */
  readonly repulsion: Repulsion | null;
  /** D4 dispersion; `null` where the model has no such term. */
  readonly dispersion: Dispersion | null;
}
