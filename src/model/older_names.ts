import type { Tensor } from "./model.ts";
import { ModelFileError } from "./model_file_error.ts";

/** Buffers of older code that nothing needs. */
const dropped: ReadonlySet<string> = new Set(["idx", "mul"]);

/**
 * What older names became, as the published code translates them when it loads a checkpoint of older code: the parts
 * of a residual MLP stood beside each other (`residual_x`, `activation_x`, `linear_x`, or without a suffix), and a
 * module's output MLP was called `output`.
 */
const renamings: readonly (readonly [RegExp, string])[] = [
  [/^((?:charge|magmom)_embedding\.)(residual|activation|linear)_([kv])\./, "$1resblock_$3.$2."],
  [/^(module\.\d+\.(?:non)?local_interaction\.)(residual|activation|linear)_([a-z])\./, "$1resblock_$3.$2."],
  [/^(module\.\d+\.local_interaction\.)(residual|activation|linear)\./, "$1resblock.$2."],
  [/^(module\.\d+\.)output\./, "$1resblock."],
];

/** The two halves of what is one projection now. */
const firstHalf = /^(module\.\d+\.local_interaction\.projection_[pd])1\.weight$/;
const secondHalf = /^(module\.\d+\.local_interaction\.projection_[pd])2\.weight$/;

/**
 * The tensors of a checkpoint under the published names, where older code may have written it. Only checkpoints with
 * the older electronic embedding can have older names; names that are not older ones stay as they are.
 *
 * @throws {ModelFileError} where two tensors would get the same name, or half a projection is missing.
 */
export function translateOlderNames(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const translated = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const second = secondHalf.exec(name)?.[1];
    if (dropped.has(name) || (second !== undefined && tensors.has(`${second}1.weight`))) continue;
    const first = firstHalf.exec(name)?.[1];
    const newName = first === undefined ? translateName(name) : `${first}.weight`;
    if (translated.has(newName) || (newName !== name && tensors.has(newName))) {
      throw new ModelFileError(`Expected one tensor for ${newName} but found it under its older name too`, {
        tensor: name,
      });
    }
    translated.set(newName, first === undefined ? tensor : joinHalves(tensors, name, tensor, `${first}2.weight`));
  }
  return translated;
}

function translateName(name: string): string {
  for (const [pattern, replacement] of renamings) {
    if (pattern.test(name)) return name.replace(pattern, replacement);
  }
  return name;
}

/** Two matrices [F][F], one above the other [2F][F]. */
function joinHalves(tensors: ReadonlyMap<string, Tensor>, name: string, first: Tensor, secondName: string): Tensor {
  const second = tensors.get(secondName);
  const alike = second !== undefined && first.shape.length === 2 && second.dtype === first.dtype &&
    second.shape.length === 2 && second.shape[1] === first.shape[1];
  if (!alike) {
    throw new ModelFileError(
      `Expected ${secondName} as the second half of this projection, of the same kind, but found none`,
      {
        tensor: name,
      },
    );
  }
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { shape: [first.shape[0]! + second.shape[0]!, first.shape[1]!], dtype: first.dtype, data };
}
