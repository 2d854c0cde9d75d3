import { deepEqual, equal } from "node:assert/strict";
import { inAtomicUnits } from "./extras.ts";

Deno.test("inAtomicUnits() converts charges, dipole, polarizabilities, C6 and energies", () => {
  const one = Float64Array.of(1);
  const extras = inAtomicUnits({
    energy: 0,
    forces: new Float64Array(3),
    charges: one,
    dipole: Float64Array.of(0.2081943, 0, 0),
    polarizabilities: one,
    c6: one,
    energies: { nn: one, repulsion: one, electrostatics: one, dispersion: one },
  }, ["charges", "dipole", "polarizabilities", "c6", "energies"]);
  deepEqual(Object.keys(extras), [
    ...["charges", "dipole", "polarizabilities", "c6"],
    ...["energies_nn", "energies_repulsion", "energies_electrostatics", "energies_dispersion"],
  ]);
  equal(extras.charges![0], 1);
  // One debye is 0.2081943 eÅ and 0.3934303 e·bohr; 1 Å³ is 6.748334 bohr³; 1 hartree is 27.211386 eV.
  const expected = { dipole: 0.3934303, polarizabilities: 6.748334, c6: 1.673565, energies_nn: 0.03674932 };
  for (const [name, value] of Object.entries(expected)) {
    equal(Math.abs(extras[name]![0]! / value - 1) < 1e-6, true, `${name} ${extras[name]![0]}`);
  }
});
