import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { deviceTest } from "../../tests/device_test_case.ts";
import { randomStructure, type RandomStructureOptions } from "../../tests/fixtures/random_structure.ts";
import { strained } from "../../tests/fixtures/strained.ts";
import { tinyModel, type TinyModelOptions } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import type { Model } from "../model/model.ts";
import { ReferenceEngine } from "../reference/reference_engine.ts";
import { createRandom } from "../structure/random.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { type Calculator, createCalculator } from "./calculator.ts";
import { WebGpuEngine } from "./webgpu_engine.ts";

/** Skewed, smaller than the cutoff: atoms see several images of each other and of themselves. */
const cell = [4.1, 0, 0, 0.9, 4.4, 0, -0.6, 0.8, 4.7];

const properties: readonly Property[] = ["energies", "virial", "charges", "dipole"];
const allProperties: readonly Property[] = [...properties, "polarizabilities", "c6"];

function cluster(seed: number, options: Partial<RandomStructureOptions> = {}): Structure {
  return randomStructure(createRandom(seed), {
    numbers: [8, 1, 1, 6, 7, 17],
    size: 3.4,
    charge: 1,
    unpaired: 1,
    ...options,
  });
}

/** Structures of different sizes, charges and numbers of unpaired electrons. */
function mixedStructures(options: Partial<RandomStructureOptions> = {}): Structure[] {
  return [
    cluster(1, { numbers: [8, 1, 1], charge: 0, unpaired: 0 }),
    cluster(2, { charge: -1, ...options }),
    cluster(3, { numbers: [7, 1, 6, 6, 1, 8, 1], charge: 1, unpaired: 0, ...options }),
  ];
}

let shared: Promise<Calculator> | undefined;

/** A calculator of the default tiny model, made once. */
function sharedCalculator(): Promise<Calculator> {
  shared ??= createCalculator(tinyModel(), { device: "software" });
  return shared;
}

/** One of the default tiny model with a long-range cutoff of 6 Å, made once. */
let sharedWithCutoff: Promise<Calculator> | undefined;

function sharedPeriodicCalculator(): Promise<Calculator> {
  sharedWithCutoff ??= createCalculator(tinyModel(), { device: "software", longRangeCutoff: 6 });
  return sharedWithCutoff;
}

/**
 * Asserts that results agree as float32 and float64 must. What an atom's energy or charge goes through are some 40 layers
 * and sums, forth and back, of which each adds about a rounding of its size (6e-8): 2e-6 if all of them conspired. Sums over
 * atoms are float64. D4's coordination numbers rest on an error function that is right to 1.5e-7 a neighbour, and with a
 * cutoff most of a distant pair's energy cancels against the tangent at its end.
 */
function assertAgree(found: Result, expected: Result): void {
  const { energies, ...arrays } = expected;
  // the terms that add up to an atom's energy are of this size, whatever their sum
  assertClose(found.energies!.nn, energies!.nn, 2e-6, { name: "network", scale: 0.5 });
  assertClose(found.energies!.repulsion, energies!.repulsion, 2e-6, { name: "repulsion" });
  // of a neutral structure most of the potentials, some eV/e, cancels: what is left is right to that times 3e-8 e
  assertClose(found.energies!.electrostatics, energies!.electrostatics, 2e-6, { name: "electrostatics", scale: 0.1 });
  assertClose(found.energies!.dispersion, energies!.dispersion, 5e-6, { name: "dispersion" });
  const size = Object.values(energies!).flatMap((term) => [...term]).reduce(
    (sum, e) => sum + Math.max(0.5, Math.abs(e)),
    0,
  );
  assert.ok(Math.abs(found.energy - expected.energy) <= 1e-6 * size, "energy");
  assertClose(found.forces, arrays.forces, 3e-6, { name: "forces" });
  assertClose(found.virial!, arrays.virial!, 3e-6, { name: "virial" });
  assertClose(found.charges!, arrays.charges!, 1e-6, { name: "charges", scale: 0.5 });
  // charges of float32 precision at coordinates of some Å
  assertClose(found.dipole!, arrays.dipole!, 1e-6, { name: "dipole", scale: 5 });
  if (expected.c6 === undefined) return;
  assertClose(found.polarizabilities!, expected.polarizabilities!, 3e-6, { name: "polarizabilities" });
  assertClose(found.c6!, expected.c6, 5e-6, { name: "C6" });
}

function assertSameBits(found: Result, expected: Result): void {
  assert.deepEqual(found, expected);
}

const unevenResiduals = {
  electron: 0,
  pre: 2,
  localX: 0,
  localS: 1,
  localP: 2,
  localD: 0,
  local: 1,
  nonlocalQ: 0,
  nonlocalK: 1,
  nonlocalV: 3,
  post: 0,
  output: 2,
};

const noResiduals = {
  ...{ electron: 0, pre: 0, localX: 0, localS: 0, localP: 0, localD: 0, local: 0 },
  ...{ nonlocalQ: 0, nonlocalK: 0, nonlocalV: 0, post: 0, output: 0 },
};

const architectures: readonly (readonly [string, TinyModelOptions])[] = [
  ["the default architecture", {}],
  ["16 features", { features: 16 }],
  ["20 features and shifted softplus", { features: 20, activation: "ssp" }],
  ["rows that fill no vec4s and Cartesian d functions", {
    features: 18,
    basisFunctions: 7,
    randomFeatures: 11,
    irreps: false,
  }],
  ["128 features and one module", { features: 128, basisFunctions: 16, modules: 1 }],
  ["unweighted exponential Bernstein polynomials", { expWeighting: false }],
  ["exponential Gaussians", { basis: "exp-gaussian" }],
  ["Gaussians", { basis: "gaussian", basisFunctions: 16 }],
  ["Bernstein polynomials", { basis: "bernstein" }],
  ["sinc functions", { basis: "sinc" }],
  ["uneven residual stacks and three modules", { residual: unevenResiduals, modules: 3 }],
  ["no residual blocks at all", { residual: noResiduals }],
  ["no electrostatics", { electrostatics: false }],
  ["no dispersion", { dispersion: false }],
  ["no repulsion", { zblRepulsion: false }],
  ["a nonlinear embedding", { nonlinearEmbedding: true }],
  ["a long-range cutoff, in cells", { longRangeCutoff: 4 }],
  ["the network alone, in cells", { electrostatics: false, dispersion: false, zblRepulsion: false }],
];

for (const [name, options] of architectures) {
  deviceTest(`Calculator agrees with the reference engine for ${name}`, async () => {
    const model = tinyModel(options);
    const tile = name.startsWith("rows") || name.includes("cells") ? "hardware" : "software";
    await using calculator = await createCalculator(model, { device: "software", tile });
    const structures = mixedStructures(name.endsWith("in cells") ? { cell } : {});
    const wanted = options.dispersion === false ? properties : allProperties;
    const results = await calculator.compute(structures, wanted);
    const reference = new ReferenceEngine(buildNetwork(model));
    structures.forEach((structure, s) => assertAgree(results[s]!, reference.compute(structure, new Set(wanted))));
  });
}

deviceTest(
  "Calculator agrees with the reference engine in a slab and in a wire, and gives no stress there",
  async () => {
    const calculator = await sharedPeriodicCalculator();
    const reference = new ReferenceEngine(buildNetwork(tinyModel()), { longRangeCutoff: 6 });
    for (const periodic of [[true, true, false], [false, true, false], [true, true, true]] as const) {
      const structure: Structure = { ...cluster(4, { cell }), periodic };
      const wanted: Property[] = [...allProperties, "stress"];
      const [found, expected] = [
        await calculator.compute(structure, wanted),
        reference.compute(structure, new Set(wanted)),
      ];
      assertAgree(found, expected);
      assert.equal("stress" in found, periodic.every((axis) => axis));
      if (found.stress !== undefined) assertClose(found.stress, expected.stress!, 3e-6);
    }
  },
);

deviceTest("Calculator gives structures of a batch bit for bit what it gives each alone, in any order", async () => {
  const calculator = await sharedCalculator();
  const structures = [...mixedStructures(), cluster(7, { numbers: [17] }), cluster(8)];
  const together = await calculator.compute(structures, allProperties);
  const reversed = await calculator.compute(structures.toReversed(), allProperties);
  for (const [s, structure] of structures.entries()) {
    assertSameBits(together[s]!, await calculator.compute(structure, allProperties));
    assertSameBits(together[s]!, reversed.at(-1 - s)!);
  }
});

deviceTest("Calculator gives periodic structures of a batch bit for bit what it gives each alone", async () => {
  const calculator = await sharedPeriodicCalculator();
  const structures = mixedStructures({ cell });
  const together = await calculator.compute(structures, allProperties);
  for (const [s, structure] of structures.entries()) {
    assertSameBits(together[s]!, await calculator.compute(structure, allProperties));
  }
});

deviceTest("Calculator gives the same bits again whatever it has computed between", async () => {
  const calculator = await sharedCalculator();
  const structure = cluster(5);
  const before = await calculator.compute(structure, allProperties);
  assertSameBits(await calculator.compute(structure, allProperties), before);
  // far apart no pair is left, close together there are more than ever: lists and buffers are made anew
  for (const factor of [30, 0.75, 1.05, 1]) {
    const moved = { ...structure, positions: structure.positions.map((x) => factor * x) };
    await calculator.compute(moved);
  }
  assertSameBits(await calculator.compute(structure, allProperties), before);
  // within the skin: the list of the moved atoms stays in use
  await calculator.compute({ ...structure, positions: structure.positions.map((x) => 1.6 * x) });
  const near = structure.positions.map((x, at) => x + 0.05 * Math.sin(at));
  await calculator.compute({ ...structure, positions: near });
  assertSameBits(await calculator.compute(structure, allProperties), before);
  // more compositions than are kept
  for (const numbers of [[1, 1], [6, 8], [7, 7], [8, 1], [17, 1], [6, 6]]) {
    await calculator.compute(cluster(6, { numbers }));
  }
  assertSameBits(await calculator.compute(structure, allProperties), before);
});

deviceTest("Calculator gives the same energy and forces whatever else is asked for", async () => {
  const calculator = await sharedCalculator();
  const structure = cluster(9);
  const all = await calculator.compute(structure, allProperties);
  for (const wanted of [[], ["charges"], ["virial"], ["energies"]] as const) {
    const { energy, forces, ...others } = await calculator.compute(structure, wanted);
    assert.equal(energy, all.energy);
    assert.deepEqual(forces, all.forces);
    assert.deepEqual(Object.keys(others), [...wanted]);
  }
});

deviceTest("Calculator keeps nothing of a structure and hands over results that stay as they are", async () => {
  const calculator = await sharedCalculator();
  const structure = cluster(10);
  const first = await calculator.compute(structure, allProperties);
  const copy = structuredClone(first);
  const before = structuredClone(structure);
  await calculator.compute({ ...structure, positions: structure.positions.map((x) => 1.1 * x) }, allProperties);
  assert.deepEqual(first, copy);
  assert.deepEqual(structure, before);
});

deviceTest("Calculator has forces and a virial that are the energy's gradients", async () => {
  const cases = [
    [await sharedCalculator(), cluster(11, { size: 4.5 })],
    [await sharedPeriodicCalculator(), cluster(13, { cell, numbers: [8, 1, 6, 1] })],
  ] as const;
  for (const [calculator, structure] of cases) {
    const energy = (at: Structure) => calculator.computeSync([at])[0]!.energy;
    const { forces, virial } = await calculator.compute(structure, ["virial"]);
    // An energy is a sum of some 20 float32 numbers of a few eV: right to 1e-6 eV, which the stencil divides by its step.
    const [step, strainStep] = [0.005, 0.002];
    const gradient = centralDifferences((x) => energy({ ...structure, positions: x }), structure.positions, step);
    assertClose(forces, gradient.map((slope) => -slope), 1.5e-6 / step, { name: "forces", scale: 1 });
    const strain = centralDifferences((by) => energy(strained(structure, by)), new Float64Array(9), strainStep);
    assertClose(virial!, strain.map((slope) => -slope), 1.5e-6 / strainStep, { name: "virial", scale: 1 });
  }
});

deviceTest("Calculator treats a cluster alike however it is moved, turned or numbered", async () => {
  const calculator = await sharedCalculator();
  const structure = cluster(14);
  const original = await calculator.compute(structure, allProperties);
  const net = [0, 1, 2].map((k) => original.forces.reduce((sum, f, at) => at % 3 === k ? sum + f : sum, 0));
  // forces up to 30 eV/Å, of which each is right to 1e-7
  assertClose(Float64Array.from(net), [0, 0, 0], 1e-6, { scale: Math.max(...original.forces.map(Math.abs)) });

  for (const distance of [3, 100, 1e5]) {
    const moved = await calculator.compute({
      ...structure,
      positions: structure.positions.map((x, at) => x + [1, -0.7, 0.3][at % 3]! * distance),
    }, allProperties);
    // Coordinates count from the first atom: all that is left is their own rounding in float64.
    assertAgree({ ...moved, dipole: original.dipole! }, original);
    assertClose(moved.forces, original.forces, 1e-6);
  }

  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  const turn = (rows: Float64Array) =>
    rows.map((_, at) => {
      const [x, y, z] = [rows[at - at % 3]!, rows[at - at % 3 + 1]!, rows[at - at % 3 + 2]!];
      return [c * x - s * z, y, s * x + c * z][at % 3]!;
    });
  const turned = await calculator.compute({ ...structure, positions: turn(structure.positions) }, allProperties);
  assert.ok(Math.abs(turned.energy - original.energy) <= 1e-5);
  assertClose(turned.forces, turn(original.forces), 3e-6);
  assertClose(turned.charges!, original.charges!, 1e-6, { scale: 0.5 });

  const reversed = (rows: Float64Array, width: number) =>
    rows.map((_, at) => rows[rows.length - width - (at - at % width) + at % width]!);
  const renumbered = await calculator.compute({
    ...structure,
    numbers: structure.numbers.toReversed(),
    positions: reversed(structure.positions, 3),
  }, allProperties);
  assert.ok(Math.abs(renumbered.energy - original.energy) <= 1e-5);
  assertClose(renumbered.forces, reversed(original.forces, 3), 3e-6);
  assertClose(renumbered.charges!, reversed(original.charges!, 1), 1e-6, { scale: 0.5 });
});

deviceTest("Calculator gives the same for wrapped, unwrapped and shifted atoms of a cell", async () => {
  const calculator = await sharedPeriodicCalculator();
  const structure = cluster(15, { cell, charge: 0, unpaired: 0 });
  const original = await calculator.compute(structure, allProperties);
  const shifts = [[1, 0, 0], [0, -2, 1], [3, 3, -3], [0, 0, 0], [-1, 1, 0], [40, 0, 7]];
  const unwrapped = {
    ...structure,
    positions: structure.positions.map((x, at) =>
      shifts[Math.floor(at / 3)]!.reduce((sum, times, axis) => sum + times * cell[3 * axis + at % 3]!, x)
    ),
  };
  const found = await calculator.compute(unwrapped, allProperties);
  assertAgree({ ...found, dipole: original.dipole! }, original);
  // only coordinates were rounded anew, to 1e-11 Å
  assertClose(found.forces, original.forces, 1e-6);
});

deviceTest("Calculator gives two distant molecules the energy of each, where nothing reaches that far", async () => {
  await using calculator = await createCalculator(localModel(), { device: "software" });
  const [one, other] = [
    cluster(16, { numbers: [8, 1, 1], charge: 0, unpaired: 0 }),
    cluster(17, { numbers: [6, 1, 1, 1, 17], charge: 0, unpaired: 0 }),
  ];
  for (const distance of [30, 3000, 1e6]) {
    const both: Structure = {
      ...one,
      numbers: Uint8Array.of(...one.numbers, ...other.numbers),
      positions: Float64Array.of(...one.positions, ...other.positions.map((x, at) => at % 3 === 0 ? x + distance : x)),
    };
    const [together, first, second] = await calculator.compute([both, one, other]);
    // float64 keeps 1e-10 Å at 10⁶ Å, split float32 coordinates as many digits less as the distance has bits above 2¹²
    const lost = Math.max(1e-6, distance * 2 ** -24 * 2 ** -11 * 10);
    assert.ok(Math.abs(together!.energy - first!.energy - second!.energy) <= lost);
    assertClose(together!.forces, [...first!.forces, ...second!.forces], lost);
  }
});

/** A model whose atoms feel no more than their neighbours: values of the attention are zero, and no long-range terms. */
function localModel(): Model {
  const model = tinyModel({ electrostatics: false, dispersion: false });
  const tensors = new Map(
    [...model.tensors].map(([name, tensor]) =>
      /resblock_v\.linear\.(weight|bias)$/.test(name)
        ? [name, { ...tensor, data: new Float64Array(tensor.data.length) }] as const
        : [name, tensor] as const
    ),
  );
  return { ...model, tensors };
}

deviceTest("Calculator agrees with the reference engine for two charged molecules far apart", async () => {
  const calculator = await sharedCalculator();
  const reference = new ReferenceEngine(buildNetwork(tinyModel()));
  const [one, other] = [cluster(18, { numbers: [8, 1, 1] }), cluster(19, { numbers: [6, 1, 8] })];
  for (const distance of [20, 500]) {
    const structure: Structure = {
      ...one,
      numbers: Uint8Array.of(...one.numbers, ...other.numbers),
      positions: Float64Array.of(...one.positions, ...other.positions.map((x, at) => at % 3 === 1 ? x + distance : x)),
    };
    const [found, expected] = [
      await calculator.compute(structure, allProperties),
      reference.compute(structure, new Set(allProperties)),
    ];
    // a dipole of charges right to 3e-8 e, so far apart
    assertClose(found.dipole!, expected.dipole!, 1e-7, { scale: distance });
    assertAgree({ ...found, dipole: expected.dipole! }, expected);
  }
});

deviceTest("Calculator agrees with the reference engine for single atoms and ions", async () => {
  const calculator = await sharedCalculator();
  const reference = new ReferenceEngine(buildNetwork(tinyModel()));
  for (const [Z, charge] of [[1, 0], [8, -1], [17, -1], [6, 2]] as const) {
    const structure = cluster(20, { numbers: [Z], charge, unpaired: 0 });
    const found = await calculator.compute(structure, allProperties);
    assertAgree(found, reference.compute(structure, new Set(allProperties)));
    assert.deepEqual([...found.forces], [0, 0, 0]);
    assert.deepEqual([...found.charges!], [charge]);
    // as the published code has it: no pair, no dispersion
    assert.deepEqual([...found.polarizabilities!, ...found.c6!], [0, 0]);
  }
});

deviceTest("Calculator gives charges that sum to the total charge exactly", async () => {
  const calculator = await sharedCalculator();
  for (const charge of [-2, 0, 1]) {
    for (const seed of [21, 22, 23]) {
      const { charges } = await calculator.compute(cluster(seed, { charge }), ["charges"]);
      assert.equal(charges!.reduce((sum, q) => sum + q, 0), charge);
    }
  }
});

deviceTest("Calculator agrees with the reference engine on a Hessian", async () => {
  const calculator = await sharedCalculator();
  const reference = new ReferenceEngine(buildNetwork(tinyModel()));
  const structure = cluster(24, { numbers: [8, 1, 6], charge: 0, unpaired: 0, size: 2.5 });
  const found = (await calculator.compute(structure, ["hessian"])).hessian!;
  const expected = reference.compute(structure, new Set<Property>(["hessian"])).hessian!;
  // forces of some eV/Å right to 1e-6 eV/Å, over a displacement of 0.01 Å
  assertClose(found, expected, 3e-4, { scale: 1 });
  found.forEach((element, at) => assert.equal(element, found[at % 9 * 9 + Math.floor(at / 9)]));
});

deviceTest("Calculator.computeSync gives the same bits as compute", async () => {
  const calculator = await sharedCalculator();
  const structures = mixedStructures();
  const awaited = await calculator.compute(structures, allProperties);
  assert.deepEqual(calculator.computeSync(structures, allProperties), awaited);
  assert.throws(() => calculator.computeSync(structures, ["hessian"]), RangeError);
});

deviceTest("WebGpuEngine gives the same bits whether it awaits its results or not", async () => {
  const network = buildNetwork(tinyModel());
  const structures = mixedStructures();
  const engine = await WebGpuEngine.create(network, { device: "software" });
  const patient = await WebGpuEngine.create(network, { device: "software", readBack: "awaited" });
  assert.equal(engine.description.readBack, "synchronous");
  assert.equal(patient.description.readBack, "awaited");
  assert.deepEqual(await patient.compute(structures, 5), await engine.compute(structures, 5));
  assert.throws(() => patient.computeSync(structures, 5), /asynchronous call/);
  patient.destroy();
  engine.destroy();
});

deviceTest("WebGpuEngine gives overlapping calls of one composition their own results, awaited or not", async () => {
  const network = buildNetwork(tinyModel());
  const one = cluster(31);
  const moved = Array.from(
    { length: 5 },
    (_, i) => ({ ...one, positions: one.positions.map((x, k) => k === 0 ? x + 0.01 * i : x) }),
  );
  for (const readBack of ["synchronous", "awaited"] as const) {
    const engine = await WebGpuEngine.create(network, { device: "software", readBack });
    const apart = [];
    for (const structure of moved) apart.push(await engine.compute([structure], 5));
    assert.deepEqual(await Promise.all(moved.map((structure) => engine.compute([structure], 5))), apart);
    assert.notDeepEqual(apart[0], apart[1]);
    engine.destroy();
  }
});

deviceTest("Calculator computes nothing of no structures", async () => {
  const calculator = await sharedCalculator();
  assert.deepEqual(await calculator.compute([]), []);
});

deviceTest("Calculator refuses what it cannot compute, and computes on afterwards", async () => {
  const calculator = await sharedCalculator();
  const structure = cluster(25);
  const before = await calculator.compute(structure);
  const at = (index: number, value: number) => structure.positions.map((x, k) => k === index ? value : x);
  const close = (gap: number) => structure.positions.map((x, k) => k < 3 ? structure.positions[3 + k]! + gap : x);
  const refused: readonly (readonly [Partial<Structure>, RegExp])[] = [
    [{ numbers: Uint8Array.of(8, 1, 1, 6, 7, 53) }, /Expected atomic numbers from 1 to 17.* 53 at atom 5/],
    [{ numbers: Uint8Array.of(0, 1, 1, 6, 7, 17) }, /Expected atomic numbers from 1 to 17.* 0 at atom 0/],
    [{ positions: at(4, NaN) }, /Expected finite coordinates but found NaN for atom 1/],
    [{ positions: at(17, Infinity) }, /Expected finite coordinates but found Infinity for atom 5/],
    [{ positions: new Float64Array(17) }, /Expected 18 coordinates for 6 atoms but found 17/],
    [{ positions: close(0) }, /Expected atoms at least 0.001 Å apart but found atoms 0 and 1/],
    [{ positions: close(1e-5) }, /Expected atoms at least 0.001 Å apart but found atoms 0 and 1/],
    [{ cell: Float64Array.from(cell), periodic: [true, true, true] }, /Expected a long-range cutoff.*--lr-cutoff/],
  ];
  for (const [change, message] of refused) {
    await assert.rejects(calculator.compute({ ...structure, ...change }), { name: "RangeError", message });
    // a good structure beside a bad one does not help
    await assert.rejects(calculator.compute([structure, { ...structure, ...change }]), { name: "RangeError", message });
  }
  await assert.rejects(calculator.compute({ ...structure, numbers: new Uint8Array(0) }), /Expected at least one atom/);
  assertSameBits(await calculator.compute(structure), before);
});

deviceTest("Calculator refuses properties that the model lacks", async () => {
  await using calculator = await createCalculator(tinyModel({ dispersion: false }), { device: "software" });
  await assert.rejects(calculator.compute(cluster(26), ["c6"]), /Expected a model with D4 dispersion for c6/);
});

deviceTest(
  "Calculator agrees with the reference engine up to the longest cutoff, and refuses longer ones",
  async () => {
    const model = tinyModel({ cutoff: 15 });
    await using calculator = await createCalculator(model, { device: "software" });
    const structure = cluster(27, { size: 20 });
    const reference = new ReferenceEngine(buildNetwork(model));
    const expected = reference.compute(structure, new Set(allProperties));
    assertAgree(await calculator.compute(structure, allProperties), expected);
    await assert.rejects(
      createCalculator(tinyModel({ cutoff: 15.1 }), { device: "software" }),
      /cutoff of 15.1 Å, beyond 15 Å, has no kernel; use --device cpu/,
    );
  },
);

deviceTest("createCalculator refuses exact attention, and cutoffs that are none", async () => {
  await assert.rejects(
    createCalculator(tinyModel({ randomFeatures: 0 }), { device: "software" }),
    /Expected a model that the kernels cover but exact attention.*--device cpu/,
  );
  for (const longRangeCutoff of [0, -1, NaN, Infinity]) {
    await assert.rejects(
      createCalculator(tinyModel(), { device: "software", longRangeCutoff }),
      /Expected a positive long-range cutoff/,
    );
  }
});

deviceTest("createCalculator says what computes", async () => {
  const { device } = await sharedCalculator();
  assert.equal(device.kind, "software");
  assert.match(device.name, /llvmpipe|lavapipe|SwiftShader/i);
  await using cpu = await createCalculator(tinyModel(), { device: "cpu" });
  assert.equal(cpu.device.readBack, "none");
});
