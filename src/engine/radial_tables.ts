import { coulombConstant } from "../model/constants.ts";
import type { Network, Repulsion } from "../model/network.ts";
import { cutoffFunction } from "../reference/cutoff_function.ts";
import { linear } from "../reference/plain_functions.ts";
import { radialFunctions } from "../reference/radial_basis.ts";
import { soloExecution } from "../reference/solo_execution.ts";
import { coefficientCount, type PolynomialTable, polynomialTable } from "./polynomial_table.ts";
import { vec4s } from "./vec4s.ts";

/**
 * radial_s, radial_p, radial_d of all modules, of the radial basis times the cutoff function, as polynomials; the F outputs
 * of each map padded to whole vec4s.
 */
export function radialPolynomials(network: Network): PolynomialTable {
  const { radialBasis, basisFunctions, features } = network;
  const { cutoff } = network.hyperparameters;
  const maps = network.modules.flatMap(({ radialS, radialP, radialD }) => [radialS, radialP, radialD]);
  const padded = 4 * vec4s(features);
  const width = maps.length * padded;
  const execution = soloExecution();
  return polynomialTable(
    (distances) => {
      execution.workspace.reset();
      const { values } = radialFunctions(execution, radialBasis, basisFunctions, cutoff, distances);
      const rows = new Float64Array(distances.length * width);
      maps.forEach((map, a) => {
        const mapped = linear(map, values, distances.length);
        for (let i = 0; i < distances.length; i++) {
          rows.set(mapped.subarray(i * features, (i + 1) * features), i * width + a * padded);
        }
      });
      return rows;
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
 * @param interval Length of an interval, that of the radial table, Å.
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
