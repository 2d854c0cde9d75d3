import { readHyperparameters } from "./hyperparameter_dictionary.ts";
import type { Model, Tensor } from "./model.ts";
import { translateOlderNames } from "./older_names.ts";

/**
 * Makes a model from what a file holds: its dictionary of hyperparameters, its tensors, whose names are translated where
 * they are those of older code, and its texts. Nothing is copied.
 *
 * @throws {ModelFileError} where a hyperparameter is missing or senseless.
 */
export function makeModel(
  name: string,
  dictionary: ReadonlyMap<string, unknown>,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Model {
  const { hyperparameters, extras } = readHyperparameters(dictionary, tensors);
  return {
    name,
    hyperparameters,
    extras,
    metadata,
    tensors: hyperparameters.nonlinearEmbedding ? translateOlderNames(tensors) : tensors,
  };
}
