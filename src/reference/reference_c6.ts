import type { Dispersion } from "../model/network.ts";

/** Reference systems an element has at most. */
export const referenceCount = 7;

/** The largest value of the charge scaling ζ, taken where a charge leaves no electrons. */
const largestScaling = Math.exp(3);

/** Below this many electrons the charge scaling takes its largest value. */
const fewestElectrons = 1e-8;

/** ζ of D4 and its derivative with respect to the number of electrons. */
export interface ChargeScaling {
  readonly value: number;
  readonly slope: number;
}

/**
 * D4's charge scaling ζ = exp(3(1 − exp(2γ(1 − qref/qmod)))) of effective nuclear charges plus partial charges; e³ where
 * qmod ≤ 1e-8, where the closed form does not exist. (Caldeweyher et al. 2019.)
 */
export function chargeScaling(hardness: number, reference: number, modified: number): ChargeScaling {
  if (modified <= fewestElectrons) return { value: largestScaling, slope: 0 };
  const inner = Math.exp(2 * hardness * (1 - reference / modified));
  const value = Math.exp(3 * (1 - inner));
  // where inner overflows the value is exactly 0
  return { value, slope: value === 0 ? 0 : -value * 3 * inner * 2 * hardness * reference / modified ** 2 };
}

/**
 * The reference systems' dynamic polarizabilities at imaginary frequencies, corrected for what they contain besides the
 * element: `[Zmax][7][23]`, atomic units. Once per model.
 */
export function referencePolarizabilities(dispersion: Dispersion): Float64Array {
  const { refsys, zeff, gam, refh, scaleq, ascale, hcount, sscale, secaiw, alphaiw } = dispersion;
  const frequencies = dispersion.casimirPolderWeights.length;
  const result = new Float64Array(alphaiw.length);
  for (let reference = 0; reference < refsys.length; reference++) {
    const system = refsys[reference]!;
    const electrons = zeff[system]!;
    const scaling = chargeScaling(gam[system]!, electrons, electrons + scaleq * refh[reference]!).value;
    for (let w = 0; w < frequencies; w++) {
      const other = hcount[reference]! * sscale[system]! * secaiw[system * frequencies + w]! * scaling;
      const at = reference * frequencies + w;
      result[at] = Math.max(ascale[reference]! * (alphaiw[at]! - other), 0);
    }
  }
  return result;
}

/** Reference C6 coefficients among the elements of one system. */
export interface ReferenceC6 {
  /** The distinct atomic numbers, E of them, ascending. */
  readonly elements: readonly number[];
  /** Each atom's place among them `[N]`. */
  readonly elementOf: Int32Array;
  /** `[E][E][7][7]`, hartree·bohr⁶: element, other element, reference, other's reference. */
  readonly table: Float64Array;
}

/**
 * The reference C6 coefficients of the elements present, by the Casimir–Polder sum 3/π Σ_w α_a α_b w over
 * {@link referencePolarizabilities}.
 */
export function referenceC6(
  { casimirPolderWeights }: Dispersion,
  polarizabilities: Float64Array,
  numbers: Uint8Array,
): ReferenceC6 {
  const elements = [...new Set(numbers)].sort((a, b) => a - b);
  const elementOf = Int32Array.from(numbers, (z) => elements.indexOf(z));
  const frequencies = casimirPolderWeights.length;
  const size = referenceCount * frequencies;
  const table = new Float64Array((elements.length * referenceCount) ** 2);
  let at = 0;
  for (const one of elements) {
    for (const other of elements) {
      for (let a = 0; a < referenceCount; a++) {
        for (let b = 0; b < referenceCount; b++) {
          let sum = 0;
          for (let w = 0; w < frequencies; w++) {
            sum += casimirPolderWeights[w]! * polarizabilities[one * size + a * frequencies + w]! *
              polarizabilities[other * size + b * frequencies + w]!;
          }
          table[at++] = 3 / Math.PI * sum;
        }
      }
    }
  }
  return { elements, elementOf, table };
}
