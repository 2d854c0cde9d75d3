import { project } from "../spookynet_process.ts";
import { debianPython } from "./debian_ase.ts";
import { installDebianPackage } from "./debian_packages.ts";
import { skipping } from "../skipping.ts";

const inCI = Deno.env.get("CI") === "true";

/** Pythons that may have PyTorch and ASE: the training tool's own environment, and Debian's. */
const candidates = [`${project}.cache/train/bin/python`, debianPython];

/**
 * A Python with PyTorch, SciPy and ASE; `null`, with a message, where there is none. In CI Debian's packages are
 * installed then.
 *
 * @throws {Error} Where there is none in CI, and none can be installed.
 */
export async function findTorchPython(): Promise<string | null> {
  for (const python of candidates) if (await hasTorch(python)) return python;
  if (inCI) {
    for (const name of ["python3-torch", "python3-ase"]) await installDebianPackage(name);
    if (await hasTorch(debianPython)) return debianPython;
    throw new Error("Expected PyTorch and ASE in CI but found none: apt-get install python3-torch python3-ase");
  }
  skipping(
    "the training tool",
    "PyTorch is missing (run tools/train/environment, or on Debian apt-get install python3-torch python3-ase)",
  );
  return null;
}

async function hasTorch(python: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(python, {
      args: ["-c", "import torch, scipy, ase"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
