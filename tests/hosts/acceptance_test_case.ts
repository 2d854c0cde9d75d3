import { findModel } from "../../src/cli/model_lookup.ts";
import { hasAdapter } from "../adapter.ts";
import { type PythonEnvironment, pythonTest } from "./python_test_case.ts";

/** What a test of the whole program stands on. */
export interface Acceptance {
  /** Python with i-PI and ASE. */
  readonly python: PythonEnvironment;
  /** Path of the model that all commands take without `--model`: the built-in one. */
  readonly model: string;
}

const model = await findModel();
const isComplete = await hasAdapter();

/**
 * Registers a test of a real host with the built-in model on the software driver: ignored where the driver or the Python
 * environment is missing (the reason is on stderr then), but failed there in CI.
 */
export function acceptanceTest(name: string, run: (acceptance: Acceptance) => Promise<void>): void {
  if (!isComplete) Deno.test.ignore(name, () => {});
  else pythonTest(name, (python) => run({ python, model }));
}
