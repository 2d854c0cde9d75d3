import { loadModel } from "../model/load_model.ts";
import { writeSafetensors } from "../model/safetensors.ts";
import type { Invocation } from "./commands.ts";
import { findModel } from "./model_lookup.ts";
import { writeWholeFile } from "./output_file.ts";
import { UsageError } from "./usage_error.ts";

/** `convert`: a model as safetensors, every value in the type it was stored in. */
export async function run({ operands, options }: Invocation): Promise<number> {
  const [source, target] = operands as [string, string];
  if (!target.endsWith(".safetensors")) {
    throw new UsageError(`Expected a name ending in .safetensors to write to but found "${target}"`);
  }
  if (!options.force && await exists(target)) {
    throw new Error(`Expected ${target} to be new but it exists: choose another name, or give --force to replace it`);
  }
  const model = await loadModel(await findModel(source));
  const bytes = writeSafetensors(model);
  await writeWholeFile(target, bytes);
  console.log(`${target}: ${model.tensors.size} tensors, ${bytes.length} bytes`);
  return 0;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
