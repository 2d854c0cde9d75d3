import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { covalentRadius } from "./covalent_radii.ts";

Deno.test("covalentRadius agrees with the table in D4, made from the same radii: 90 % of them for metals and metalloids", () => {
  const { data } = tinyModel().tensors.get("d4_dispersion_energy.rcov")!;
  for (let z = 1; z <= 17; z++) {
    const share = [3, 4, 5, 11, 12, 13, 14].includes(z) ? 0.9 : 1;
    const radius = data[z]! * 0.529177210903;
    // Its values, an earlier version of these, differ from them by 0.01 Å for Be, P and S; both have two decimals.
    assert.ok(Math.abs(radius - share * covalentRadius(z)) < 0.025, `${z}: ${radius} ${covalentRadius(z)}`);
  }
});

Deno.test("covalentRadius has a radius for every element that has a symbol", () => {
  assert.equal(covalentRadius(118), 1.57);
  assert.throws(() => covalentRadius(119), /Expected an atomic number from 1 to 118 but found 119/);
  assert.throws(() => covalentRadius(0), RangeError);
});
