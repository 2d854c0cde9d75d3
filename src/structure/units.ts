/** Conversion factors at the boundaries: everything inside is in Å, eV and e. */

/** Hartree energy, eV (CODATA 2018). */
export const hartree = 27.211386245988;

/** Bohr radius, Å (CODATA 2018). */
export const bohr = 0.529177210903;

/**
 * Bohr radius, Å, as i-PI has it: its `utils/units.py` sets 1 Å = 1.8897261 bohr. Files that i-PI wrote in bohr give back
 * the ångströms it was given only with its own factor, which differs from CODATA by 1.3·10⁻⁸.
 */
export const ipiBohr = 1 / 1.8897261;
