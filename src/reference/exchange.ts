import type { Structure } from "../structure/structure.ts";
import type { ReferenceResult } from "./collect_result.ts";
import { soloTeam } from "./team.ts";
import { Workspace } from "./workspace.ts";

/**
 * Structures of a batch and their results in memory that all threads see. The first thread makes it, the others open it
 * with the same numbers of structures S and atoms T.
 */
export class Exchange {
  readonly #firstAtoms: Int32Array;
  /** Whether it repeats along each axis, and whether it has a cell `[S][4]`. */
  readonly #flags: Int32Array;
  readonly #numbers: Int32Array;
  readonly #positions: Float64Array;
  readonly #cells: Float64Array;
  /** Charge and number of unpaired electrons `[S][2]`. */
  readonly #electrons: Float64Array;
  /** 1 where there is a result `[S]`. */
  readonly #done: Int32Array;
  readonly #energies: Float64Array;
  readonly #virials: Float64Array;
  readonly #dipoles: Float64Array;
  readonly #forces: Float64Array;
  readonly #atomic: readonly Float64Array[];

  private constructor(memory: WebAssembly.Memory, structures: number, atoms: number) {
    const workspace = new Workspace(memory, soloTeam);
    this.#firstAtoms = workspace.int32(structures + 1);
    this.#flags = workspace.int32(4 * structures);
    this.#numbers = workspace.int32(atoms);
    this.#positions = workspace.float64(3 * atoms);
    this.#cells = workspace.float64(9 * structures);
    this.#electrons = workspace.float64(2 * structures);
    this.#done = workspace.int32(structures);
    this.#energies = workspace.float64(structures);
    this.#virials = workspace.float64(9 * structures);
    this.#dipoles = workspace.float64(3 * structures);
    this.#forces = workspace.float64(3 * atoms);
    this.#atomic = Array.from({ length: 7 }, () => workspace.float64(atoms));
  }

  /** Puts structures there, without results. */
  static of(memory: WebAssembly.Memory, structures: readonly Structure[]): Exchange {
    const atoms = structures.reduce((sum, { numbers }) => sum + numbers.length, 0);
    const exchange = new Exchange(memory, structures.length, atoms);
    exchange.#done.fill(0);
    exchange.#firstAtoms[0] = 0;
    structures.forEach(({ numbers, positions, cell, periodic, charge, unpaired }, s) => {
      const first = exchange.#firstAtoms[s]!;
      exchange.#firstAtoms[s + 1] = first + numbers.length;
      exchange.#flags.set([...periodic, cell !== null].map(Number), 4 * s);
      exchange.#numbers.set(numbers, first);
      exchange.#positions.set(positions, 3 * first);
      if (cell !== null) exchange.#cells.set(cell, 9 * s);
      exchange.#electrons.set([charge, unpaired], 2 * s);
    });
    return exchange;
  }

  /** What {@link Exchange.of} has put there. */
  static open(memory: WebAssembly.Memory, structures: number, atoms: number): Exchange {
    return new Exchange(memory, structures, atoms);
  }

  /** Structure s, a copy. */
  structure(s: number): Structure {
    const first = this.#firstAtoms[s]!, end = this.#firstAtoms[s + 1]!;
    const [a, b, c, hasCell] = this.#flags.subarray(4 * s, 4 * s + 4);
    return {
      numbers: Uint8Array.from(this.#numbers.subarray(first, end)),
      positions: this.#positions.slice(3 * first, 3 * end),
      cell: hasCell === 1 ? this.#cells.slice(9 * s, 9 * s + 9) : null,
      periodic: [a === 1, b === 1, c === 1],
      charge: this.#electrons[2 * s]!,
      unpaired: this.#electrons[2 * s + 1]!,
    };
  }

  /** Hands in the result of structure s. */
  put(s: number, result: ReferenceResult): void {
    const first = this.#firstAtoms[s]!;
    this.#energies[s] = result.energy;
    this.#virials.set(result.virial, 9 * s);
    this.#dipoles.set(result.dipole, 3 * s);
    this.#forces.set(result.forces, 3 * first);
    atomicArrays(result).forEach((values, k) => this.#atomic[k]!.set(values, first));
    this.#done[s] = 1;
  }

  /** The result of structure s, a copy; `null` where nobody has handed in any. */
  result(s: number): ReferenceResult | null {
    if (this.#done[s] === 0) return null;
    const first = this.#firstAtoms[s]!, end = this.#firstAtoms[s + 1]!;
    const [charges, nn, repulsion, electrostatics, dispersion, polarizabilities, c6] = this.#atomic.map((values) =>
      values.slice(first, end)
    );
    return {
      energy: this.#energies[s]!,
      forces: this.#forces.slice(3 * first, 3 * end),
      virial: this.#virials.slice(9 * s, 9 * s + 9),
      charges: charges!,
      dipole: this.#dipoles.slice(3 * s, 3 * s + 3),
      energies: { nn: nn!, repulsion: repulsion!, electrostatics: electrostatics!, dispersion: dispersion! },
      polarizabilities: polarizabilities!,
      c6: c6!,
    };
  }
}

function atomicArrays({ charges, energies, polarizabilities, c6 }: ReferenceResult): readonly Float64Array[] {
  const { nn, repulsion, electrostatics, dispersion } = energies;
  return [charges, nn, repulsion, electrostatics, dispersion, polarizabilities, c6];
}
