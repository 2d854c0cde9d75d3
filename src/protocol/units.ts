import { bohr, hartree } from "../structure/units.ts";

export { bohr, hartree };

/** One atomic unit of force, hartree per bohr, in eV/Å. */
export const hartreePerBohr: number = hartree / bohr;
