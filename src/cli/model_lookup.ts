import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "./usage_error.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** The checkpoint a fresh installation asks for. */
export const defaultModel = "published";

const published = {
  repository: "OUnke/SpookyNet",
  file: "parameters.pth",
  sha256: "604026ed148310d09cd6ae6c0e67e3c8905b5fc35ef3bd30714fd8776985e5cc",
};

/**
 * The folder models are looked for in by name: `SPOOKYNET_MODELS`, else `spookynet/models` in the user's data folder
 * (`XDG_DATA_HOME`, else `~/.local/share`), else, for a user without a home, `.cache/models` in the project.
 */
export function modelFolder(): string {
  const chosen = Deno.env.get("SPOOKYNET_MODELS");
  if (chosen) return chosen;
  const home = Deno.env.get("HOME");
  const data = Deno.env.get("XDG_DATA_HOME") || (home && join(home, ".local", "share"));
  return data ? join(data, "spookynet", "models") : join(project, ".cache", "models");
}

/**
 * Finds a model file.
 *
 * @param model A file, or the name of one in the model folder without `.safetensors` or `.pth`. `published` is also
 * looked for in the reference data beside the project.
 * @returns The file's path.
 * @throws {Deno.errors.NotFound} If there is none; the message says where it was looked for and where to get it.
 */
export async function findModel(model: string = defaultModel): Promise<string> {
  const isPath = model.includes("/") || /\.(pth|pt|safetensors)$/.test(model);
  if (isPath || await isFile(model)) {
    if (await isFile(model)) return model;
    throw new Deno.errors.NotFound(`Expected a model file ${model} but there is none`);
  }
  for (const path of placesOf(model)) {
    if (await isFile(path)) return path;
  }
  throw new Deno.errors.NotFound(
    model === defaultModel
      ? `Expected the published model at ${join(modelFolder(), "published.pth")} but there is none: put ` +
        `${published.file} of the GitHub repository ${published.repository} there under that name ` +
        `(sha256 ${published.sha256}), or give --model FILE`
      : `Expected a model ${model} but found neither a file of that name nor ${model}.safetensors or ${model}.pth in ` +
        `${modelFolder()}: put it there, or give --model FILE`,
  );
}

/**
 * Finds several model files.
 *
 * @param models What {@linkcode findModel} takes, with commas between them.
 * @throws {UsageError} If one of them is named twice: it would count twice.
 * @throws {Deno.errors.NotFound} If there is none of one of them.
 */
export async function findModels(models: string = defaultModel): Promise<string[]> {
  const names = await isFile(models) ? [models] : models.split(",").map((name) => name.trim());
  const repeated = names.find((name, k) => names.indexOf(name) < k);
  if (repeated !== undefined) throw new UsageError(`Expected different models but found "${repeated}" twice`);
  const paths: string[] = [];
  for (const name of names) paths.push(await findModel(name));
  return paths;
}

function placesOf(name: string): string[] {
  const places = [".safetensors", ".pth"].map((extension) => join(modelFolder(), name + extension));
  if (name === defaultModel) places.push(join(project, "..", "shared", "reference", "checkpoints", "published.pth"));
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
