import assert from "node:assert/strict";
import { assertRefused } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { readHyperparameters, writeHyperparameters } from "./hyperparameter_dictionary.ts";
import type { Tensor } from "./model.ts";

const model = tinyModel({ features: 12, longRangeCutoff: 9, residual: { localX: 0, post: 3 } });
const dictionary = writeHyperparameters(model);

/** Reads the model's dictionary with some keys changed, or removed where the value is undefined. */
function readWith(changes: Record<string, unknown>, tensors: ReadonlyMap<string, Tensor> = model.tensors) {
  const changed = new Map<string, unknown>(dictionary);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(key);
    else changed.set(key, value);
  }
  return readHyperparameters(changed, tensors);
}

Deno.test("readHyperparameters reads what writeHyperparameters wrote", () => {
  assert.deepEqual(readWith({}), { hyperparameters: model.hyperparameters, extras: model.extras });
});

Deno.test("writeHyperparameters writes the published keys", () => {
  // The keys as MODEL.md lists them.
  const keys = "activation num_features num_basis_functions num_modules num_residual_electron num_residual_pre " +
    "num_residual_local_x num_residual_local_s num_residual_local_p num_residual_local_d num_residual_local " +
    "num_residual_nonlocal_q num_residual_nonlocal_k num_residual_nonlocal_v num_residual_post num_residual_output " +
    "basis_functions exp_weighting cutoff lr_cutoff use_zbl_repulsion use_electrostatics use_d4_dispersion use_irreps " +
    "use_nonlinear_embedding compute_d4_atomic module_keep_prob Zmax";
  assert.deepEqual([...dictionary.keys()].sort(), keys.split(" ").sort());
});

Deno.test("readHyperparameters takes keys that older checkpoints lack for what the published code takes them", () => {
  const older = readWith({ use_irreps: undefined, use_nonlinear_embedding: undefined, lr_cutoff: undefined });
  assert.equal(older.hyperparameters.irreps, false);
  assert.equal(older.hyperparameters.nonlinearEmbedding, true);
  assert.equal(older.hyperparameters.longRangeCutoff, null);
});

Deno.test("readHyperparameters finds out from the tensors which terms a model has", () => {
  const missing = { use_zbl_repulsion: undefined, use_d4_dispersion: undefined };
  const both = readWith(missing).hyperparameters;
  assert.deepEqual([both.zblRepulsion, both.dispersion], [true, true]);
  const neither = readWith(missing, tinyModel({ zblRepulsion: false, dispersion: false }).tensors).hyperparameters;
  assert.deepEqual([neither.zblRepulsion, neither.dispersion], [false, false]);
});

Deno.test("readHyperparameters wants exp_weighting only where it has a meaning", () => {
  assertRefused(
    () => readWith({ exp_weighting: undefined }),
    /true or false as hyperparameter exp_weighting but found no such key/,
  );
  const { hyperparameters } = readWith({ exp_weighting: undefined, basis_functions: "sinc" });
  assert.equal(hyperparameters.expWeighting, false);
});

Deno.test("readHyperparameters refuses values that are senseless, naming the key", () => {
  const senseless: Record<string, unknown[]> = {
    activation: ["relu", undefined, null, 1],
    basis_functions: ["bessel", "toString", undefined],
    num_features: [0, -1, 1.5, 65537, "64", true, null, undefined, NaN],
    num_basis_functions: [0, 1e9],
    num_modules: [0, Infinity],
    num_residual_pre: [-1, 0.5, undefined],
    cutoff: [0, -5, NaN, Infinity, null, "5", undefined],
    lr_cutoff: [0, -5, NaN, "none", false],
    use_electrostatics: [undefined, 1, "True", null],
    use_irreps: [1, "yes"],
    Zmax: [1, 257, 86.5, undefined],
    epoch: [[], new Map(), NaN, Infinity, 1n],
  };
  for (const [key, values] of Object.entries(senseless)) {
    for (const value of values) {
      assertRefused(() => readWith({ [key]: value }), new RegExp(`hyperparameter ${key} but found`));
    }
  }
});

Deno.test("readHyperparameters hands on other keys unchanged", () => {
  const extras = { epoch: 17, comment: "mine", best: true, scheduler: null };
  assert.deepEqual(readWith(extras).extras, { ...model.extras, ...extras });
});
