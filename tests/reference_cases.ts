import type { Structure } from "../src/structure/structure.ts";
import { skipping } from "./skipping.ts";

/** What the published code gives for a case in float64; units as in `Result`. */
export interface ExpectedResult {
  readonly energy: number;
  /** `[N][3]`, eV/Å. */
  readonly forces: Float64Array;
  /** −∂E/∂ε `[3][3]`, eV. */
  readonly virial: Float64Array;
  readonly charges: Float64Array;
  readonly dipole: Float64Array;
  readonly energies: {
    readonly nn: Float64Array;
    readonly repulsion: Float64Array;
    readonly electrostatics: Float64Array;
    readonly dispersion: Float64Array;
  };
  readonly polarizabilities: Float64Array;
  readonly c6: Float64Array;
  /** `[3N][3N]`, eV/Å², for small structures. */
  readonly hessian: Float64Array | null;
}

/** A structure of `../shared/reference` with the published code's results. */
export interface Case {
  readonly name: string;
  /** Path of its checkpoint. */
  readonly checkpoint: string;
  readonly structure: Structure;
  /** Whether it asks for an Ewald sum. */
  readonly ewald: boolean;
  readonly expected: ExpectedResult;
  /** What plain float32 PyTorch loses against float64: eV, eV/Å and e. */
  readonly float32Error: { readonly energy: number; readonly forces: number; readonly charges: number };
}

const folder = new URL("../../shared/reference/", import.meta.url);

/** Path of a checkpoint among the reference cases. */
export function checkpointPath(name: string): string {
  return decodeURIComponent(new URL(`checkpoints/${name}`, folder).pathname);
}

/**
 * All reference cases, in the order of their names; none, with a message, where `../shared` is absent.
 *
 * @throws Error where `../shared` is absent although `CI` is `true`.
 */
export async function loadCases(): Promise<Case[]> {
  const cases: Case[] = [];
  try {
    for await (const { name } of Deno.readDir(new URL("cases/", folder))) {
      if (!name.endsWith(".json")) continue;
      cases.push(toCase(JSON.parse(await Deno.readTextFile(new URL(`cases/${name}`, folder)))));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get("CI") === "true") throw new Error(`Expected the reference cases at ${folder} but found none`);
    skipping("the published code's results", `there are no reference cases in ${folder.pathname}`);
  }
  return cases.sort((a, b) => a.name < b.name ? -1 : 1);
}

interface CaseFile {
  name: string;
  checkpoint: string;
  numbers: number[];
  positions: number[][];
  charge: number;
  magmom: number;
  pbc: boolean;
  cell: number[][] | null;
  ewald: unknown;
  expected: {
    energy: number;
    forces: number[][];
    strain_derivative: number[][];
    charges: number[];
    dipole: number[];
    energies_nn: number[];
    energies_repulsion: number[];
    energies_electrostatics: number[];
    energies_dispersion: number[];
    polarizabilities: number[];
    c6: number[];
    hessian?: number[][];
  };
  float32_error: { energy: number; forces_max: number; charges_max: number };
}

function toCase(file: CaseFile): Case {
  const { expected, float32_error: error } = file;
  return {
    name: file.name,
    checkpoint: checkpointPath(file.checkpoint),
    structure: {
      numbers: Uint8Array.from(file.numbers),
      positions: flat(file.positions),
      cell: file.cell && flat(file.cell),
      periodic: [file.pbc, file.pbc, file.pbc],
      charge: file.charge,
      unpaired: file.magmom,
    },
    ewald: file.ewald !== null,
    expected: {
      energy: expected.energy,
      forces: flat(expected.forces),
      virial: flat(expected.strain_derivative).map((element) => -element),
      charges: Float64Array.from(expected.charges),
      dipole: Float64Array.from(expected.dipole),
      energies: {
        nn: Float64Array.from(expected.energies_nn),
        repulsion: Float64Array.from(expected.energies_repulsion),
        electrostatics: Float64Array.from(expected.energies_electrostatics),
        dispersion: Float64Array.from(expected.energies_dispersion),
      },
      polarizabilities: Float64Array.from(expected.polarizabilities),
      c6: Float64Array.from(expected.c6),
      hessian: expected.hessian === undefined ? null : flat(expected.hessian),
    },
    float32Error: { energy: error.energy, forces: error.forces_max, charges: error.charges_max },
  };
}

function flat(rows: number[][]): Float64Array {
  return Float64Array.from(rows.flat());
}
