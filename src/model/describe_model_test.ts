import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { describeModel, formatDescription } from "./describe_model.ts";
import type { Model } from "./model.ts";

/** The tiny model with embeddings and biases for these elements only. */
function trainedOn(embedded: readonly number[], biased: readonly number[]): Model {
  const model = tinyModel();
  const tensors = new Map(model.tensors);
  for (
    const [name, elements] of [["nuclear_embedding.element_embedding", embedded], ["element_bias", biased]] as const
  ) {
    const table = tensors.get(name)!;
    const columns = table.shape[1]!;
    const data = table.data.map((value, index) => elements.includes(Math.floor(index / columns)) ? value : 0);
    tensors.set(name, { ...table, data });
  }
  return { ...model, tensors };
}

Deno.test("describeModel finds the elements with rows of their own", () => {
  const description = describeModel(trainedOn([1, 6, 7, 8, 9, 16], [1, 6]));
  assert.deepEqual(description.embeddedElements, [1, 6, 7, 8, 9, 16]);
  assert.deepEqual(description.biasedElements, [1, 6]);
  const rows = new Map(formatDescription(description));
  assert.equal(rows.get("elements"), "H, C (2)");
  assert.equal(rows.get("element embeddings"), "H, C–F, S (6)");
  assert.equal(rows.get("element biases"), "H, C (2)");
});

Deno.test("describeModel counts trained parameters apart from tables", () => {
  // F = 1, K = 1, M = 1, no residual block: counted by hand from MODEL.md.
  const none = { electron: 0, pre: 0, localX: 0, localS: 0, localP: 0, localD: 0, local: 0 };
  const residual = { ...none, nonlocalQ: 0, nonlocalK: 0, nonlocalV: 0, post: 0, output: 0 };
  const model = tinyModel({
    features: 1,
    basisFunctions: 1,
    modules: 1,
    residual,
    zblRepulsion: false,
    dispersion: false,
  });
  const { parameters, values, tensors } = describeModel(model);
  const embeddings = 18 * 2 + 18 + 20 + (2 + 2 + 2 + 3) + (2 + 1 + 1 + 3);
  // _alpha; three radial weights, two projections of two, nine MLPs of four numbers, the output.
  assert.equal(parameters, embeddings + 1 + 3 + 4 + 9 * 4 + 2);
  // Constants: electron configurations, ω, and logc, n, v.
  assert.equal(values, parameters + 18 * 20 + 1 + 3);
  assert.equal(tensors, model.tensors.size);
});

Deno.test("formatDescription says what differs between models", () => {
  const usual = new Map(formatDescription(describeModel(tinyModel())));
  assert.equal(usual.get("elements"), "H–Cl (17)");
  assert.equal(usual.has("element embeddings") || usual.has("element biases"), false);
  for (const unknown of ["charges", "unpaired electrons", "closest atoms"]) {
    assert.equal(usual.get(unknown), "not stated");
  }
  assert.equal(usual.get("terms"), "network, ZBL repulsion, electrostatics, D4 dispersion");
  assert.equal(usual.get("radial basis"), "4 exp-bernstein, weighted");
  assert.equal(usual.get("attention"), "8 random features");
  assert.equal(usual.get("long range"), "all pairs");
  const other = new Map(formatDescription(describeModel(tinyModel({
    basis: "sinc",
    randomFeatures: 0,
    longRangeCutoff: 9,
    irreps: false,
    nonlinearEmbedding: true,
    zblRepulsion: false,
    electrostatics: false,
    dispersion: false,
    dtype: "float64",
  }))));
  assert.equal(other.get("terms"), "network");
  assert.equal(other.get("radial basis"), "4 sinc");
  assert.equal(other.get("attention"), "exact");
  assert.equal(other.get("long range"), "cutoff 9 Å");
  assert.equal(other.get("d functions"), "Cartesian (6)");
  assert.equal(other.get("embedding"), "nonlinear (older)");
  assert.match(other.get("stored as")!, /^float64 \(\d+\), float32 \(1\) in \d+ tensors$/);
});

Deno.test("formatDescription says what a model was trained on, and its texts in one line each", () => {
  const domain = {
    elements: ["H", "O"],
    charge: [-1, 1],
    unpaired: [0, 0],
    closest: { "H-O": 0.7 },
    closest_covalent: 0.6,
  };
  const metadata = new Map([["domain", JSON.stringify(domain)], ["taught_by", "a\nteacher"]]);
  const rows = new Map(formatDescription(describeModel({ ...tinyModel(), metadata })));
  assert.equal(rows.get("elements"), "H, O (2)");
  assert.equal(rows.get("element embeddings"), "H–Cl (17)");
  assert.equal(rows.get("charges"), "-1 to 1");
  assert.equal(rows.get("unpaired electrons"), "0");
  assert.equal(rows.get("closest atoms"), "H–O 0.7 Å, others 0.6 × the sum of covalent radii");
  assert.equal(rows.get("taught by"), "a\\u000ateacher");
});
