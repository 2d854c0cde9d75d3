/** Physical constants with the values of the published code, so that a published checkpoint gives the published numbers. */

/** Coulomb constant e²/(4πε₀), eV Å. */
export const coulombConstant = 14.399645351950548;

/** Hartree energy, eV. */
export const hartree = 27.211386024367243;

/** Bohr radius, Å. */
export const bohr = 0.5291772105638411;
