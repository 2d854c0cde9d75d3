import { findModel } from "../../src/cli/model_lookup.ts";
import { hasAdapter } from "../adapter.ts";
import { type PythonEnvironment, pythonTest } from "./python_test_case.ts";

const inCI = Deno.env.get("CI") === "true";

/** What a test of the whole program stands on. */
export interface Acceptance {
  /** Python with i-PI and ASE. */
  readonly python: PythonEnvironment;
  /** Path of the published model. */
  readonly model: string;
}

const model = await publishedModel();
const isComplete = await hasAdapter() && model !== null;

/**
 * Registers a test of a real host with the published model on the software driver: ignored where the model, the driver or
 * the Python environment is missing (the reason is on stderr then), but failed there in CI.
 */
export function acceptanceTest(name: string, run: (acceptance: Acceptance) => Promise<void>): void {
  if (!isComplete) Deno.test.ignore(name, () => {});
  else pythonTest(name, (python) => run({ python, model: model! }));
}

async function publishedModel(): Promise<string | null> {
  try {
    return await findModel();
  } catch (error) {
    if (inCI || !(error instanceof Deno.errors.NotFound)) throw error;
    console.warn(`Skipping the tests of real hosts with the published model: ${error.message}`);
    return null;
  }
}
