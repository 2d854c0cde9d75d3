import assert from "node:assert/strict";
import { assertRefused } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { parseModel } from "./load_model.ts";
import type { Model } from "./model.ts";
import { writeSafetensors } from "./safetensors.ts";
import { trainingDomain } from "./training_domain.ts";

const tiny = tinyModel();

function saying(domain: unknown): Model {
  return { ...tiny, metadata: new Map([["domain", typeof domain === "string" ? domain : JSON.stringify(domain)]]) };
}

/** The tiny model with rows of the two element tables for these elements only. */
function withRows(embedded: readonly number[], biased: readonly number[]): Model {
  const tensors = new Map(tiny.tensors);
  for (
    const [name, elements] of [["nuclear_embedding.element_embedding", embedded], ["element_bias", biased]] as const
  ) {
    const table = tensors.get(name)!;
    const columns = table.shape[1]!;
    const data = table.data.map((value, index) => elements.includes(Math.floor(index / columns)) ? value : 0);
    tensors.set(name, { ...table, data });
  }
  return { ...tiny, tensors };
}

Deno.test("trainingDomain() reads what a model says", () => {
  const domain = trainingDomain(saying({
    elements: ["O", "H", "O"],
    charge: [-1, 1],
    unpaired: [0, 2],
    closest: { "O-H": 0.7, "H-H": 0.55 },
    closest_covalent: 0.6,
  }));
  assert.deepEqual(domain, {
    elements: [1, 8],
    charge: [-1, 1],
    unpaired: [0, 2],
    closest: {
      pairs: [{ elements: [1, 8], distance: 0.7 }, { elements: [1, 1], distance: 0.55 }],
      covalent: 0.6,
    },
  });
});

Deno.test("trainingDomain() takes what a model does not say for unknown, but its elements for those with trained rows", () => {
  assert.deepEqual(trainingDomain(saying({ charge: [0, 0] })), {
    elements: Array.from({ length: 17 }, (_, index) => index + 1),
    charge: [0, 0],
    unpaired: null,
    closest: null,
  });
  assert.deepEqual(trainingDomain(withRows([1, 6, 8, 9], [1, 6, 7, 8])).elements, [1, 6, 8]);
  // A model without biases, or without an embedding, which says nothing.
  assert.deepEqual(trainingDomain(withRows([1, 3, 6, 8], [])).elements, [1, 3, 6, 8]);
  assert.equal(trainingDomain(withRows([], [1])).elements, null);
});

Deno.test("trainingDomain() survives writing and reading", () => {
  const model = saying({ elements: ["H", "C"], closest_covalent: 0.5 });
  const back = parseModel(writeSafetensors(model), "tiny");
  assert.deepEqual(back, model);
  assert.deepEqual(trainingDomain(back), trainingDomain(model));
});

Deno.test("parseModel() refuses a domain that is none, saying where and what", () => {
  const refused: [unknown, RegExp][] = [
    ["{", /Expected an object in JSON in the text "domain" of __metadata__ but found \{/],
    [[1], /Expected an object in JSON/],
    [{ charges: [0, 1] }, /Expected elements, charge, .* but found the key charges/],
    [{ elements: [] }, /list of symbols as elements .* found \[\]/],
    [{ elements: "H C" }, /list of symbols as elements/],
    [{ elements: ["Xx"] }, /chemical symbol .* found "Xx"/],
    [{ elements: [8] }, /chemical symbol .* found 8/],
    [{ elements: ["Ar"] }, /Expected elements up to 17, which the model has, in its domain but found 18/],
    [{ charge: [1, -1] }, /least and the greatest value as charge .* found \[1,-1\]/],
    [{ charge: 1 }, /least and the greatest value as charge/],
    [{ charge: [0, 1, 2] }, /least and the greatest value as charge/],
    [{ charge: [null, 1] }, /least and the greatest value as charge/],
    [{ unpaired: [-1, 1] }, /least and the greatest value as unpaired/],
    [{ closest: { "H": 1 } }, /two symbols like "H-O" in closest .* found "H"/],
    [{ closest: { "H-H": 0 } }, /above 0 and up to 10 as closest H-H .* found 0/],
    [{ closest: { "H-H": "1" } }, /as closest H-H .* found "1"/],
    [{ closest: 1 }, /object of distances as closest/],
    [{ closest_covalent: 1e9 }, /above 0 and up to 3 as closest_covalent/],
  ];
  for (const [domain, expected] of refused) {
    assertRefused(() => parseModel(writeSafetensors(saying(domain)), "tiny"), expected);
  }
});
