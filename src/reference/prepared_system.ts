import { inputFeatures } from "./embedding.ts";
import type { Execution } from "./execution.ts";
import { type ModuleInputs, moduleInputs } from "./module_inputs.ts";
import type { PlacedNetwork } from "./place_network.ts";
import { type ReferenceC6, referenceC6 } from "./reference_c6.ts";
import { layersFor } from "./residual.ts";

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
  readonly network: PlacedNetwork;
  readonly composition: Composition;
  /** The first module's inputs, which gradients do not go through. */
  readonly firstInputs: ModuleInputs;
  /** `null` for a model without dispersion. */
  readonly references: ReferenceC6 | null;
}

/**
 * Embeddings, the first module's inputs and reference C6 coefficients of a composition, whose elements the model knows.
 *
 * @param polarizabilities What `referencePolarizabilities` makes of the model's dispersion.
 */
export function prepareSystem(
  execution: Execution,
  network: PlacedNetwork,
  polarizabilities: Float64Array | null,
  composition: Composition,
): PreparedSystem {
  const { numbers, charge, unpaired } = composition;
  const { dispersion, features, hyperparameters: { activation } } = network;
  const layers = layersFor(execution, activation, numbers.length, features);
  const inputs = inputFeatures(layers, network, numbers, charge, unpaired);
  return {
    network,
    composition,
    firstInputs: moduleInputs(layers, network.modules[0]!, inputs, numbers.length).inputs,
    references: dispersion && referenceC6(dispersion, polarizabilities!, numbers),
  };
}
