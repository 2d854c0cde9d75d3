import { openLibrary } from "../../adapters/lammps/liblammps.ts";
import { installDebianPackage } from "./debian_packages.ts";
import { skipping } from "../skipping.ts";

const inCI = Deno.env.get("CI") === "true";

/** Why there is no LAMMPS; `null` where there is one. */
let missing = reasonForNoLammps();

if (missing !== null && inCI && await installDebianPackage("liblammps0")) missing = reasonForNoLammps();

if (missing !== null) skipping("LAMMPS in one process", missing);

function reasonForNoLammps(): string | null {
  try {
    openLibrary().close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether tests with LAMMPS run here: in CI they must. */
export const runsLammps: boolean = missing === null || inCI;

/** Registers a test with a real LAMMPS: ignored, with a message, where there is none, but failed there in CI. */
export function lammpsTest(name: string, run: () => void | Promise<void>): void {
  Deno.test({
    name,
    ignore: !runsLammps,
    // The library and MPI stay for the whole process.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (missing !== null) throw new Error(`Expected LAMMPS in CI: ${missing}`);
      await run();
    },
  });
}
