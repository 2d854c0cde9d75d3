import { buildNetwork } from "./build_network.ts";
import type { Model } from "./model.ts";
import { ModelFileError } from "./model_file_error.ts";
import { isSafetensors, readSafetensors } from "./safetensors.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";
import { trainingDomain } from "./training_domain.ts";
import { isZipArchive } from "./zip_archive.ts";

/** Largest file read, bytes; the published model has 2.4 MB. */
const largestFile = 2 ** 29;

/**
 * Reads a model file: a checkpoint as published (`.pth`) or safetensors, told apart by content.
 *
 * @param path The file.
 * @returns The model, called as the file is without folder and extension.
 * @throws {ModelFileError} in one line that begins with the path, where the file is missing, too large or unusable.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const model = await loadModel("tests/fixtures/tiny.safetensors");
 * assert.equal(model.name, "tiny");
 * assert.equal(model.hyperparameters.features, 8);
 * assert.deepEqual(model.tensors.get("output.weight")?.shape, [2, 8]);
 *
 * const bytes = await Deno.readFile("tests/fixtures/tiny.safetensors");
 * assert.deepEqual(parseModel(bytes, "tiny"), model);
 * ```
 */
export async function loadModel(path: string | URL): Promise<Model> {
  try {
    return parseModel(await readBoundedFile(path), modelName(path));
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw error.inFile(String(path));
  }
}

/**
 * Reads a model from the bytes of a file; see {@linkcode loadModel}. Hyperparameters and tensors are checked against
 * each other, so that a network can be built from what is returned, and so is what the file says about the model's
 * training. Nothing of the bytes is kept.
 *
 * @param bytes The file.
 * @param name What the model is to be called.
 * @throws {ModelFileError} where the bytes are no such file.
 */
export function parseModel(bytes: Uint8Array, name: string): Model {
  const model = readByKind(bytes, name);
  buildNetwork(model);
  trainingDomain(model);
  return model;
}

function readByKind(bytes: Uint8Array, name: string): Model {
  if (bytes.length > largestFile) {
    throw new ModelFileError(`Expected a model file of at most ${largestFile} bytes but found ${bytes.length}`);
  }
  if (isZipArchive(bytes)) return readTorchCheckpoint(bytes, name);
  if (isSafetensors(bytes)) return readSafetensors(bytes, name);
  throw new ModelFileError(
    "Expected a checkpoint as torch.save writes it since PyTorch 1.6 (a zip archive) or safetensors but found neither; " +
      "an older checkpoint can be loaded and saved again with a newer PyTorch",
    { offset: 0 },
  );
}

async function readBoundedFile(path: string | URL): Promise<Uint8Array> {
  let information: Deno.FileInfo;
  try {
    information = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ModelFileError("Expected a model file but found nothing of that name");
  }
  if (!information.isFile) throw new ModelFileError("Expected a model file but found something that is no file");
  if (information.size > largestFile) {
    throw new ModelFileError(`Expected a model file of at most ${largestFile} bytes but found ${information.size}`);
  }
  return await Deno.readFile(path);
}

function modelName(path: string | URL): string {
  const text = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  return text.replace(/^.*[/\\]/, "").replace(/(.)\.[^.]+$/, "$1");
}
