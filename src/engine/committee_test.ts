import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { createStructure } from "../structure/create_structure.ts";
import type { Property } from "../structure/result.ts";
import { createCalculator } from "./calculator.ts";
import { createCommittee } from "./committee.ts";

const device = { device: "cpu" } as const;
const models = [1, 2, 3].map((seed) => tinyModel({ seed }));
const water = createStructure({ symbols: ["O", "H", "H"], positions: [[0, 0, 0.1], [0, 0.8, -0.5], [0, -0.7, -0.5]] });
const hydroxide = createStructure({ symbols: ["O", "H"], positions: [[0, 0, 0], [0, 0, 0.97]], charge: -1 });
const properties: Property[] = ["virial", "charges", "dipole", "energies", "polarizabilities", "c6"];

Deno.test("createCommittee() gives what its members compute, and the mean of it", async () => {
  await using committee = await createCommittee(models, device);
  const results = await committee.compute([water, hydroxide], [...properties, "committee"]);
  for (const [k, model] of models.entries()) {
    await using member = await createCalculator(model, device);
    const own = await member.compute([water, hydroxide], properties);
    assert.deepEqual(results.map((result) => result.committee![k]), own);
  }
  for (const { energy, committee: members, energies, domain, ...arrays } of results) {
    assert.equal(domain, undefined);
    assert.equal(members!.length, 3);
    assertClose(Float64Array.of(energy), [members!.reduce((sum, member) => sum + member.energy, 0) / 3], 1e-15);
    const means = Object.entries(arrays) as [keyof typeof arrays, Float64Array][];
    assert.deepEqual(means.map(([name]) => name).sort(), "c6 charges dipole forces polarizabilities virial".split(" "));
    for (const [name, mean] of means) {
      const [a, b, c] = members!.map((member) => member[name]!);
      assertClose(mean, Array.from(mean, (_, i) => (a![i]! + b![i]! + c![i]!) / 3), 1e-15, { name, scale: 1 });
    }
    const terms = Object.values(energies!).flatMap((term: Float64Array) => [...term]);
    assertClose(Float64Array.of(terms.reduce((sum, term) => sum + term)), [energy], 1e-12);
  }
});

Deno.test("createCommittee() gives forces that are the derivative of its energy", async () => {
  await using committee = await createCommittee(models, device);
  const energyAt = (positions: Float64Array) => committee.computeSync([{ ...water, positions }])[0]!.energy;
  const gradient = centralDifferences(energyAt, water.positions);
  const { forces } = await committee.compute(water);
  // Differences of energies around 10 eV with a step of 3e-4 Å: rounding leaves some 1e-11 eV/Å, the formula about 1e-9.
  assertClose(forces, gradient.map((element) => -element), 1e-7);
});

Deno.test("createCommittee() hands out members' results only when asked to", async () => {
  await using committee = await createCommittee(models, device);
  assert.deepEqual(Object.keys(await committee.compute(water)).sort(), ["energy", "forces"]);
});

Deno.test("createCommittee() refuses a single model, and a single model refuses to be a committee", async () => {
  await assert.rejects(createCommittee([models[0]!], device), /two models or more for a committee but found 1/);
  await using calculator = await createCalculator(models[0]!, device);
  await assert.rejects(
    calculator.compute(water, ["committee"]),
    /Expected several models for a committee but found one/,
  );
});

Deno.test("createCommittee() calls a structure outside that is outside for one of its members, naming the member", async () => {
  const metadata = new Map([["domain", '{"charge": [0, 1]}']]);
  const warnings: string[] = [];
  const onWarning = (line: string) => warnings.push(line);
  const members = [tinyModel(), { ...tinyModel({ seed: 2 }), name: "neutral", metadata }];
  await using committee = await createCommittee(members, { ...device, onWarning });
  const results = await committee.compute([water, hydroxide], ["domain"]);
  assert.deepEqual(results.map(({ domain }) => domain), [[], ["charge -1, trained on 0 to 1"]]);
  assert.deepEqual(warnings, ["neutral is used for what it was not trained on: charge -1, trained on 0 to 1"]);
  await using strict = await createCommittee(members, { ...device, strict: true });
  await assert.rejects(strict.compute([water, hydroxide]), /those that neutral was trained on but found charge -1/);
});
