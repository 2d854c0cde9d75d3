import { invertCell } from "../../src/structure/cell.ts";
import { atomicWeight } from "../../src/structure/elements.ts";
import type { Structure } from "../../src/structure/structure.ts";

/** Elements of the atom types that {@linkcode lammpsAtoms} makes. */
export const lammpsElements = "O,H,C";

const numbersOfTypes = [8, 1, 6] as const;

/** fs in LAMMPS' unit of time. */
export const femtosecond: Readonly<Record<string, number>> = { metal: 0.001, real: 1 };

/** Commands for a box with a structure's atoms, in the structure's order by ID. */
export function lammpsAtoms({ numbers, positions: unwrapped, cell }: Structure, units = "metal"): string {
  const positions = cell === null ? unwrapped : wrapped(unwrapped, cell);
  const [a, , , xy, b, , xz, yz, c] = cell ?? [40, 0, 0, 0, 40, 0, 0, 0, 40];
  const low = cell === null ? -20 : 0;
  return [
    `units ${units}`,
    `boundary ${cell === null ? "f f f" : "p p p"}`,
    "atom_modify map array sort 3 2.0",
    "box tilt large",
    `region box prism ${low} ${low + a!} ${low} ${low + b!} ${low} ${low + c!} ${xy} ${xz} ${yz}`,
    `create_box ${numbersOfTypes.length} box`,
    ...Array.from(numbers, (number, i) => {
      const place = Array.from(positions.subarray(3 * i, 3 * i + 3), (x) => x.toFixed(12)).join(" ");
      return `create_atoms ${numbersOfTypes.indexOf(number as 8) + 1} single ${place} units box`;
    }),
    ...numbersOfTypes.map((number, k) => `mass ${k + 1} ${atomicWeight(number)}`),
    "thermo_style custom step pe ke etotal press pxx pyy pzz pxy pxz pyz vol lx",
  ].join("\n");
}

/** Positions moved into the cell, where LAMMPS makes atoms; molecules are torn apart. */
function wrapped(positions: Float64Array, cell: Float64Array): Float64Array {
  const inverse = invertCell(cell);
  return positions.map((_, at) => {
    const row = at - at % 3, k = at % 3;
    const fraction = (axis: number) => {
      const value = [0, 1, 2].reduce((sum, j) => sum + positions[row + j]! * inverse[3 * j + axis]!, 0);
      return value - Math.floor(value);
    };
    return [0, 1, 2].reduce((sum, axis) => sum + fraction(axis) * cell[3 * axis + k]!, 0);
  });
}
