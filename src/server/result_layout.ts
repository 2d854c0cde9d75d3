import type { Property, Result } from "../structure/result.ts";
import { wantedBits } from "./wire.ts";

/** Where each quantity of a RESULT stands: M structures of N atoms, one quantity after the other, float64. */
export class ResultLayout {
  /** Structures M. */
  readonly count: number;
  /** Bits of what is there besides the energies. */
  readonly wanted: number;
  /** How many float64 there are in all. */
  readonly valueCount: number;
  /** What a calculator is asked for. */
  readonly properties: ReadonlySet<Property>;
  readonly #at: Readonly<Record<keyof typeof wantedBits, number>>;
  readonly #atoms: number;

  /**
   * @param count Structures M.
   * @param atoms Atoms N of each.
   * @param wanted Bits of what is wanted.
   */
  constructor(count: number, atoms: number, wanted: number) {
    this.count = count;
    this.wanted = wanted;
    this.#atoms = atoms;
    const sizes = {
      forces: 3 * atoms,
      virial: 9,
      charges: atoms,
      dipole: 3,
      energies: atoms,
      hessian: 9 * atoms * atoms,
    };
    const properties = new Set<Property>(["energy", "forces"]);
    const at = { forces: 0, virial: 0, charges: 0, dipole: 0, energies: 0, hessian: 0 };
    let end = count;
    for (const name of ["forces", "virial", "charges", "dipole", "energies", "hessian"] as const) {
      at[name] = end;
      if ((wanted & wantedBits[name]) === 0) continue;
      end += count * sizes[name];
      properties.add(name);
    }
    this.#at = at;
    this.valueCount = end;
    this.properties = properties;
  }

  /** Bytes of the RESULT's body. */
  get bodyLength(): number {
    return 8 + 8 * this.valueCount;
  }

  /** Writes structure `s`'s result, which must have what is wanted, into a RESULT's numbers; the Hessian by itself. */
  write(values: Float64Array, s: number, result: Result): void {
    const { wanted } = this;
    const atoms = this.#atoms;
    values[s] = result.energy;
    if (wanted & wantedBits.forces) values.set(result.forces, this.#at.forces + 3 * atoms * s);
    if (wanted & wantedBits.virial) values.set(result.virial!, this.#at.virial + 9 * s);
    if (wanted & wantedBits.charges) values.set(result.charges!, this.#at.charges + atoms * s);
    if (wanted & wantedBits.dipole) values.set(result.dipole!, this.#at.dipole + 3 * s);
    if (wanted & wantedBits.energies) {
      const { nn, repulsion, electrostatics, dispersion } = result.energies!;
      const at = this.#at.energies + atoms * s;
      for (let i = 0; i < atoms; i++) values[at + i] = nn[i]! + repulsion[i]! + electrostatics[i]! + dispersion[i]!;
    }
    if (result.hessian !== undefined) this.writeHessian(values, s, result.hessian);
  }

  /** Writes structure `s`'s Hessian `[3N][3N]`. */
  writeHessian(values: Float64Array, s: number, hessian: Float64Array): void {
    values.set(hessian, this.#at.hessian + hessian.length * s);
  }
}
