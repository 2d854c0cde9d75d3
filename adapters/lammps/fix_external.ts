import type { Calculator } from "../../src/engine/calculator.ts";
import { checkElectrons } from "../../src/structure/electrons.ts";
import type { Structure } from "../../src/structure/structure.ts";
import { type Lammps, text } from "./lammps.ts";
import { energyUnit } from "./units.ts";

/** What a {@linkcode FixExternal} computes, and for which atoms. */
export interface FixExternalOptions {
  /** Computes synchronously. */
  readonly calculator: Pick<Calculator, "computeSync">;
  /** Atomic number of each atom type, type 1 first. Types that no atom of the group has may be left out at the end. */
  readonly elements: readonly number[];
  /** The fix's ID; default `spookynet`. */
  readonly id?: string;
  /** The fix's group: only its atoms are given to the model, and feel it; default `all`. */
  readonly group?: string;
  /** Total charge of the group's atoms, e; default 0. */
  readonly charge?: number;
  /** Number of unpaired electrons; default 0. */
  readonly unpaired?: number;
  /** Whether charge and spin must be possible for the elements; default true. */
  readonly electronCheck?: boolean;
}

/** `void callback(void *, bigint step, int nlocal, tagint *ids, double **x, double **forces)`. */
const signature = {
  parameters: ["pointer", "i64", "i32", "pointer", "pointer", "pointer"],
  result: "void",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** Where xx, yy, zz, xy, xz, yz, LAMMPS' order, stand in a matrix `[3][3]`. */
const virialOrder = [0, 4, 8, 1, 2, 5] as const;

const properties = ["energy", "forces", "virial"] as const;

/** An atom-style variable that is 1 for the atoms of the group. */
const membership = "spookynet_group";

/**
 * A `fix ID group external pf/callback` of LAMMPS that a calculator serves: energy, forces and virial of the group's atoms,
 * ordered by ID, in the box as it is at every call. A cluster where no axis of the box is periodic.
 *
 * An exception in a callback cannot pass through LAMMPS: it sets everything to zero, stops LAMMPS and is thrown by the
 * {@linkcode Lammps} method that runs it.
 */
export class FixExternal {
  readonly #lammps: Lammps;
  readonly #options: Required<FixExternalOptions>;
  readonly #id: Uint8Array<ArrayBuffer>;
  readonly #callback: Deno.UnsafeCallback<typeof signature>;
  readonly #virial = new Float64Array(6);
  #energyUnit = 1;
  #order: Int32Array = new Int32Array(0);
  #numbers: Uint8Array = new Uint8Array(0);
  #positions: Float64Array = new Float64Array(0);
  #evaluations = 0;
  #hasFailed = false;

  /**
   * Not attached yet.
   *
   * @param lammps Kept; frees this when it is closed.
   * @param options Kept.
   */
  constructor(lammps: Lammps, options: FixExternalOptions) {
    this.#lammps = lammps;
    this.#options = { id: "spookynet", group: "all", charge: 0, unpaired: 0, electronCheck: true, ...options };
    this.#id = text(this.#options.id);
    // Called from LAMMPS' own thread while a script runs, and then handed over to this one.
    this.#callback = Deno.UnsafeCallback.threadSafe(
      signature,
      (_, _step, count, ids, positions, forces) => this.#call(count, ids, positions, forces),
    );
    lammps.own({ [Symbol.dispose]: () => this.#callback.close() });
  }

  /** How often LAMMPS has asked. */
  get evaluations(): number {
    return this.#evaluations;
  }

  /** Whether LAMMPS has the fix. */
  get exists(): boolean {
    return this.#lammps.has("fix", this.#options.id);
  }

  /** Makes the fix, and lets its energy and virial count. */
  create(): void {
    const { id, group } = this.#options;
    this.#checkGroup();
    this.#lammps.command(`fix ${id} ${group} external pf/callback 1 1\nfix_modify ${id} energy yes virial yes`);
  }

  /**
   * Serves the fix from now on; needed again whenever it was made anew.
   *
   * @throws {RangeError} For units other than metal and real, and for a group or a third dimension that is not there.
   */
  attach(): void {
    const { group, id } = this.#options;
    this.#checkGroup();
    if (this.#lammps.setting("dimension") === 2) throw new RangeError("Expected dimension 3 but found dimension 2");
    this.#energyUnit = energyUnit(this.#lammps.units);
    if (!this.exists) throw new RangeError(`Expected fix ${id} but there is none`);
    if (group !== "all") this.#lammps.command(`variable ${membership} atom gmask(${group})`);
    const { symbols, handle } = this.#lammps;
    // The last argument is handed to the callback; LAMMPS of 2025 ignores the call where it is null.
    symbols.lammps_set_fix_external_callback(handle, this.#id, this.#callback.pointer, handle);
  }

  #checkGroup(): void {
    const { group } = this.#options;
    if (!this.#lammps.has("group", group)) {
      throw new RangeError(`Expected the group ${group} but there is none: define it before the script's first fix`);
    }
  }

  #call(
    count: number,
    ids: Deno.PointerValue,
    positions: Deno.PointerValue,
    forces: Deno.PointerValue,
  ): void {
    const target = rows(forces, count);
    target.fill(0);
    this.#virial.fill(0);
    let energy = 0;
    try {
      if (!this.#hasFailed) energy = this.#compute(idsOf(this.#lammps, ids, count), rows(positions, count), target);
    } catch (error) {
      this.#hasFailed = true;
      target.fill(0);
      this.#virial.fill(0);
      this.#lammps.stop(error);
    }
    // Both keep their values until set again.
    const { symbols, handle } = this.#lammps;
    symbols.lammps_fix_external_set_energy_global(handle, this.#id, energy);
    symbols.lammps_fix_external_set_virial_global(handle, this.#id, this.#virial);
  }

  /** Fills forces and virial, in LAMMPS' units and order, and returns the energy. */
  #compute(ids: Int32Array | BigInt64Array, positions: Float64Array, forces: Float64Array): number {
    this.#sort(ids, this.#members(ids.length));
    const structure = this.#structure(positions);
    const [result] = this.#options.calculator.computeSync([structure], properties);
    const { energy, forces: modelForces, virial } = result!;
    const unit = this.#energyUnit;
    for (let k = 0; k < this.#order.length; k++) {
      const to = 3 * this.#order[k]!, from = 3 * k;
      forces[to] = unit * modelForces[from]!;
      forces[to + 1] = unit * modelForces[from + 1]!;
      forces[to + 2] = unit * modelForces[from + 2]!;
    }
    for (let k = 0; k < 6; k++) this.#virial[k] = unit * virial![virialOrder[k]!]!;
    this.#evaluations++;
    return unit * energy;
  }

  #structure(positions: Float64Array): Structure {
    const { charge, unpaired } = this.#options;
    this.#updateNumbers();
    for (let k = 0; k < this.#order.length; k++) {
      const from = 3 * this.#order[k]!, to = 3 * k;
      this.#positions[to] = positions[from]!;
      this.#positions[to + 1] = positions[from + 1]!;
      this.#positions[to + 2] = positions[from + 2]!;
    }
    const { cell, periodic } = this.#lammps.box();
    const repeats = periodic.includes(true);
    return {
      numbers: this.#numbers,
      positions: this.#positions,
      cell: repeats ? cell : null,
      periodic,
      charge,
      unpaired,
    };
  }

  /** Which of the local atoms are in the group; `null` for all of them. */
  #members(count: number): Float64Array | null {
    if (this.#options.group === "all") return null;
    const { symbols, handle } = this.#lammps;
    const pointer = symbols.lammps_extract_variable(handle, text(membership), text("all"));
    if (pointer === null) throw new Error(`Expected LAMMPS to know the variable ${membership} but it does not`);
    const members = new Float64Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 8 * count)).slice();
    symbols.lammps_free(pointer);
    return members;
  }

  /** LAMMPS sorts its atoms by place now and then: finds the group's atoms by ID again, where they have changed. */
  #sort(ids: Int32Array | BigInt64Array, members: Float64Array | null): void {
    if (isOrdered(this.#order, ids, members)) return;
    const chosen: number[] = [];
    for (let i = 0; i < ids.length; i++) if (members === null || members[i] !== 0) chosen.push(i);
    if (chosen.length === 0) throw new RangeError(`Expected atoms in the group ${this.#options.group} but found none`);
    this.#order = Int32Array.from(chosen.sort((i, j) => ids[i]! < ids[j]! ? -1 : 1));
  }

  #updateNumbers(): void {
    const { elements, charge, unpaired, electronCheck } = this.#options;
    const { symbols, handle } = this.#lammps;
    const order = this.#order;
    const pointer = symbols.lammps_extract_atom(handle, typeName)!;
    const types = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 4 * (order.reduce(largest, 0) + 1)));
    let isSame = this.#numbers.length === order.length;
    if (!isSame) {
      this.#numbers = new Uint8Array(order.length);
      this.#positions = new Float64Array(3 * order.length);
    }
    for (let k = 0; k < order.length; k++) {
      const type = types[order[k]!]!;
      const number = elements[type - 1];
      if (number === undefined) {
        throw new RangeError(
          `Expected the elements of all atom types in the group ${this.#options.group} but found ${elements.length}, ` +
            `and an atom of type ${type}: name the elements of types 1 to ${type}`,
        );
      }
      isSame &&= this.#numbers[k] === number;
      this.#numbers[k] = number;
    }
    if (!isSame && electronCheck) checkElectrons(this.#numbers, { charge, unpaired });
  }
}

const typeName = text("type");

function largest(a: number, b: number): number {
  return Math.max(a, b);
}

/** Whether an order still holds all members, by ascending ID. */
function isOrdered(order: Int32Array, ids: Int32Array | BigInt64Array, members: Float64Array | null): boolean {
  let count = ids.length;
  if (members !== null) {
    count = 0;
    for (let i = 0; i < members.length; i++) if (members[i] !== 0) count++;
  }
  if (count === 0 || order.length !== count) return false;
  for (let k = 0; k < count; k++) {
    const i = order[k]!;
    if (i >= ids.length || (members !== null && members[i] === 0)) return false;
    if (k > 0 && !(ids[order[k - 1]!]! < ids[i]!)) return false;
  }
  return true;
}

/** The rows of a `double **` `[count][3]`, which LAMMPS lays out one after the other; not copied. */
function rows(pointer: Deno.PointerValue, count: number): Float64Array {
  const first = pointer && count > 0 ? new Deno.UnsafePointerView(pointer).getPointer(0) : null;
  return first === null
    ? new Float64Array(0)
    : new Float64Array(Deno.UnsafePointerView.getArrayBuffer(first, 24 * count));
}

/** Atom IDs, 4 or 8 bytes each by how LAMMPS was built. */
function idsOf(lammps: Lammps, pointer: Deno.PointerValue, count: number): Int32Array | BigInt64Array {
  const all = lammps.symbols.lammps_get_natoms(lammps.handle);
  if (count !== all) {
    throw new RangeError(
      `Expected all of LAMMPS' ${all} atoms but found ${count}, the others have left the box: take a larger box, a ` +
        `shorter timestep, or boundary s or p`,
    );
  }
  if (pointer === null) throw new RangeError("Expected atoms with IDs but found none: leave out atom_modify id no");
  return lammps.setting("tagint") === 8
    ? new BigInt64Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 8 * count))
    : new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 4 * count));
}
