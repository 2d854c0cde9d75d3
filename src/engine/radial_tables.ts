import { coulombConstant } from "../model/constants.ts";
import type { Network, Repulsion } from "../model/network.ts";
import { cutoffFunction } from "../reference/cutoff_function.ts";
import { radialFunctions } from "../reference/radial_basis.ts";
import { coefficientCount, type PolynomialTable, polynomialTable } from "./polynomial_table.ts";
import { vec4s } from "./vec4s.ts";

/** The radial basis times the cutoff function as polynomials, the K functions padded to whole vec4s. */
export function basisPolynomials(network: Network): PolynomialTable {
  const { radialBasis, basisFunctions } = network;
  const { cutoff } = network.hyperparameters;
  const width = 4 * vec4s(basisFunctions);
  return polynomialTable(
    (distances) => {
      const { values } = radialFunctions(radialBasis, basisFunctions, cutoff, distances);
      const padded = new Float64Array(distances.length * width);
      distances.forEach((_, i) => padded.set(values.subarray(i * basisFunctions, (i + 1) * basisFunctions), i * width));
      return padded;
    },
    width,
    cutoff,
  );
}

/**
 * r times the ZBL repulsion of two elements (eV Å) as polynomials `[element][element][interval][8]`, six coefficients
 * padded with zeros. Both directed halves together.
 *
 * @param elements Atomic numbers.
 * @param interval Length of an interval, that of the basis table, Å.
 */
export function repulsionPolynomials(
  { coefficients, exponents, power, scale }: Repulsion,
  cutoff: number,
  elements: readonly number[],
  interval: number,
): Float32Array {
  const tables = elements.flatMap((Zi) =>
    elements.map((Zj) => {
      const rate = (Zi ** power + Zj ** power) * scale;
      return polynomialTable(
        (distances) =>
          distances.map((r) => {
            let screening = 0;
            for (let k = 0; k < 4; k++) screening += coefficients[k]! * Math.exp(-exponents[k]! * rate * r);
            return coulombConstant * Zi * Zj * cutoffFunction(r, cutoff).value * screening;
          }),
        1,
        cutoff,
        interval,
      );
    })
  );
  const intervals = tables[0]?.intervals ?? 0;
  const rows = new Float32Array(tables.length * intervals * 8);
  tables.forEach(({ coefficients }, t) => {
    for (let i = 0; i < intervals; i++) {
      rows.set(coefficients.subarray(i * coefficientCount, (i + 1) * coefficientCount), (t * intervals + i) * 8);
    }
  });
  return rows;
}
