import assert from "node:assert/strict";
import type { InfoValue } from "./comment_line.ts";
import { createStructure } from "./create_structure.ts";
import { parseFrames } from "./extended_xyz.ts";
import { formatExtendedXyz } from "./format_extended_xyz.ts";
import { structureOfFrame } from "./frame.ts";
import { createRandom } from "./random.ts";
import type { Result } from "./result.ts";

/** Random bits as a finite double: every exponent, both signs, subnormals. */
function createAnyDouble(seed: number): () => number {
  const random = createRandom(seed);
  const view = new DataView(new ArrayBuffer(8));
  return function next(): number {
    view.setUint32(0, random() * 2 ** 32);
    view.setUint32(4, random() * 2 ** 32);
    const value = view.getFloat64(0);
    return Number.isFinite(value) ? value : next();
  };
}

Deno.test("formatExtendedXyz is read back to the same bits, whatever the doubles", () => {
  const double = createAnyDouble(1);
  const structure = {
    numbers: Uint8Array.from({ length: 118 }, (_, i) => i + 1),
    positions: Float64Array.from({ length: 354 }, double).fill(-0, 0, 1),
    cell: Float64Array.of(9.1, -0, 1 / 3, 0.1, 8, 1e-300, 0, 0, 0),
    periodic: [true, true, false] as [boolean, boolean, boolean],
    charge: -1,
    unpaired: 0,
  };
  const result: Result = {
    energy: -12345,
    forces: Float64Array.from({ length: 354 }, double),
    charges: Float64Array.from({ length: 118 }, double),
    virial: Float64Array.from({ length: 9 }, double),
    dipole: Float64Array.of(1, 2, -3),
  };
  const [frame] = parseFrames(formatExtendedXyz(structure, result));
  assert.deepEqual(structureOfFrame(frame!), structure);
  assert.deepEqual(frame!.arrays.get("forces"), { columns: 3, values: result.forces });
  assert.deepEqual(frame!.arrays.get("charges"), { columns: 1, values: result.charges });
  assert.deepEqual(frame!.info.get("virial"), Array.from(result.virial!));
  assert.deepEqual([frame!.info.get("energy"), frame!.info.get("dipole")], [-12345, [1, 2, -3]]);
});

Deno.test("formatExtendedXyz writes the names and order that ASE reads", () => {
  const structure = createStructure({
    symbols: ["O", "D"],
    positions: [0, 0, 0, 1, 0, 0],
    cell: [9, 0, 0, 0, 9, 0, 0, 0, 9],
    charge: -1,
  });
  const one = Float64Array.of(1, 2);
  const result: Result = {
    energy: -1,
    forces: Float64Array.of(1, 2, 3, -1, -2, -3),
    stress: Float64Array.from({ length: 9 }, () => 0.5),
    charges: Float64Array.of(-0.75, -0.25),
    energies: { nn: one, repulsion: one, electrostatics: one, dispersion: one },
    polarizabilities: one,
    c6: one,
    hessian: Float64Array.from({ length: 36 }, (_, at) => at),
  };
  const [count, comment, oxygen, ...rest] = formatExtendedXyz(structure, result).split("\n");
  assert.equal(count, "2");
  assert.equal(
    comment!.replace(/hessian=.*$/, ""),
    'Lattice="9.0 0.0 0.0 0.0 9.0 0.0 0.0 0.0 9.0" Properties=species:S:1:pos:R:3:forces:R:3:charges:R:1:energies:R:1:' +
      "energies_nn:R:1:energies_repulsion:R:1:energies_electrostatics:R:1:energies_dispersion:R:1:polarizabilities:R:1:" +
      'c6:R:1 pbc="T T T" charge=-1 unpaired=0 energy=-1.0 stress="0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5" ',
  );
  assert.equal(oxygen, "O 0.0 0.0 0.0 1.0 2.0 3.0 -0.75 4.0 1.0 1.0 1.0 1.0 1.0 1.0");
  assert.deepEqual([rest.length, rest[1]], [2, ""]);
  const [frame] = parseFrames([count, comment, oxygen, ...rest].join("\n"));
  const hessian = JSON.parse((frame!.info.get("hessian") as string).replace("_JSON ", ""));
  assert.deepEqual([hessian.length, hessian[1][2]], [6, 8]);
});

Deno.test("formatExtendedXyz carries other keys unchanged and sets its own anew", () => {
  const structure = createStructure({ symbols: ["O"], positions: [0, 0, 0], charge: -2 });
  const info = new Map<string, InfoValue>(Object.entries({
    name: 'a "b" \\ c\nd',
    "odd key": "x=y",
    step: 12,
    done: true,
    list: [1, 2.5, -3],
    flags: [true, false],
    one: [7],
    none: [],
    words: ["p q", "r"],
    matrix: [[1, 2], [3, 4]],
    table: [["a b", "c"], ["d", "e"]],
    empty: "",
    json: '_JSON {"a": [1, 2]}',
  }));
  const replaced = new Map<string, InfoValue>([...info, ["charge", 5], ["magmom", 3], ["Multiplicity", 4], [
    "energy",
    1,
  ]]);
  const result: Result = { energy: -7.25, forces: Float64Array.of(0, 0, 0) };
  const [frame] = parseFrames(formatExtendedXyz(structure, result, replaced));
  assert.deepEqual(frame!.info, new Map([["charge", -2], ["unpaired", 0], ["energy", -7.25], ...info]));
});

Deno.test("formatExtendedXyz refuses to write numbers that are not finite", () => {
  const structure = createStructure({ symbols: ["O"], positions: [0, 0, 0] });
  assert.throws(() => formatExtendedXyz(structure, { energy: NaN, forces: new Float64Array(3) }), /finite numbers/);
  assert.throws(() => formatExtendedXyz(structure, { energy: 0, forces: Float64Array.of(0, 0, Infinity) }), /finite/);
});

Deno.test("formatExtendedXyz says whether the structure is outside the model's domain, not what an older file said", () => {
  const structure = createStructure({ symbols: ["H"], positions: [0, 0, 0], unpaired: 1 });
  const result: Result = { energy: -1, forces: new Float64Array(3) };
  const outside = parseFrames(formatExtendedXyz(structure, { ...result, domain: ["charge 2, trained on 0", "b"] }));
  const [frame] = outside;
  assert.equal(frame!.info.get("outside_domain"), "charge 2, trained on 0; b");
  assert.match(formatExtendedXyz(structure, { ...result, domain: [] }, frame!.info), / outside_domain=no\n/);
  assert.doesNotMatch(formatExtendedXyz(structure, result, frame!.info), /outside_domain/);
});
