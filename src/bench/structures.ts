import { createStructure } from "../structure/create_structure.ts";
import type { Structure } from "../structure/structure.ts";

/** Å between molecules on a cubic lattice: the density of liquid water. */
const spacing = 3.1;

/**
 * Water molecules on a cubic lattice of the liquid's density, filled layer by layer, each turned another way. Not a
 * structure anybody would find, but one with a liquid's numbers of neighbours.
 *
 * @param atoms A multiple of three.
 */
export function waterCluster(atoms: number): Structure {
  const molecules = atoms / 3;
  const side = Math.ceil(Math.cbrt(molecules));
  const positions = new Float64Array(3 * atoms);
  for (let m = 0; m < molecules; m++) {
    const centre = [m % side, Math.floor(m / side) % side, Math.floor(m / side ** 2)].map((k) => spacing * k);
    const x = 0.76 * Math.cos(0.7 * m), y = 0.76 * Math.sin(0.7 * m);
    [0, 0, 0, x, y, 0.59, -x, -y, 0.59].forEach((place, k) => positions[9 * m + k] = centre[k % 3]! + place);
  }
  return createStructure({ numbers: Uint8Array.from({ length: atoms }, (_, i) => i % 3 === 0 ? 8 : 1), positions });
}

/** The protonated water dimer near its minimum. */
export const zundelCation: Structure = createStructure({
  symbols: ["O", "O", "H", "H", "H", "H", "H"],
  positions: [
    [-1.2198, -0.0567, 0.0593],
    [1.2198, 0.0561, -0.0599],
    [0, -0.0002, -0.0002],
    [-1.6157, 0.7876, 0.3276],
    [-1.6183, -0.3219, -0.7848],
    [1.6155, -0.7892, -0.3252],
    [1.6185, 0.3243, 0.7832],
  ],
  charge: 1,
});
