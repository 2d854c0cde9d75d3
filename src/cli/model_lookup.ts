import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtInModel } from "../model/built_in_model.ts";
import { type KnownModel, knownModels, published } from "./known_models.ts";
import { type ModelFolders, modelFolders } from "./model_folders.ts";
import { UsageError } from "./usage_error.ts";

/** What a model's file may be called behind its name, in the order of looking. */
const extensions = [".safetensors", ".pth"];

/** The file of the model that computes where none is asked for: {@linkcode builtInModel}. */
export const defaultModel: string = fileURLToPath(builtInModel());

/** A model that was asked for by name and is not here. */
export class MissingModelError extends Deno.errors.NotFound {
  override readonly name = "MissingModelError";
  /** The model, where it can be downloaded. */
  readonly known: KnownModel | null;

  /** The message is one line; it says where the model was looked for, and what to do. */
  constructor(message: string, known: KnownModel | null) {
    super(message);
    this.known = known;
  }
}

/**
 * Finds a model file.
 *
 * @param model A file, or the name of one, without `.safetensors` or `.pth`, that is looked for in the user's folder,
 * among the built-in models and in the cache; the published one also in the reference data beside the project. By default
 * {@linkcode defaultModel}.
 * @returns The file's path.
 * @throws {MissingModelError} If there is none of that name, or the project lacks its own.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function findModel(model?: string, folders: ModelFolders = modelFolders()): Promise<string> {
  if (model === undefined) {
    if (await isFile(defaultModel)) return defaultModel;
    throw new MissingModelError(
      `Expected the built-in model ${defaultModel} but there is none: clone the project again, or give --model published`,
      null,
    );
  }
  if (model.includes("/") || /\.(pth|pt|safetensors)$/.test(model) || await isFile(model)) {
    if (await isFile(model)) return model;
    throw new Deno.errors.NotFound(`Expected a model file ${model} but there is none`);
  }
  for (const path of placesOf(model, folders)) {
    if (await isFile(path)) return path;
  }
  const known = knownModels.find(({ name }) => name === model) ?? null;
  throw new MissingModelError(
    known !== null
      ? `Expected the model ${model} but it is not here: ./spookynet models pull ${model} downloads it ` +
        `(${megabytes(known)} MB; so does --yes), or give --model FILE`
      : `Expected a model ${model} but found neither a file of that name nor ${model}.safetensors or ${model}.pth in ` +
        `${folders.own}: put it there, give --model FILE, or see ./spookynet models`,
    known,
  );
}

/**
 * Finds several model files.
 *
 * @param models What {@linkcode findModel} takes, with commas between them.
 * @param find Finds each.
 * @throws {UsageError} If one of them is named twice: it would count twice.
 * @throws {Deno.errors.NotFound} If there is none of one of them.
 */
export async function findModels(
  models: string | undefined,
  find: (model?: string) => Promise<string> = findModel,
): Promise<string[]> {
  if (models === undefined || await isFile(models)) return [await find(models)];
  const names = models.split(",").map((name) => name.trim());
  const repeated = names.find((name, k) => names.indexOf(name) < k);
  if (repeated !== undefined) throw new UsageError(`Expected different models but found "${repeated}" twice`);
  const paths: string[] = [];
  for (const name of names) paths.push(await find(name));
  return paths;
}

/** The model files of a folder, sorted by name; none where there is no such folder. */
export async function modelFilesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (extensions.some((extension) => name.endsWith(extension))) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return names.sort().map((name) => join(folder, name));
}

/** Megabytes of a model's file, to one decimal. */
export function megabytes({ size }: KnownModel): string {
  return (size / 1e6).toFixed(1);
}

function placesOf(name: string, { own, builtIn, cache, reference }: ModelFolders): string[] {
  const places = [own, builtIn, cache].flatMap((folder) =>
    extensions.map((extension) => join(folder, name + extension))
  );
  if (name === published.name) places.push(join(reference, published.file));
  return places;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
