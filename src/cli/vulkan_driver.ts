import { join } from "node:path";

/** Where Vulkan's loader looks for the files that name drivers. */
const manifestFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/** Where a driver that is named without a folder is looked for. */
const libraryFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/**
 * The version of Mesa among the installed Vulkan drivers, which WebGPU does not tell: every driver's library holds it as
 * text. The packages of one Mesa release come together, so that the first library that says it speaks for all.
 *
 * @returns For instance `22.3.6`; `null` where no Mesa driver is installed.
 */
export async function mesaVersion(): Promise<string | null> {
  for (const library of await driverLibraries()) {
    const version = versionIn(await Deno.readFile(library).catch(() => new Uint8Array()));
    if (version !== null) return version;
  }
  return null;
}

async function driverLibraries(): Promise<string[]> {
  const libraries: string[] = [];
  for (const folder of manifestFolders) {
    for (const name of await filesOf(folder)) {
      if (!name.endsWith(".json")) continue;
      const path = libraryPathIn(await Deno.readTextFile(join(folder, name)));
      if (path?.startsWith("/")) libraries.push(path);
      else if (path !== null) libraries.push(...libraryFolders.map((prefix) => join(prefix, path)));
    }
  }
  return libraries;
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function libraryPathIn(manifest: string): string | null {
  try {
    const path: unknown = JSON.parse(manifest)?.ICD?.library_path;
    return typeof path === "string" ? path : null;
  } catch {
    return null;
  }
}

function versionIn(library: Uint8Array): string | null {
  const text = new TextDecoder("latin1").decode(library);
  return /Mesa (\d+\.\d+\.\d+(?:-[a-z]+\d*)?)/.exec(text)?.[1] ?? null;
}
