import { assembleNetwork } from "../model/build_network.ts";
import type { Hyperparameters } from "../model/hyperparameters.ts";
import type { Tensor } from "../model/model.ts";
import type { Network } from "../model/network.ts";
import type { ExpectedShape, TensorSource } from "../model/tensor_source.ts";
import { createRandom } from "../structure/random.ts";

/** What a random network can differ in. */
export interface RandomNetworkOptions extends Pick<Hyperparameters, "activation" | "irreps" | "basis"> {
  /** F. */
  readonly features: number;
  /** K. */
  readonly basisFunctions: number;
  /** m. */
  readonly randomFeatures: number;
}

/** Cutoff of random networks, Å; a float32 number. */
const cutoff = 3.5;

/** The element whose Gaussians of the coordination number all vanish. */
const farFromAllReferences = 8;

/**
 * A network with random parameters for checks that need no model: two modules, elements 1 to 8, all terms on. What the
 * kernels are given of it are float32 numbers, so that nothing is rounded on the way to a device.
 */
export function randomNetwork(options: RandomNetworkOptions): Network {
  const { randomFeatures, ...architecture } = options;
  const one = 1;
  const hyperparameters: Hyperparameters = {
    ...architecture,
    modules: 2,
    expWeighting: true,
    cutoff,
    longRangeCutoff: null,
    zblRepulsion: true,
    electrostatics: true,
    dispersion: true,
    nonlinearEmbedding: false,
    maxAtomicNumber: 9,
    residual: {
      electron: one,
      pre: one,
      localX: one,
      localS: one,
      localP: one,
      localD: one,
      local: one,
      nonlocalQ: one,
      nonlocalK: one,
      nonlocalV: one,
      post: one,
      output: one,
    },
  };
  const network = assembleNetwork(hyperparameters, new RandomTensors(hyperparameters, randomFeatures));
  const dispersion = network.dispersion!;
  return {
    ...network,
    dispersion: {
      ...dispersion,
      s6: Math.fround(dispersion.s6),
      s8: Math.fround(dispersion.s8),
      a1: Math.fround(dispersion.a1),
      a2: Math.fround(dispersion.a2),
    },
  };
}

/** Makes each tensor when the architecture asks for it. */
class RandomTensors implements TensorSource {
  readonly #hyperparameters: Hyperparameters;
  readonly #randomFeatures: number;
  readonly #random = createRandom(20);

  constructor(hyperparameters: Hyperparameters, randomFeatures: number) {
    this.#hyperparameters = hyperparameters;
    this.#randomFeatures = randomFeatures;
  }

  take(name: string, expected: ExpectedShape): Tensor {
    const shape = expected.map((extent) => extent ?? (name.endsWith(".sscale") ? 2 : this.#randomFeatures));
    const length = shape.reduce((product, extent) => product * extent, 1);
    const row = shape.slice(1).reduce((product, extent) => product * extent, 1);
    const data = Float64Array.from({ length }, (_, at) => Math.fround(this.#value(name, at, Math.floor(at / row))));
    return { shape, dtype: "float32", data };
  }

  #value(name: string, at: number, row: number): number {
    const parameter = name.slice(name.lastIndexOf(".") + 1);
    if (name.startsWith("radial_basis_functions.")) return this.#basisValue(parameter, at);
    if (name.startsWith("zbl_repulsion_energy.")) return this.#repulsionValue(parameter);
    if (name.startsWith("d4_dispersion_energy.")) return this.#dispersionValue(parameter, row);
    if (parameter === "alpha") return this.#uniform(0.5, 1.5);
    // 0, and near 0, where the shifted softplus needs its series
    if (parameter === "beta") return [0, 0.02, 1.7, -0.8][at % 4]!;
    if (parameter === "bias" || parameter === "element_bias") return this.#uniform(-0.5, 0.5);
    return this.#uniform(-0.4, 0.4);
  }

  #basisValue(parameter: string, k: number): number {
    const last = this.#hyperparameters.basisFunctions - 1;
    switch (parameter) {
      case "n":
        return last - k;
      case "v":
        return k;
      case "width":
        return last + 1;
      case "center":
        return k / last * (this.#hyperparameters.basis === "gaussian" ? cutoff : 1);
      case "factor":
        return (k + 1) / cutoff;
      case "cutoff":
        return cutoff;
      default: // _alpha, logc
        return 0.2;
    }
  }

  /** Before their softplus. */
  #repulsionValue(parameter: string): number {
    if (parameter === "_apow") return -1.4;
    return parameter === "_adiv" ? 2 : this.#uniform(-1, 1);
  }

  #dispersionValue(parameter: string, row: number): number {
    switch (parameter) {
      case "_a2":
        return 5;
      case "_s6":
      case "_s8":
      case "_a1":
      case "_scaleq":
      case "sscale":
        return 0.5;
      case "refsys":
        return 1;
      case "zeff":
        return row;
      case "ncount_mask":
        return this.#random() < 0.6 ? 1 : 0;
      case "cn":
        return row === farFromAllReferences ? 40 : this.#uniform(0, 8);
      case "refh":
      case "refq":
        return this.#uniform(-0.3, 0.3);
      case "rcov":
        // so large that neighbours count right up to a short long-range cutoff
        return this.#uniform(1.2, 2);
      case "en":
      case "sqrt_r4r2":
        return this.#uniform(2, 3.5);
      case "alphaiw":
      case "alpha":
        return this.#uniform(2, 12);
      default: // gam, hcount, secaiw, ascale, fixgweights, ncount_weight, Casimir–Polder weights
        return this.#uniform(0.2, 0.8);
    }
  }

  #uniform(low: number, high: number): number {
    return low + (high - low) * this.#random();
  }
}
