/**
 * The project's own Python environment: i-PI, and ASE when asked for, pinned, in `.cache/python` of the project. Nothing
 * is installed anywhere else.
 */
import { fileURLToPath } from "node:url";

/** Programs of an environment. */
export interface PythonEnvironment {
  /** Path of its Python. */
  readonly python: string;
  /** Path of i-PI's main script. */
  readonly ipi: string;
}

/** What {@linkcode pythonEnvironment} is asked for. */
export interface PythonEnvironmentOptions {
  /** Whether ASE is needed besides i-PI; default false. */
  readonly ase?: boolean;
  /** Takes a line when something is installed, and the reason when there can be no environment; default: stderr. */
  report?(line: string): void;
}

const projectRoot = fileURLToPath(new URL("../../", import.meta.url));
const ipiRequirements = `${projectRoot}adapters/ipi/requirements.txt`;
const aseRequirements = `${projectRoot}adapters/python/requirements.txt`;
const environments = `${projectRoot}.cache/python`;

/** Tried in this order; i-PI needs 3.10. */
const interpreters = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "/usr/bin/python3"];
const leastMinorVersion = 10;

/** Written last: an environment without it was never finished. */
const readyMark = "ready";

/**
 * Finds or makes the environment with i-PI (and ASE), in the versions of `adapters/ipi/requirements.txt` (and
 * `adapters/python/requirements.txt`). Made once, which takes some ten seconds and a package index; then found without
 * starting anything. Several processes may ask at the same time.
 *
 * @returns The environment; `null`, after saying why and what to do, when it can not be made.
 */
export async function pythonEnvironment(options: PythonEnvironmentOptions = {}): Promise<PythonEnvironment | null> {
  const report = options.report ?? ((line) => console.error(line));
  const complete = await readyEnvironment([ipiRequirements, aseRequirements]);
  if (complete !== null) return complete;
  const requirements = options.ase ? [ipiRequirements, aseRequirements] : [ipiRequirements];
  try {
    return await readyEnvironment(requirements) ?? await makeEnvironment(requirements, report);
  } catch (error) {
    report(`Expected to set up a Python environment in ${environments} but found: ${messageOf(error)}`);
    return null;
  }
}

async function readyEnvironment(requirements: readonly string[]): Promise<PythonEnvironment | null> {
  const folder = await folderOf(requirements);
  const environment = { python: `${folder}/bin/python`, ipi: `${folder}/bin/i-pi` };
  // The interpreter is a link to the system's, which may have been removed since.
  for (const path of [`${folder}/${readyMark}`, environment.python, environment.ipi]) {
    if (!(await exists(path))) return null;
  }
  return environment;
}

/** One folder for each content of the requirements, so that a changed pin is never met by an old environment. */
async function folderOf(requirements: readonly string[]): Promise<string> {
  const texts = await Promise.all(requirements.map((path) => Deno.readTextFile(path)));
  // Scripts in a virtual environment name it by its full path: a moved project needs a new one.
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode([projectRoot, ...texts].join("\0")));
  return `${environments}/${new Uint8Array(digest).toHex().slice(0, 16)}`;
}

async function makeEnvironment(
  requirements: readonly string[],
  report: (line: string) => void,
): Promise<PythonEnvironment> {
  const folder = await folderOf(requirements);
  await Deno.mkdir(environments, { recursive: true });
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  // Another process may have made it while this one waited for the lock.
  const ready = await readyEnvironment(requirements);
  if (ready !== null) return ready;
  const packages = requirements.length > 1 ? "i-PI and ASE" : "i-PI";
  report(`installing ${packages} into ${folder} (once)`);
  await makeVirtualEnvironment(folder);
  const files = requirements.flatMap((path) => ["--requirement", path]);
  await runOrThrow(`${folder}/bin/python`, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    ...files,
  ]);
  await Deno.writeTextFile(`${folder}/${readyMark}`, "");
  const made = await readyEnvironment(requirements);
  if (made === null) throw new Error(`no bin/i-pi in ${folder} after installing it`);
  return made;
}

/** Makes an empty virtual environment with the first interpreter that can: Debian's has no `ensurepip` of its own. */
async function makeVirtualEnvironment(folder: string): Promise<void> {
  const failures: string[] = [];
  for (const interpreter of interpreters) {
    if (!(await isNewEnough(interpreter))) continue;
    for (const module of ["venv", "virtualenv"]) {
      await Deno.remove(folder, { recursive: true }).catch(ignoreNotFound);
      try {
        await runOrThrow(interpreter, ["-m", module, folder]);
        return;
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
  }
  await Deno.remove(folder, { recursive: true }).catch(ignoreNotFound);
  const found = failures.length > 0 ? failures.join("; ") : `none of ${interpreters.join(", ")} is 3.10 or newer`;
  throw new Error(`${found}; install Python 3.10 or newer with venv (Debian: apt-get install python3-venv)`);
}

async function isNewEnough(interpreter: string): Promise<boolean> {
  try {
    await runOrThrow(interpreter, ["-c", `import sys; sys.exit(sys.version_info < (3, ${leastMinorVersion}))`]);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command without a shell; an error carries the last line it wrote to stderr. */
async function runOrThrow(command: string, args: readonly string[]): Promise<void> {
  const { success, code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const text = new TextDecoder();
  const lines = `${text.decode(stdout)}\n${text.decode(stderr)}`.split("\n").filter((line) => line.trim() !== "");
  throw new Error(`${command} ${args.slice(0, 3).join(" ")} exited with ${code} (${lines.at(-1)?.trim() ?? ""})`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    ignoreNotFound(error);
    return false;
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
