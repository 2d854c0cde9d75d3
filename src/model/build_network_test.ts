import assert from "node:assert/strict";
import { assertRefused } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork, supportedElement } from "./build_network.ts";
import type { Hyperparameters } from "./hyperparameters.ts";
import type { Model, Tensor } from "./model.ts";

const model = tinyModel();

/** The tiny model with some tensors replaced, or removed where null. */
function withTensors(changes: Record<string, Partial<Tensor> | null>, from: Model = model): Model {
  const tensors = new Map(from.tensors);
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) tensors.delete(name);
    else tensors.set(name, { shape: [], dtype: "float32", data: Float64Array.of(0), ...tensors.get(name), ...change });
  }
  return { ...from, tensors };
}

function withHyperparameters(changes: Partial<Hyperparameters>): Model {
  return { ...model, hyperparameters: { ...model.hyperparameters, ...changes } };
}

function data(name: string, from: Model = model): Float64Array {
  return from.tensors.get(name)!.data;
}

Deno.test("buildNetwork puts every tensor where its name says", () => {
  const network = buildNetwork(model);
  assert.equal(network.elementBias, data("element_bias"));
  assert.equal(network.modules.length, 2);
  const module = network.modules[1]!;
  assert.equal(module.residualPre[0]!.linear2.bias, data("module.1.residual_pre.stack.0.linear2.bias"));
  assert.equal(module.resblockLocal.linear.weight, data("module.1.local_interaction.resblock.linear.weight"));
  assert.equal(module.resblockV.activation.beta, data("module.1.nonlocal_interaction.resblock_v.activation.beta"));
  assert.equal(module.resblock.linear.weight, data("module.1.resblock.linear.weight"));
  assert.deepEqual([module.projectionD.outputs, module.projectionD.inputs, module.projectionD.bias], [16, 8, null]);
  assert.deepEqual([module.radialP.outputs, module.radialP.inputs], [8, 4]);
  assert.deepEqual([module.omega, module.randomFeatures], [data("module.1.nonlocal_interaction.attention.omega"), 8]);
  const charge = network.chargeEmbedding;
  assert.ok(charge.kind === "linear" && charge.key.inputs === 2 && charge.query.bias !== null);
  assert.ok(charge.resblock.linear.bias === null && charge.resblock.stack[0]!.linear1.bias === null);
});

Deno.test("buildNetwork builds the older electronic embedding", () => {
  const { chargeEmbedding, spinEmbedding } = buildNetwork(tinyModel({ nonlinearEmbedding: true }));
  for (const embedding of [chargeEmbedding, spinEmbedding]) {
    assert.ok(embedding.kind === "nonlinear" && embedding.query.bias === null && embedding.featurizeKey.inputs === 1);
    assert.ok(embedding.featurizeKey.bias !== null && embedding.resblockKey.linear.bias !== null);
    assert.ok(embedding.featurizeValue.bias === null && embedding.resblockValue.linear.bias === null);
  }
});

Deno.test("buildNetwork passes constrained parameters through their softplus in float64", () => {
  const { repulsion, dispersion, radialBasis } = buildNetwork(model);
  const softplus = (x: number) => Math.log(1 + Math.exp(x));
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-14 * Math.abs(b), `${a} against ${b}`);
  const zbl = (name: string) => softplus(data(`zbl_repulsion_energy.${name}`)[0]!);
  const sum = zbl("_c1") + zbl("_c2") + zbl("_c3") + zbl("_c4");
  close(repulsion!.coefficients[2]!, zbl("_c3") / sum);
  close(repulsion!.coefficients.reduce((a, b) => a + b), 1);
  close(repulsion!.exponents[3]!, zbl("_a4"));
  close(repulsion!.power, zbl("_apow"));
  close(repulsion!.scale, zbl("_adiv"));
  for (const name of ["s6", "s8", "a1", "a2", "scaleq"] as const) {
    close(dispersion![name], softplus(data(`d4_dispersion_energy._${name}`)[0]!));
  }
  assert.ok(radialBasis.kind === "exp-bernstein");
  close(radialBasis.alpha, softplus(data("radial_basis_functions._alpha")[0]!));
});

Deno.test("buildNetwork repeats a width that is stored once", () => {
  for (const basis of ["gaussian", "exp-gaussian"] as const) {
    const gaussians = tinyModel({ basis });
    const { radialBasis } = buildNetwork(gaussians);
    assert.ok(radialBasis.kind === basis);
    assert.deepEqual(radialBasis.width, new Float64Array(4).fill(data("radial_basis_functions.width", gaussians)[0]!));
  }
});

Deno.test("buildNetwork takes empty random features as exact attention", () => {
  for (const shape of [[0], [8, 0]]) {
    const omega = { shape, data: new Float64Array() };
    const changes = Object.fromEntries(
      [0, 1].map((index) => [`module.${index}.nonlocal_interaction.attention.omega`, omega]),
    );
    const { omega: built, randomFeatures } = buildNetwork(withTensors(changes)).modules[0]!;
    assert.deepEqual([built, randomFeatures], [null, 0]);
  }
});

Deno.test("buildNetwork leaves out terms that the model has not", () => {
  const network = buildNetwork(tinyModel({ zblRepulsion: false, dispersion: false }));
  assert.deepEqual([network.repulsion, network.dispersion], [null, null]);
});

Deno.test("buildNetwork refuses a model in which any one tensor is missing, naming it", () => {
  for (const name of model.tensors.keys()) {
    const error = assertRefused(
      () => buildNetwork(withTensors({ [name]: null })),
      /which the hyperparameters ask for, but found none/,
    );
    assert.equal(error.tensor, name);
  }
});

Deno.test("buildNetwork refuses a model in which any one tensor has another shape, naming it and both shapes", () => {
  for (const [name, { shape }] of model.tensors) {
    const longer = [...shape, 1];
    const error = assertRefused(
      () => buildNetwork(withTensors({ [name]: { shape: longer } })),
      /^Expected shape \[.*\] but found \[.*\] \(tensor /,
    );
    assert.equal(error.tensor, name);
  }
});

Deno.test("buildNetwork refuses tensors it does not know and takes those known to be of no use", () => {
  const error = assertRefused(
    () => buildNetwork(withTensors({ mystery: {}, other: {} })),
    /found 2 more, the first of them this/,
  );
  assert.equal(error.tensor, "mystery");
  buildNetwork(withTensors({ keep_prob: {}, "radial_basis_functions.cutoff": {} }));
});

Deno.test("buildNetwork refuses values that are not finite, naming tensor and element", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const changed = data("output.weight").slice();
    changed[5] = value;
    const error = assertRefused(
      () => buildNetwork(withTensors({ "output.weight": { data: changed } })),
      new RegExp(`finite values but found ${value} as element 5`),
    );
    assert.equal(error.tensor, "output.weight");
  }
});

Deno.test("buildNetwork checks every count of the hyperparameters against the tensors", () => {
  const { residual } = model.hyperparameters;
  const changes: Partial<Hyperparameters>[] = [
    { features: 9 },
    { basisFunctions: 5 },
    { modules: 1 },
    { modules: 3 },
    { modules: 65536 },
    { maxAtomicNumber: 17 },
    { basis: "gaussian" },
    { nonlinearEmbedding: true },
    { zblRepulsion: false },
    { dispersion: false },
    ...Object.keys(residual).flatMap((key) =>
      [0, 2, 65536].map((count) => ({ residual: { ...residual, [key]: count } }))
    ),
  ];
  for (const change of changes) assertRefused(() => buildNetwork(withHyperparameters(change)), /\(tensor /);
});

Deno.test("buildNetwork refuses reference systems beyond the tables", () => {
  const name = "d4_dispersion_energy.refsys";
  for (const value of [18, -1, 0.5]) {
    const changed = data(name).with(20, value);
    assertRefused(
      () => buildNetwork(withTensors({ [name]: { data: changed } })),
      /from 0 to 17 but found .* as element 20/,
    );
  }
});

Deno.test("buildNetwork refuses Bernstein polynomials for another cutoff", () => {
  const bernstein = tinyModel({ basis: "bernstein" });
  const cutoff = { data: Float64Array.of(5) };
  assertRefused(
    () => buildNetwork(withTensors({ "radial_basis_functions.cutoff": cutoff }, bernstein)),
    /cutoff of 5\.29/,
  );
});

Deno.test("supportedElement is true for 1 up to the last row of the tables", () => {
  const network = buildNetwork(model);
  const supported = Array.from({ length: 20 }, (_, number) => number).filter((number) =>
    supportedElement(network, number)
  );
  assert.deepEqual(supported, Array.from({ length: 17 }, (_, index) => index + 1));
  for (const number of [-1, 1.5, NaN, Infinity]) assert.ok(!supportedElement(network, number));
});
