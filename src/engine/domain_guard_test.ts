import assert from "node:assert/strict";
import { createStructure, type StructureInput } from "../structure/create_structure.ts";
import { DomainGuard } from "./domain_guard.ts";

const guard = new DomainGuard({
  elements: [1, 8],
  charge: [-1, 1],
  unpaired: [0, 0],
  closest: { pairs: [{ elements: [1, 8], distance: 0.8 }], covalent: null },
});

function departures(input: StructureInput) {
  return guard.departures(createStructure({ electronCheck: false, ...input }), 0);
}

const hydroxide: StructureInput = { symbols: ["O", "H"], positions: [[0, 0, 0], [0.97, 0, 0]], charge: -1 };

Deno.test("DomainGuard finds nothing in a structure inside, at the ends of the ranges too", () => {
  for (const charge of [-1, 0, 1]) assert.deepEqual(departures({ ...hydroxide, charge }), []);
  assert.deepEqual(departures({ ...hydroxide, positions: [[0, 0, 0], [0.8, 0, 0]] }), []);
});

Deno.test("DomainGuard says what is outside: each element, charge, unpaired electrons, the closest of each pair", () => {
  const found = departures({
    symbols: ["O", "H", "H", "S", "F", "S"],
    positions: [[0, 0, 0], [0.7, 0, 0], [0, 0.6, 0], [9, 0, 0], [0, 9, 0], [9, 9, 0]],
    charge: 2,
    unpaired: 3,
  });
  assert.deepEqual(found, [
    { kind: "element 16", reason: "element S (atom 3), trained on H, O (2)" },
    { kind: "element 9", reason: "element F (atom 4), trained on H, O (2)" },
    { kind: "charge above", reason: "charge 2, trained on -1 to 1" },
    { kind: "unpaired electrons above", reason: "unpaired electrons 3, trained on 0" },
    { kind: "distance H–O", reason: "H–O distance 0.600 Å (atoms 0 and 2), trained on 0.800 Å and more" },
  ]);
  assert.deepEqual(departures({ ...hydroxide, charge: -2.5 }).map(({ kind }) => kind), ["charge below"]);
});

Deno.test("DomainGuard finds nothing where nothing is known", () => {
  const ignorant = new DomainGuard({ elements: null, charge: null, unpaired: null, closest: null });
  const odd = createStructure({
    symbols: ["Og", "Og"],
    positions: new Float64Array(6),
    charge: 50,
    electronCheck: false,
  });
  assert.deepEqual(ignorant.departures(odd, 0), []);
});
