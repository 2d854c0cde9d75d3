import assert from "node:assert/strict";
import { assertClose, centralDifferences } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { strained } from "../../tests/fixtures/strained.ts";
import { tinyModel, type TinyModelOptions } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createRandom } from "../structure/random.ts";
import type { Property } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { ReferenceEngine } from "./reference_engine.ts";

const properties: ReadonlySet<Property> = new Set(["virial", "charges", "dipole", "energies"]);

/** Skewed, smaller than the cutoff: atoms see several images of each other and of themselves. */
const cell = [4.1, 0, 0, 0.9, 4.4, 0, -0.6, 0.8, 4.7];

function engineOf(options: TinyModelOptions): ReferenceEngine {
  return new ReferenceEngine(buildNetwork(tinyModel(options)));
}

function cluster(seed: number, options: Partial<Parameters<typeof randomStructure>[1]> = {}): Structure {
  return randomStructure(createRandom(seed), {
    numbers: [8, 1, 1, 6, 7, 17],
    size: 3.4,
    charge: 1,
    unpaired: 1,
    ...options,
  });
}

const variants: readonly (readonly [string, TinyModelOptions, Structure])[] = [
  ["a cluster", {}, cluster(1)],
  ["a cluster with shifted softplus and Cartesian d functions", { activation: "ssp", irreps: false }, cluster(2)],
  ["a cluster with exact attention", { randomFeatures: 0 }, cluster(3)],
  ["a cluster and a nonlinear embedding", { nonlinearEmbedding: true }, cluster(4)],
  ["a cluster and one module", { modules: 1 }, cluster(5)],
  ["a cluster and a long-range cutoff", { longRangeCutoff: 4 }, cluster(6)],
  ["a cluster without charges", { electrostatics: false }, cluster(7)],
  ["a cell", { longRangeCutoff: 6, modules: 3 }, cluster(8, { cell })],
  [
    "a cell without long-range terms",
    { electrostatics: false, dispersion: false, zblRepulsion: false },
    cluster(9, { cell }),
  ],
];

for (const [name, options, structure] of variants) {
  Deno.test(`evaluate gives forces and virial of ${name} that are the energy's gradients`, () => {
    const engine = engineOf(options);
    const { forces, virial } = engine.compute(structure, properties);
    const energy = (at: Structure) => engine.compute(at, properties).energy;
    const gradient = centralDifferences((positions) => energy({ ...structure, positions }), structure.positions);
    const strain = centralDifferences((by) => energy(strained(structure, by)), new Float64Array(9));
    // rounding of an energy of some eV over a step of 3e-4 Å: 1e-11; the rest is the fifth derivative
    assertClose(forces, gradient.map((slope) => -slope), 1e-7, { name: "forces" });
    assertClose(virial!, strain.map((slope) => -slope), 1e-7, { name: "virial" });
  });
}

for (const [name, options, structure] of variants.filter(([, , { cell }]) => cell === null).slice(0, 3)) {
  Deno.test(`evaluate treats ${name} alike however it is moved, turned or numbered`, () => {
    const engine = engineOf(options);
    const { energy, forces, charges, virial } = engine.compute(structure, properties);
    const size = structure.positions.length;

    const moved = engine.compute(
      { ...structure, positions: structure.positions.map((x, at) => x + [7, -3, 11][at % 3]!) },
      properties,
    );
    // coordinates around 10 Å carry an error of 1e-15 Å, times forces of some eV/Å and their slopes
    assert.ok(Math.abs(moved.energy - energy) < 1e-11);
    assertClose(moved.forces, forces, 1e-11);

    const turn = rotation(0.7, 1.1);
    const turned = engine.compute({ ...structure, positions: rotated(structure.positions, turn) }, properties);
    assert.ok(Math.abs(turned.energy - energy) < 1e-11);
    assertClose(turned.forces, rotated(forces, turn), 1e-11);
    assertClose(turned.charges!, charges!, 1e-11);

    const reversed = (rows: Float64Array, width: number) =>
      Float64Array.from(rows, (_, at) => rows[rows.length - width - (at - at % width) + at % width]!);
    const renumbered = engine.compute({
      ...structure,
      numbers: structure.numbers.toReversed(),
      positions: reversed(structure.positions, 3),
    }, properties);
    assert.ok(Math.abs(renumbered.energy - energy) < 1e-11);
    assertClose(renumbered.forces, reversed(forces, 3), 1e-11);
    assertClose(renumbered.charges!, reversed(charges!, 1), 1e-11);

    const net = Float64Array.from([0, 1, 2], (k) => {
      let sum = 0;
      for (let at = k; at < size; at += 3) sum += forces[at]!;
      return sum;
    });
    assertClose(net, [0, 0, 0], 1e-12, { scale: 10 });
    // invariance under rotation makes the virial symmetric; it is not made so afterwards
    const transposed = virial!.map((_, at) => virial![at % 3 * 3 + Math.floor(at / 3)]!);
    assertClose(virial!, transposed, 1e-12, { scale: 10 });
  });
}

Deno.test("evaluate gives a cell that is built twice as large twice the energy, and shifted atoms the same", () => {
  const structure = cluster(8, { cell, charge: 0, unpaired: 0 });
  // attention looks at all atoms of a structure together; doubled atoms weigh as much as the single ones did
  const engine = engineOf({ longRangeCutoff: 6 });
  const single = engine.compute(structure, properties);
  const doubled = engine.compute({
    ...structure,
    numbers: Uint8Array.of(...structure.numbers, ...structure.numbers),
    positions: Float64Array.of(
      ...structure.positions,
      ...structure.positions.map((x, at) => x + structure.cell![6 + at % 3]!),
    ),
    cell: structure.cell!.map((x, at) => at < 6 ? x : 2 * x),
  }, properties);
  // the 1e-8 in the attention's norms does not double
  assert.ok(Math.abs(doubled.energy / 2 - single.energy) < 1e-6);
  assertClose(doubled.forces.slice(0, structure.positions.length), single.forces, 1e-6);
  const shifted = structure.positions.slice();
  for (let k = 0; k < 3; k++) shifted[k]! += 3 * cell[k]! - 2 * cell[3 + k]!;
  const wrapped = engine.compute({ ...structure, positions: shifted }, properties);
  assert.ok(Math.abs(wrapped.energy - single.energy) < 1e-11);
});

Deno.test("evaluate adds up two distant molecules if the model is local", () => {
  const engine = new ReferenceEngine(withoutAttention(
    buildNetwork(tinyModel({ electrostatics: false, dispersion: false })),
  ));
  const one = cluster(10, { charge: 0, unpaired: 0 }),
    other = cluster(11, { charge: 0, unpaired: 0, numbers: [6, 8, 8] });
  const both: Structure = {
    ...one,
    numbers: Uint8Array.of(...one.numbers, ...other.numbers),
    positions: Float64Array.of(...one.positions, ...other.positions.map((x) => x + 50)),
  };
  const [a, b, sum] = [one, other, both].map((structure) => engine.compute(structure, properties));
  assert.ok(Math.abs(a!.energy + b!.energy - sum!.energy) < 1e-11);
  assertClose(sum!.forces, [...a!.forces, ...b!.forces], 1e-11);
});

Deno.test("evaluate takes a single atom, which feels no force and has no pair properties", () => {
  const engine = engineOf({});
  const atom = cluster(1, { numbers: [8], charge: -1 });
  const { forces, virial, charges, energies, polarizabilities } = engine.compute(
    atom,
    new Set<Property>([...properties, "polarizabilities"]),
  );
  assert.ok([...forces, ...virial!].every((x) => x === 0));
  assert.deepEqual([...charges!], [-1]);
  assert.equal(energies!.dispersion[0], 0);
  assert.equal(polarizabilities![0], 0);
});

Deno.test("evaluate gives charges that sum to the charge, and the dipole of these about the origin", () => {
  const structure = cluster(1, { charge: -2 });
  const { charges, dipole } = engineOf({}).compute(structure, properties);
  assert.ok(Math.abs(charges!.reduce((a, b) => a + b, 0) + 2) < 1e-14);
  const expected = [0, 1, 2].map((k) => charges!.reduce((sum, q, i) => sum + q * structure.positions[3 * i + k]!, 0));
  assertClose(dipole!, expected, 1e-14);
});

Deno.test("evaluate refuses coincident atoms by name", () => {
  const structure = cluster(1);
  const positions = structure.positions.slice();
  positions.set(positions.subarray(3, 6), 12);
  assert.throws(
    () => engineOf({}).compute({ ...structure, positions }, properties),
    /Expected atoms at least 0.001 Å apart but found atoms 1 and 4 at a distance of 0 Å/,
  );
});

Deno.test("evaluate refuses results that are not finite", () => {
  const network = buildNetwork(tinyModel());
  const elementBias = network.elementBias.map((bias, at) => at === 2 * 8 ? Infinity : bias);
  assert.throws(
    () => new ReferenceEngine({ ...network, elementBias }).compute(cluster(1), properties),
    /Expected finite results but found Infinity at element 0 of nn/,
  );
});

/** The network with nonlocal interactions of size 0: what remains is local. */
function withoutAttention(network: ReturnType<typeof buildNetwork>): ReturnType<typeof buildNetwork> {
  return {
    ...network,
    modules: network.modules.map((module) => {
      const { linear } = module.resblockV;
      const nothing = { ...linear, weight: linear.weight.map(() => 0), bias: null };
      return { ...module, resblockV: { ...module.resblockV, linear: nothing } };
    }),
  };
}

/** Rotation about z, then about x; rows are the images of the axes. */
function rotation(aboutZ: number, aboutX: number): readonly number[] {
  const [c, s, d, t] = [Math.cos(aboutZ), Math.sin(aboutZ), Math.cos(aboutX), Math.sin(aboutX)];
  return [c, s * d, s * t, -s, c * d, c * t, 0, -t, d];
}

function rotated(rows: Float64Array, matrix: readonly number[]): Float64Array {
  return rows.map((_, at) => {
    const row = at - at % 3, k = at % 3;
    return rows[row]! * matrix[k]! + rows[row + 1]! * matrix[3 + k]! + rows[row + 2]! * matrix[6 + k]!;
  });
}
