import { createStructure } from "../../src/structure/create_structure.ts";
import { symbolOf } from "../../src/structure/elements.ts";
import type { Structure } from "../../src/structure/structure.ts";
import type { IpiInput } from "./ipi_simulation.ts";

/** The protonated water dimer, 0.35 eV above its minimum: as much as its vibrations hold at 300 K, and more. */
export const zundel: Structure = createStructure({
  symbols: ["O", "H", "H", "O", "H", "H", "H"],
  positions: [
    [-1.2, 0, 0.02],
    [-1.65, 0.55, 0.62],
    [-1.6, -0.75, -0.5],
    [1.2, 0, -0.02],
    [1.62, 0.7, -0.52],
    [1.65, -0.6, 0.6],
    [0.03, 0.02, 0],
  ],
  charge: 1,
});

/** Ethanol as `ase.build.molecule("CH3CH2OH")` has it. */
export const ethanol: Structure = createStructure({
  symbols: ["C", "C", "O", "H", "H", "H", "H", "H", "H"],
  positions: [
    [1.168181, -0.400382, 0],
    [0, 0.559462, 0],
    [-1.190083, -0.227669, 0],
    [-1.946623, 0.381525, 0],
    [0.042557, 1.207508, 0.886933],
    [0.042557, 1.207508, -0.886933],
    [2.115891, 0.1448, 0],
    [1.128599, -1.037234, 0.885881],
    [1.128599, -1.037234, -0.885881],
  ],
});

/** Eight water molecules, turned at random, in a skewed cell of the liquid's density: smaller than any cutoff. */
export const waterBox: Structure = createStructure({
  symbols: Array.from({ length: 8 }, () => ["O", "H", "H"]).flat(),
  positions: [
    [1.15, 1.5, 1.49],
    [1.99, 1.01, 1.5],
    [1.37, 2.33, 1.04],
    [1.82, 1.63, 5.02],
    [1.87, 2.36, 4.39],
    [1.14, 1.05, 4.64],
    [1.32, 4.52, 1.26],
    [1, 4.77, 2.13],
    [2.27, 4.69, 1.29],
    [1.58, 4.41, 5.05],
    [1.79, 5.32, 5.32],
    [1.58, 4.46, 4.08],
    [4.57, 1.29, 1.78],
    [4.73, 2.08, 2.32],
    [5.05, 1.47, 0.96],
    [4.71, 1.49, 5.04],
    [4.49, 0.69, 4.54],
    [5.04, 2.1, 4.37],
    [4.54, 4.54, 1.73],
    [5.04, 4.83, 0.94],
    [4.91, 5.07, 2.45],
    [5.22, 4.75, 4.59],
    [4.67, 3.97, 4.75],
    [4.69, 5.48, 4.96],
  ],
  cell: [[6.3, 0, 0], [1.7, 6.1, 0], [-0.9, 1.1, 6.4]],
});

/** A layer of two water molecules that repeats along a and b only. */
export const waterLayer: Structure = createStructure({
  symbols: ["O", "H", "H", "O", "H", "H"],
  positions: [
    [0.1, 0.2, 0],
    [0.95, 0.61, 0.2],
    [-0.62, 0.8, -0.15],
    [2.4, 2.5, 0.3],
    [3.2, 2.95, 0.1],
    [2.5, 1.85, -0.4],
  ],
  cell: [[4.9, 0, 0], [0.6, 5.1, 0], [0, 0, 0]],
});

/** Atoms and cell as i-PI's input has them: the cell's vectors in columns. */
export function ipiGeometry({ numbers, positions, cell }: Structure): Pick<IpiInput, "atoms" | "cell"> {
  const atoms = Array.from(
    numbers,
    (number, i) => [symbolOf(number), positions[3 * i]!, positions[3 * i + 1]!, positions[3 * i + 2]!] as const,
  );
  return cell === null ? { atoms } : { atoms, cell: [0, 3, 6, 1, 4, 7, 2, 5, 8].map((at) => cell[at]!) };
}
