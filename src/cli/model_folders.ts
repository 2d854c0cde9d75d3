import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** Folders that models are looked for in by name. */
export interface ModelFolders {
  /** The user's own. */
  readonly own: string;
  /** Those that belong to the project. */
  readonly builtIn: string;
  /** Those that were downloaded. */
  readonly cache: string;
  /** The published model among the reference data that developers have beside the project. */
  readonly reference: string;
}

/** Where models are: {@linkcode modelFolder}, `models` in the project, {@linkcode cacheFolder}, and beside the project. */
export function modelFolders(): ModelFolders {
  return {
    own: modelFolder(),
    builtIn: join(project, "models"),
    cache: cacheFolder(),
    reference: join(project, "..", "shared", "reference", "checkpoints"),
  };
}

/**
 * The user's folder of models: `SPOOKYNET_MODELS`, else `spookynet/models` in the user's data folder (`XDG_DATA_HOME`, else
 * `~/.local/share`), else, for a user without a home, `.cache/models` in the project.
 */
export function modelFolder(): string {
  return Deno.env.get("SPOOKYNET_MODELS") || userFolder("XDG_DATA_HOME", ".local", "share");
}

/**
 * Where downloaded models are kept: `spookynet/models` in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`), else,
 * for a user without a home, `.cache/models` in the project.
 */
export function cacheFolder(): string {
  return userFolder("XDG_CACHE_HOME", ".cache");
}

/** The project's own folder for what it installs. */
const installed = join(project, ".cache", "models");

function userFolder(variable: "XDG_DATA_HOME" | "XDG_CACHE_HOME", ...inHome: readonly string[]): string {
  const home = Deno.env.get("HOME");
  const folder = Deno.env.get(variable) || (home && join(home, ...inHome));
  return folder ? join(folder, "spookynet", "models") : installed;
}
