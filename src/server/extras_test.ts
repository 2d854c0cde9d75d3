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
  }, ["charges", "dipole", "polarizabilities", "c6", "energies"]) as Record<string, Float64Array>;
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

Deno.test("inAtomicUnits() gives each member of a committee its energy, forces and virial, and the energies' deviation", () => {
  const [hartree, hartreePerBohr] = [27.211386245988, 51.4220674763]; // eV, eV/Å
  const members = [1, 2, 6].map((k) => ({
    energy: k * hartree,
    forces: new Float64Array(6).fill(k * hartreePerBohr),
    virial: new Float64Array(9).fill(k * hartree),
  }));
  const extras = inAtomicUnits({ ...members[0]!, committee: members }, ["committee"]);
  const nested = (name: string) => (extras[name] as Float64Array[]).map((row) => Array.from(row, (x) => x.toFixed(9)));
  const rows = (length: number) => [1, 2, 6].map((k) => new Array(length).fill(k.toFixed(9)));
  deepEqual(extras["committee_pot"], Float64Array.of(1, 2, 6));
  deepEqual(nested("committee_force"), rows(6));
  deepEqual(nested("committee_virial"), rows(9));
  // Around the mean 3, with M - 1: √((4 + 1 + 9) / 2).
  equal((extras["committee_uncertainty"] as number).toFixed(12), Math.sqrt(7).toFixed(12));
});

Deno.test("inAtomicUnits() counts in how many ways a structure is outside the model's domain, which a host can write", () => {
  const result = { energy: 0, forces: new Float64Array(3) };
  deepEqual(inAtomicUnits({ ...result, domain: [] }, ["domain"]), { outside_domain: 0 });
  deepEqual(inAtomicUnits({ ...result, domain: ["a", "b"] }, ["domain"]), { outside_domain: 2 });
});
