import assert from "node:assert/strict";
import { assertClose } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { cellVolume } from "../structure/cell.ts";
import { createRandom } from "../structure/random.ts";
import type { Property } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { ReferenceEngine } from "./reference_engine.ts";
import { compileKernels } from "./simd_operations.ts";

const network = buildNetwork(tinyModel());
const local = buildNetwork(tinyModel({ electrostatics: false, dispersion: false }));
const water = randomStructure(createRandom(1), { numbers: [8, 1, 1], size: 2 });
const crystal = randomStructure(createRandom(2), { numbers: [8, 1, 1], size: 3, cell: [4, 0, 0, 0, 4, 0, 0, 0, 4] });

function wanted(...properties: Property[]): ReadonlySet<Property> {
  return new Set(properties);
}

Deno.test("ReferenceEngine returns energy and forces always, the rest when asked", () => {
  const engine = new ReferenceEngine(network);
  assert.deepEqual(Object.keys(engine.compute(water, wanted())), ["energy", "forces"]);
  const all = engine.compute(
    water,
    wanted("virial", "charges", "dipole", "energies", "polarizabilities", "c6", "hessian"),
  );
  assert.equal(all.hessian!.length, 81);
  assert.equal(all.c6!.length, 3);
  assert.equal(all.energies!.nn.length, 3);
  assert.equal(all.stress, undefined);
});

Deno.test("ReferenceEngine gives the stress of a cell as minus the virial over the volume", () => {
  const { stress, virial } = new ReferenceEngine(local).compute(crystal, wanted("stress", "virial"));
  assertClose(stress!, virial!.map((element) => -element / cellVolume(crystal.cell!)), 1e-15);
  const slab: Structure = { ...crystal, periodic: [true, true, false] };
  assert.equal(new ReferenceEngine(local).compute(slab, wanted("stress")).stress, undefined);
});

Deno.test("ReferenceEngine computes the same whatever it computed before", () => {
  const used = new ReferenceEngine(network);
  const cation: Structure = { ...water, charge: 1, unpaired: 1 };
  const other: Structure = { ...water, numbers: Uint8Array.of(6, 1, 1) };
  for (const structure of [water, cation, other, water, { ...water, unpaired: 2 }]) {
    const fresh = new ReferenceEngine(network);
    assert.deepEqual(used.compute(structure, wanted("charges")), fresh.compute(structure, wanted("charges")));
  }
});

Deno.test("ReferenceEngine does not change when the caller writes over a structure it has seen", () => {
  const engine = new ReferenceEngine(network);
  const numbers = water.numbers.slice();
  engine.compute({ ...water, numbers }, wanted());
  numbers[0] = 6;
  const { energy } = engine.compute({ ...water, numbers }, wanted());
  assert.equal(energy, new ReferenceEngine(network).compute({ ...water, numbers }, wanted()).energy);
});

Deno.test("ReferenceEngine computes the same with the kernels as in plain TypeScript", () => {
  for (const [features, irreps, activation] of [[8, true, "swish"], [7, false, "ssp"], [1, true, "swish"]] as const) {
    const network = buildNetwork(tinyModel({ features, irreps, activation, longRangeCutoff: 6 }));
    for (const structure of [water, crystal]) {
      const plain = new ReferenceEngine(network).compute(structure, wanted("virial", "charges"));
      const simd = new ReferenceEngine(network, { kernels: compileKernels() }).compute(
        structure,
        wanted("virial", "charges"),
      );
      assert.ok(Math.abs(simd.energy - plain.energy) <= 1e-12 * Math.abs(plain.energy));
      // a water molecule's forces sum terms a hundred times as large
      assertClose(simd.forces, plain.forces, 1e-12, { scale: 1 });
      assertClose(simd.virial!, plain.virial!, 1e-12, { scale: 1 });
      assertClose(simd.charges!, plain.charges!, 1e-12);
    }
  }
});

Deno.test("ReferenceEngine wants a long-range cutoff for a periodic structure, from the model or from the caller", () => {
  assert.throws(() => new ReferenceEngine(network).compute(crystal, wanted()), /Expected a long-range cutoff/);
  const given = new ReferenceEngine(network, { longRangeCutoff: 6 }).compute(crystal, wanted());
  const built = new ReferenceEngine(buildNetwork(tinyModel({ longRangeCutoff: 6 }))).compute(crystal, wanted());
  assert.equal(given.energy, built.energy);
  const taken = new ReferenceEngine(buildNetwork(tinyModel({ longRangeCutoff: 6 })), { longRangeCutoff: null });
  assert.equal(taken.compute(water, wanted()).energy, new ReferenceEngine(network).compute(water, wanted()).energy);
  for (const longRangeCutoff of [0, -1, NaN, Infinity]) {
    assert.throws(() => new ReferenceEngine(network, { longRangeCutoff }), /Expected a positive long-range cutoff/);
  }
});

Deno.test("ReferenceEngine refuses what the model cannot say", () => {
  const engine = new ReferenceEngine(local);
  assert.throws(() => engine.compute(water, wanted("c6")), /Expected a model with D4 dispersion for c6/);
  for (const stranger of [0, 18, 200]) {
    assert.throws(
      () => engine.compute({ ...water, numbers: Uint8Array.of(8, stranger, 1) }, wanted()),
      new RegExp(`Expected atomic numbers from 1 to 17, which the model has, but found ${stranger} at atom 1`),
    );
  }
  const positions = water.positions.slice();
  positions[4] = NaN;
  assert.throws(() => engine.compute({ ...water, positions }, wanted()), /Expected finite coordinates/);
  assert.throws(
    () => engine.compute({ ...water, positions: water.positions.slice(3) }, wanted()),
    /Expected 9 coordinates for 3 atoms but found 6/,
  );
});
