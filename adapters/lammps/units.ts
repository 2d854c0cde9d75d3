/** eV in LAMMPS' unit of energy; its unit of length is Å in all of these. The factor of `real` is LAMMPS' own. */
const energies: Readonly<Record<string, number>> = { metal: 1, real: 23.060549 };

/**
 * One eV in the unit of energy that goes with LAMMPS' `units`.
 *
 * @param units What LAMMPS is set to.
 * @throws {RangeError} For units other than metal (eV) and real (kcal/mol).
 */
export function energyUnit(units: string): number {
  const energy = energies[units];
  if (energy !== undefined) return energy;
  throw new RangeError(`Expected units metal or real but found units ${units}: change the script's units command`);
}
