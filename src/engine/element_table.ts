import { bohr } from "../model/constants.ts";
import type { Dispersion, Network } from "../model/network.ts";
import { referenceC6, referenceCount } from "../reference/reference_c6.ts";

/** Where things stand in an element's row; counts scalars, the stride vec4s. The first eight: see {@linkcode elementRows}. */
export const elementTable = {
  stride4: 29,
  referenceCharges: 8,
  fixedWeights: 16,
  polarizabilities: 24,
  gaussians: 32,
};

/**
 * One row for each element of a batch, float32:
 * 0, 0, rcov (bohr), en, zeff, gam, sqrt_r4r2, charge bias (e); then of the reference systems `[8]` each qref, fixed
 * weights, static polarizabilities (Å³); then `[7][3]` Gaussians (mask, weight, cn, 0) of the coordination number.
 */
export function elementRows(network: Network, elements: readonly number[]): Float32Array {
  const stride = 4 * elementTable.stride4;
  const rows = new Float32Array(elements.length * stride);
  elements.forEach((Z, e) => {
    const row = rows.subarray(e * stride, (e + 1) * stride);
    row[7] = network.elementBias[2 * Z + 1]!;
    const d4 = network.dispersion;
    if (d4 === null) return;
    row[2] = d4.rcov[Z]!;
    row[3] = d4.en[Z]!;
    row[4] = d4.zeff[Z]!;
    row[5] = d4.gam[Z]!;
    row[6] = d4.sqrtR4r2[Z]!;
    for (let a = 0; a < referenceCount; a++) {
      const at = Z * referenceCount + a;
      row[elementTable.referenceCharges + a] = d4.zeff[Z]! + d4.scaleq * d4.refq[at]!;
      row[elementTable.fixedWeights + a] = d4.fixgweights[at]!;
      row[elementTable.polarizabilities + a] = d4.alpha[at * 23]! * bohr ** 3;
      for (let k = 0; k < 3; k++) {
        const gaussian = elementTable.gaussians + 4 * (3 * a + k);
        row[gaussian] = d4.ncountMask[3 * at + k]!;
        row[gaussian + 1] = d4.ncountWeight[3 * at + k]!;
        row[gaussian + 2] = d4.cn[3 * at + k]!;
      }
    }
  });
  return rows;
}

/**
 * Reference C6 coefficients of all pairs of a batch's elements, `[E][E][7][8]`, hartree bohr⁶, float32.
 *
 * @param dispersion The model's D4 parameters.
 * @param polarizabilities What `referencePolarizabilities` makes of them, once per model.
 * @param elements Distinct atomic numbers, ascending.
 */
export function referenceC6Rows(
  dispersion: Dispersion,
  polarizabilities: Float64Array,
  elements: readonly number[],
): Float32Array {
  const { table } = referenceC6(dispersion, polarizabilities, Uint8Array.from(elements));
  const rows = new Float32Array(table.length / referenceCount * 8);
  for (let row = 0; row < table.length / referenceCount; row++) {
    rows.set(table.subarray(row * referenceCount, (row + 1) * referenceCount), row * 8);
  }
  return rows;
}

/** Where the tables of a batch stand in the elements buffer; vec4s, the C6 table scalars. */
export interface ElementPlaces {
  /** Number of elements. */
  readonly count: number;
  /** Rows of {@linkcode elementRows}. */
  readonly table: number;
  /** `[structure]` (total charge, e). */
  readonly charges: number;
  /** {@linkcode referenceC6Rows}. */
  readonly c6: number;
  /** `repulsionPolynomials`. */
  readonly repulsion: number;
  /** Whether some of the elements count as neighbours beyond the network's cutoff; see `coordination.wgsl`. */
  readonly far: boolean;
  /** Vec4s of all of it. */
  readonly length: number;
}

/**
 * Lays out the elements buffer.
 *
 * @param network The model.
 * @param elements Distinct atomic numbers of the batch.
 * @param structures Structures of the batch.
 * @param intervals Intervals of the radial tables.
 */
export function placeElements(
  network: Network,
  elements: readonly number[],
  structures: number,
  intervals: number,
): ElementPlaces {
  const count = elements.length;
  const charges = count * elementTable.stride4;
  const c6 = charges + structures;
  const repulsion = c6 + 14 * count * count;
  const length = repulsion + 2 * intervals * count * count;
  return { count, table: 0, charges, c6: 4 * c6, repulsion, far: countFar(network, elements), length };
}

/** Largest sum of two covalent radii, bohr, whose atoms count as neighbours within the network's cutoff only. */
export function coordinationReach({ hyperparameters: { cutoff } }: Network): number {
  // up to 1.8 times their contact, which is 4/3 of the radii
  return Math.fround(cutoff / bohr / 2.4);
}

function countFar(network: Network, elements: readonly number[]): boolean {
  if (network.dispersion === null) return false;
  const { rcov } = network.dispersion;
  // as the kernels compute it, in float32
  const largest = Math.max(...elements.map((Z) => Math.fround(rcov[Z]!)));
  return Math.fround(largest + largest) > coordinationReach(network);
}
