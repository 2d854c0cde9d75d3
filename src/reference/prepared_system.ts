import type { Network } from "../model/network.ts";
import { checkElements } from "./checks.ts";
import { type DenseProducts, plainDenseProducts } from "./dense.ts";
import { inputFeatures } from "./embedding.ts";
import { type ModuleInputs, moduleInputs } from "./module_inputs.ts";
import { type ReferenceC6, referenceC6, referencePolarizabilities } from "./reference_c6.ts";
import type { Layers } from "./residual.ts";

/** What of a structure the network sees besides its geometry. */
export interface Composition {
  /** Atomic numbers `[N]`. */
  readonly numbers: Uint8Array;
  /** Total charge, e. */
  readonly charge: number;
  /** Number of unpaired electrons. */
  readonly unpaired: number;
}

/** A model, and what it says about one composition whatever the geometry: computed once, used for every step. */
export interface PreparedSystem {
  readonly network: Network;
  readonly layers: Layers;
  readonly composition: Composition;
  /** The first module's inputs, which gradients do not go through. */
  readonly firstInputs: ModuleInputs;
  /** `null` for a model without dispersion. */
  readonly references: ReferenceC6 | null;
}

/** Makes prepared systems of one model, computing once what depends on the model alone. */
export class SystemPreparation {
  readonly #network: Network;
  readonly #layers: Layers;
  readonly #polarizabilities: Float64Array | null;

  /**
   * @param network Kept, not copied.
   * @param products What the dense products are computed with.
   */
  constructor(network: Network, products: DenseProducts = plainDenseProducts) {
    this.#network = network;
    this.#layers = { products, activation: network.hyperparameters.activation };
    this.#polarizabilities = network.dispersion && referencePolarizabilities(network.dispersion);
  }

  /**
   * Embeddings, the first module's inputs and reference C6 coefficients of a composition.
   *
   * @throws RangeError for an element that the model's tables have no row for.
   */
  prepare({ numbers, charge, unpaired }: Composition): PreparedSystem {
    const network = this.#network, layers = this.#layers;
    checkElements(network, numbers);
    const composition = { numbers: numbers.slice(), charge, unpaired };
    const features = inputFeatures(layers, network, composition.numbers, charge, unpaired);
    const { dispersion } = network;
    return {
      network,
      layers,
      composition,
      firstInputs: moduleInputs(layers, network.modules[0]!, features, numbers.length).inputs,
      references: dispersion && referenceC6(dispersion, this.#polarizabilities!, composition.numbers),
    };
  }
}
