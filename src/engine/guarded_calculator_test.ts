import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { createStructure } from "../structure/create_structure.ts";
import { createCalculator } from "./calculator.ts";
import { DomainError } from "./domain_error.ts";

const domain = { elements: ["H", "O"], charge: [-1, 1], unpaired: [0, 1], closest_covalent: 0.6 };
const model = { ...tinyModel(), name: "water", metadata: new Map([["domain", JSON.stringify(domain)]]) };

const water = createStructure({ symbols: ["O", "H", "H"], positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]] });
const squeezed = { ...water, positions: water.positions.with(3, 0.5) };
const chlorine = createStructure({ symbols: ["Cl", "H"], positions: [[0, 0, 0], [1.27, 0, 0]] });
const dication = createStructure({ symbols: ["O", "H", "H"], positions: water.positions, charge: 2 });

/** O–H: 0.6 (0.63 + 0.32) Å. */
const squeeze = "H–O distance 0.500 Å (atoms 0 and 1), trained on 0.570 Å and more";

Deno.test("Calculator warns of each way to be outside its model's domain once, and computes", async () => {
  const warnings: string[] = [];
  const options = { device: "cpu", onWarning: (line: string) => void warnings.push(line) } as const;
  await using calculator = await createCalculator(model, options);
  await using ignorant = await createCalculator(tinyModel(), { device: "cpu" });
  for (let step = 0; step < 2; step++) {
    assert.deepEqual(await calculator.compute(water), await ignorant.compute(water));
    assert.deepEqual(await calculator.compute([chlorine, water]), await ignorant.compute([chlorine, water]));
    assert.deepEqual(calculator.computeSync([squeezed, dication]), ignorant.computeSync([squeezed, dication]));
  }
  assert.deepEqual(
    warnings,
    ["element Cl (atom 0), trained on H, O (2)", squeeze, "charge 2, trained on -1 to 1"].map((reason) =>
      `water is used for what it was not trained on: ${reason}`
    ),
  );
});

Deno.test("Calculator gives the property domain with every structure, empty inside, only where it is asked for", async () => {
  await using calculator = await createCalculator(model, { device: "cpu", onWarning: () => {} });
  const expected = [[], [squeeze], ["charge 2, trained on -1 to 1"]];
  const structures = [water, squeezed, dication];
  assert.deepEqual((await calculator.compute(structures, ["domain"])).map((result) => result.domain), expected);
  assert.deepEqual(calculator.computeSync(structures, ["domain"]).map((result) => result.domain), expected);
  assert.deepEqual((await calculator.compute(squeezed, ["domain"])).domain, [squeeze]);
  assert.equal("domain" in await calculator.compute(squeezed, ["charges"]), false);
});

Deno.test("Calculator refuses structures outside its model's domain where it is strict, computing nothing", async () => {
  await using calculator = await createCalculator(model, { device: "cpu", strict: true, onWarning: assert.fail });
  await calculator.compute(water);
  for (
    const compute of [
      () => calculator.compute([water, squeezed]),
      () => calculator.compute(squeezed),
      () => Promise.try(() => calculator.computeSync([squeezed])),
    ]
  ) {
    await assert.rejects(compute, (error) => {
      assert.ok(error instanceof DomainError && error instanceof RangeError);
      assert.deepEqual(error.reasons, [squeeze]);
      assert.match(error.message, /^Expected structures like those that water was trained on but found H–O distance/);
      return true;
    });
  }
});

Deno.test("Calculator looks at a structure before it can be changed, and leaves senseless ones to the engine's errors", async () => {
  await using calculator = await createCalculator(model, { device: "cpu", onWarning: () => {} });
  const changing = { ...water, positions: water.positions.slice() };
  const result = calculator.compute([changing], ["domain"]);
  changing.positions[3] = 0.1;
  assert.deepEqual((await result)[0]!.domain, []);
  await assert.rejects(
    calculator.compute({ ...water, positions: water.positions.with(0, NaN) }),
    /Expected finite coordinates but found NaN for atom 0/,
  );
  await assert.rejects(calculator.compute({ ...water, positions: new Float64Array(3) }), /Expected 9 coordinates/);
  const coincident = { ...water, positions: new Float64Array(9) };
  await assert.rejects(calculator.compute(coincident), /Expected atoms at least 0\.001 Å apart/);
});

Deno.test("Calculator warns on standard error unless it is told another place", async () => {
  const before = console.warn;
  const warnings: string[] = [];
  console.warn = (line: string) => void warnings.push(line);
  try {
    await using calculator = await createCalculator(model, { device: "cpu" });
    await calculator.compute(dication);
  } finally {
    console.warn = before;
  }
  assert.deepEqual(warnings, ["water is used for what it was not trained on: charge 2, trained on -1 to 1"]);
});
