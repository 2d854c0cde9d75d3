import { describeModel, formatDescription } from "../model/describe_model.ts";
import { loadModel } from "../model/load_model.ts";
import type { Invocation } from "./commands.ts";
import { findModel } from "./model_lookup.ts";
import { printRows } from "./rows.ts";

/** `info`: what a model file holds. */
export async function run({ operands }: Invocation): Promise<number> {
  const path = await findModel(operands[0]);
  const description = describeModel(await loadModel(path));
  printRows([["file", path], ...formatDescription(description)]);
  return 0;
}
