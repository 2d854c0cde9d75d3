import { skipping } from "../skipping.ts";

/** What Debian's packages of the hosts' programs are called, by program. */
const packageOf: Readonly<Record<string, string>> = {
  gcc: "gcc",
  "g++": "g++",
  gfortran: "gfortran",
  mpirun: "openmpi-bin",
};

const inCI = Deno.env.get("CI") === "true";

/**
 * Whether a program can be started. Where it is missing in CI, and apt-get may install it, that is tried first.
 *
 * @throws {Error} Where it is missing, and cannot be installed, although `CI` is `true`.
 */
export async function hasProgram(program: string): Promise<boolean> {
  if (await succeeds(program, ["--version"])) return true;
  if (inCI) {
    const debian = packageOf[program] ?? program;
    if (await installDebianPackage(debian) && await succeeds(program, ["--version"])) return true;
    throw new Error(`Expected ${program} in CI but found none: apt-get install ${debian}`);
  }
  skipping(`what needs ${program}`, `it is missing (Debian: apt-get install ${packageOf[program] ?? program})`);
  return false;
}

/** Installs a package with apt-get, as root only; says whether that went well. */
export async function installDebianPackage(name: string): Promise<boolean> {
  if (Deno.uid() !== 0) return false;
  const packages = ["install", "-qq", "-y", "--no-install-recommends", name];
  if (await succeeds("apt-get", packages)) return true;
  return await succeeds("apt-get", ["update", "-qq"]) && await succeeds("apt-get", packages);
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
