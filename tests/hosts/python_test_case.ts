import { type PythonEnvironment, pythonEnvironment } from "../../src/cli/python_environment.ts";
import { skipping } from "../skipping.ts";

export type { PythonEnvironment };

const inCI = Deno.env.get("CI") === "true";

/** The environment with i-PI and ASE; `null` where there can be none, the reason is on stderr then. */
const python = await pythonEnvironment({ ase: true });
if (python === null) skipping("i-PI and ASE", "there is no Python environment (python3 with venv and a package index)");

/** Registers a test with a real host: ignored where there is no Python environment, but failed there in CI. */
export function pythonTest(name: string, run: (python: PythonEnvironment) => Promise<void>): void {
  Deno.test({
    name,
    ignore: python === null && !inCI,
    async fn() {
      if (python === null) throw new Error("Expected a Python environment in CI but found none; the reason is above");
      await run(python);
    },
  });
}
