import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { chargeScaling, referenceC6, referenceCount, referencePolarizabilities } from "./reference_c6.ts";

Deno.test("chargeScaling is 1 at the reference charge, and e³ without a slope where no electrons are left", () => {
  assert.equal(chargeScaling(0.5, 4, 4).value, 1);
  assert.deepEqual(chargeScaling(0.5, 4, 1e-8), { value: Math.exp(3), slope: 0 });
  assert.deepEqual(chargeScaling(0.5, 4, -1), { value: Math.exp(3), slope: 0 });
  assert.deepEqual(chargeScaling(0, 0, 0), { value: Math.exp(3), slope: 0 });
});

Deno.test("chargeScaling has the slope of its value and is finite next to its branch", () => {
  for (const electrons of [0.5, 3, 4.5, 9]) {
    const h = 1e-4;
    const at = (steps: number) => chargeScaling(0.5, 4, electrons + steps * h).value;
    const slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
    assert.ok(Math.abs(chargeScaling(0.5, 4, electrons).slope - slope) < 1e-9 * Math.max(1, Math.abs(slope)));
  }
  const { value, slope } = chargeScaling(0.5, -1e3, 2e-8);
  assert.ok(Number.isFinite(value) && Number.isFinite(slope));
});

Deno.test("referencePolarizabilities are neither negative nor undefined, padding included", () => {
  const dispersion = buildNetwork(tinyModel()).dispersion!;
  assert.ok(referencePolarizabilities(dispersion).every((alpha) => alpha >= 0 && Number.isFinite(alpha)));
});

Deno.test("referenceC6 is symmetric and one table holds each element once", () => {
  const dispersion = buildNetwork(tinyModel()).dispersion!;
  const { elements, elementOf, table } = referenceC6(
    dispersion,
    referencePolarizabilities(dispersion),
    Uint8Array.of(8, 1, 1),
  );
  assert.deepEqual(elements, [1, 8]);
  assert.deepEqual([...elementOf], [1, 0, 0]);
  const at = (e: number, f: number, a: number, b: number) =>
    table[((e * 2 + f) * referenceCount + a) * referenceCount + b]!;
  for (let a = 0; a < referenceCount; a++) {
    for (let b = 0; b < referenceCount; b++) assert.equal(at(0, 1, a, b), at(1, 0, b, a));
  }
  // the free hydrogen atom's C6 is 6.5 hartree bohr⁶; its first reference is the hydrogen molecule's or the atom's
  assert.ok(at(0, 0, 0, 0) > 1 && at(0, 0, 0, 0) < 10);
});
