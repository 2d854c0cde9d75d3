import assert from "node:assert/strict";
import { assertRefused } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "./build_network.ts";
import type { Tensor } from "./model.ts";
import { translateOlderNames } from "./older_names.ts";

const model = tinyModel({ nonlinearEmbedding: true });

/** The names that older code gave, by reversing one by one what its successor's loader does. */
function olderNames(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const older = new Map<string, Tensor>([["idx", scalar], ["mul", scalar]]);
  for (const [name, tensor] of tensors) {
    if (/projection_[pd]\.weight$/.test(name)) {
      const half = tensor.data.length / 2;
      const shape = [tensor.shape[0]! / 2, tensor.shape[1]!];
      const stem = name.slice(0, -".weight".length);
      older.set(`${stem}1.weight`, { ...tensor, shape, data: tensor.data.slice(0, half) });
      older.set(`${stem}2.weight`, { ...tensor, shape, data: tensor.data.slice(half) });
    } else if (/^module\.\d+\.resblock\./.test(name)) older.set(name.replace(".resblock.", ".output."), tensor);
    else older.set(name.replace(/\.resblock_([a-z])\.([a-z]+)\./, ".$2_$1.").replace(/\.resblock\./, "."), tensor);
  }
  return older;
}

const scalar: Tensor = { shape: [], dtype: "int64", data: Float64Array.of(1) };

Deno.test("translateOlderNames brings a checkpoint of older code to the published names", () => {
  const older = olderNames(model.tensors);
  assert.ok(older.has("module.0.nonlocal_interaction.residual_q.stack.0.linear1.weight"));
  assert.ok(older.has("charge_embedding.linear_k.weight"));
  assert.ok(older.has("module.1.local_interaction.projection_d2.weight"));
  const translated = translateOlderNames(older);
  assert.deepEqual(translated, model.tensors);
  buildNetwork({ ...model, tensors: translated });
});

Deno.test("translateOlderNames leaves published names as they are", () => {
  assert.deepEqual(translateOlderNames(model.tensors), model.tensors);
});

Deno.test("translateOlderNames refuses a tensor that is there under both names", () => {
  const [name, older] = ["module.0.resblock.linear.bias", "module.0.output.linear.bias"];
  const tensor = model.tensors.get(name)!;
  for (const both of [[name, older], [older, name]]) {
    assertRefused(
      () => translateOlderNames(new Map(both.map((each) => [each, tensor]))),
      /one tensor for module\.0\.resblock/,
    );
  }
});

Deno.test("translateOlderNames refuses half a projection", () => {
  const half = model.tensors.get("output.weight")!;
  const name = "module.0.local_interaction.projection_p1.weight";
  assertRefused(
    () => translateOlderNames(new Map([[name, half]])),
    /projection_p2\.weight as the second half .*tensor/,
  );
  const second = "module.0.local_interaction.projection_p2.weight";
  assertRefused(
    () => translateOlderNames(new Map([[name, half], [second, scalar]])),
    /projection_p2\.weight as the second half/,
  );
  assert.ok(translateOlderNames(new Map([[second, half]])).has(second));
});
