import { buildNetwork } from "./build_network.ts";
import type { Model } from "./model.ts";
import { ModelFileError } from "./model_file_error.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";

/** Largest file read, bytes; the published model has 2.4 MB. */
export const largestModelFile = 2 ** 29;

/**
 * Reads a model file: a checkpoint as published (`.pth`) or safetensors, told apart by content.
 *
 * @param path The file.
 * @returns The model, called as the file is without folder and extension.
 * @throws {ModelFileError} in one line that begins with the path, where the file is missing, too large or unusable.
 */
export async function loadModel(path: string | URL): Promise<Model> {
  const shownPath = String(path);
  try {
    return parseModel(await readBoundedFile(path), modelName(shownPath));
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw new ModelFileError(`${shownPath}: ${error.message}`);
  }
}

/**
 * Reads a model from the bytes of a file; see {@linkcode loadModel}. Hyperparameters and tensors are checked against
 * each other, so that a network can be built from what is returned. Nothing of the bytes is kept.
 */
export function parseModel(bytes: Uint8Array, name: string): Model {
  const model = readTorchCheckpoint(bytes, name);
  buildNetwork(model);
  return model;
}

async function readBoundedFile(path: string | URL): Promise<Uint8Array> {
  const information = await Deno.stat(path);
  if (!information.isFile || information.size > largestModelFile) {
    throw new ModelFileError(`Expected a file of at most ${largestModelFile} bytes but found ${information.size}`);
  }
  return await Deno.readFile(path);
}

function modelName(path: string): string {
  return path.replace(/^.*[/\\]/, "").replace(/\.[^.]+$/, "");
}
