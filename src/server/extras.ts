import { bohr, hartree } from "../protocol/units.ts";
import type { Property, Result } from "../structure/result.ts";

/** What a driver can send to its host besides energy, forces and virial. */
export type Extra = Extract<Property, "charges" | "dipole" | "energies" | "polarizabilities" | "c6">;

/**
 * Extras by the names hosts see them under, in atomic units: `charges` e, `dipole` e·bohr, `polarizabilities` bohr³, `c6`
 * hartree bohr⁶, and `energies` as `energies_nn`, `energies_repulsion`, `energies_electrostatics` and
 * `energies_dispersion`, hartree.
 *
 * @param result Must have what is asked for.
 */
export function inAtomicUnits(result: Result, extras: readonly Extra[]): Record<string, Float64Array> {
  const converted: Record<string, Float64Array> = {};
  for (const extra of extras) {
    if (extra !== "energies") {
      converted[extra] = scaled(result[extra]!, unit[extra]);
      continue;
    }
    for (const [term, values] of Object.entries(result.energies!)) {
      converted[`energies_${term}`] = scaled(values, 1 / hartree);
    }
  }
  return converted;
}

const unit: Readonly<Record<Exclude<Extra, "energies">, number>> = {
  charges: 1,
  dipole: 1 / bohr,
  polarizabilities: 1 / bohr ** 3,
  c6: 1 / (hartree * bohr ** 6),
};

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}
