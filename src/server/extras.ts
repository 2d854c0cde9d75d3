import { bohr, hartree, hartreePerBohr } from "../protocol/units.ts";
import type { Property, Result } from "../structure/result.ts";

/** What a driver can send to its host besides energy, forces and virial. */
export type Extra = Extract<
  Property,
  "charges" | "dipole" | "energies" | "polarizabilities" | "c6" | "domain" | "committee"
>;

/** What {@linkcode inAtomicUnits} makes of an extra. */
export type ExtraValue = number | Float64Array | readonly Float64Array[];

/**
 * Extras by the names hosts see them under, in atomic units: `charges` e, `dipole` e·bohr, `polarizabilities` bohr³, `c6`
 * hartree bohr⁶, and `energies` as `energies_nn`, `energies_repulsion`, `energies_electrostatics` and
 * `energies_dispersion`, hartree. `domain` is a number that a host can write, `outside_domain`: in how many ways the
 * structure is outside what the model was trained on, 0 inside.
 *
 * `committee`, of M models, is in the nested form that i-PI's `<ffcommittee>` reads with `<parse_json>`: `committee_pot`
 * `[M]` hartree, `committee_force` `[M][3N]` hartree/bohr, `committee_virial` `[M][9]` hartree; and as
 * `committee_uncertainty` the energies' standard deviation, hartree, with M − 1 in the denominator as i-PI has it.
 *
 * @param result Must have what is asked for.
 */
export function inAtomicUnits(result: Result, extras: readonly Extra[]): Record<string, ExtraValue> {
  const converted: Record<string, ExtraValue> = {};
  for (const extra of extras) {
    if (extra === "committee") {
      Object.assign(converted, committeeInAtomicUnits(result.committee!));
    } else if (extra === "domain") {
      converted.outside_domain = result.domain!.length;
    } else if (extra === "energies") {
      for (const [term, values] of Object.entries(result.energies!)) {
        converted[`energies_${term}`] = scaled(values, 1 / hartree);
      }
    } else {
      converted[extra] = scaled(result[extra]!, unit[extra]);
    }
  }
  return converted;
}

const unit: Readonly<Record<Exclude<Extra, "energies" | "domain" | "committee">, number>> = {
  charges: 1,
  dipole: 1 / bohr,
  polarizabilities: 1 / bohr ** 3,
  c6: 1 / (hartree * bohr ** 6),
};

function committeeInAtomicUnits(members: readonly Result[]): Record<string, ExtraValue> {
  const energies = Float64Array.from(members, ({ energy }) => energy / hartree);
  return {
    committee_pot: energies,
    committee_force: members.map(({ forces }) => scaled(forces, 1 / hartreePerBohr)),
    committee_virial: members.map(({ virial }) => scaled(virial!, 1 / hartree)),
    committee_uncertainty: standardDeviation(energies),
  };
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  return Math.hypot(...values.map((value) => value - mean)) / Math.sqrt(values.length - 1);
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}
