import { skipping } from "../skipping.ts";

/** The Python that Debian's packages, `python3-ase` among them, are installed for. */
export const debianPython = "/usr/bin/python3";

/** Whether Debian's ASE (3.22.1 in bookworm) is installed. */
export const hasDebianAse: boolean = await canImportAse();

if (!hasDebianAse) skipping("ASE of Debian", "it is missing (Debian: apt-get install python3-ase)");

async function canImportAse(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(debianPython, {
      args: ["-c", "import ase"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
