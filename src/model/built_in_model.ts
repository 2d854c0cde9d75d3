/**
 * The file of the built-in model, which belongs to this package: a small SpookyNet for water, its ions, and small molecules,
 * ions and radicals of H, C, N and O, distilled from the published one. `models/README.md` says what it was taught, how
 * far it is from its teacher, and what it must not be used for; {@linkcode trainingDomain} says the bounds in numbers.
 *
 * @returns An address to be given to {@linkcode loadModel}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadModel } from "./load_model.ts";
 * import { trainingDomain } from "./training_domain.ts";
 *
 * const model = await loadModel(builtInModel());
 * assert.deepEqual(trainingDomain(model).elements, [1, 6, 7, 8]);
 * ```
 */
export function builtInModel(): URL {
  return new URL("../../models/hcno-1.safetensors", import.meta.url);
}
