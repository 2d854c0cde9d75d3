/** Coefficients of each polynomial: degree five. */
export const coefficientCount = 6;

/** Intervals are at most this long and at least 1/512 Å, whole numbers of grid steps of 2⁻¹² Å. */
const longestInterval = 1 / 64;

/** Chebyshev nodes of the first kind in (−1, 1). */
const nodes = Array.from({ length: coefficientCount }, (_, i) => Math.cos(Math.PI * (i + 0.5) / coefficientCount));

/** Power-basis coefficients `[node][power]` of the Lagrange polynomials of {@linkcode nodes}. */
const lagrange = nodes.map((node, i) => {
  let polynomial = [1];
  nodes.forEach((other, j) => {
    if (j === i) return;
    const next = new Array<number>(polynomial.length + 1).fill(0);
    polynomial.forEach((coefficient, power) => {
      next[power + 1]! += coefficient / (node - other);
      next[power]! -= coefficient * other / (node - other);
    });
    polynomial = next;
  });
  return polynomial;
});

/** Several functions of the distance as polynomials on short intervals, for `kernels/radial_table.wgsl`. */
export interface PolynomialTable {
  /** Length of an interval, Å: a power of two. */
  readonly interval: number;
  readonly intervals: number;
  /** `[interval][power][width]`; powers of the distance from the interval's middle, Å. */
  readonly coefficients: Float32Array;
}

/**
 * Interpolates smooth functions at six Chebyshev nodes an interval, in float64, so that a kernel evaluates them, and their
 * derivatives, to float32's last bits whatever exp and log its driver has.
 *
 * @param evaluate Values `[distances][width]` at distances (Å) in (0, range).
 * @param width Number of functions, padding included.
 * @param range Distance up to which the table reaches, Å.
 * @param interval Length of an interval; default: the longest at which the derivative between the nodes is right to 3e-8
 * of its largest value.
 */
export function polynomialTable(
  evaluate: (distances: Float64Array) => Float64Array,
  width: number,
  range: number,
  interval?: number,
): PolynomialTable {
  if (interval !== undefined) return fit(evaluate, width, range, interval);
  for (let length = longestInterval; length > 1 / 1024; length /= 2) {
    const table = fit(evaluate, width, range, length);
    if (largestError(table, evaluate, width) < 3e-8) return table;
  }
  return fit(evaluate, width, range, 1 / 512);
}

function fit(
  evaluate: (distances: Float64Array) => Float64Array,
  width: number,
  range: number,
  interval: number,
): PolynomialTable {
  const intervals = Math.ceil(range / interval) + 1;
  const distances = new Float64Array(intervals * coefficientCount);
  for (let i = 0; i < intervals; i++) {
    nodes.forEach((node, n) => distances[i * coefficientCount + n] = (i + 0.5 + 0.5 * node) * interval);
  }
  const values = evaluate(distances);
  const coefficients = new Float32Array(intervals * coefficientCount * width);
  for (let i = 0; i < intervals; i++) {
    for (let power = 0; power < coefficientCount; power++) {
      const scale = Math.pow(2 / interval, power);
      for (let k = 0; k < width; k++) {
        let sum = 0;
        for (let n = 0; n < coefficientCount; n++) {
          sum += lagrange[n]![power]! * values[(i * coefficientCount + n) * width + k]!;
        }
        coefficients[(i * coefficientCount + power) * width + k] = sum * scale;
      }
    }
  }
  return { interval, intervals, coefficients };
}

/** Largest error of the derivative at the ends of the intervals, relative to the derivative's largest value. */
function largestError(
  { interval, intervals, coefficients }: PolynomialTable,
  evaluate: (distances: Float64Array) => Float64Array,
  width: number,
): number {
  // The derivative by central differences of the exact functions, at every interval's end.
  const step = interval / 16;
  const distances = new Float64Array(4 * (intervals - 1));
  for (let i = 1; i < intervals; i++) {
    [-2, -1, 1, 2].forEach((s, n) => distances[4 * (i - 1) + n] = i * interval + s * step);
  }
  const values = evaluate(distances);
  const largest = new Float64Array(width), worst = new Float64Array(width);
  for (let i = 1; i < intervals; i++) {
    for (let k = 0; k < width; k++) {
      const at = (n: number) => values[(4 * (i - 1) + n) * width + k]!;
      const exact = (at(0) - 8 * at(1) + 8 * at(2) - at(3)) / (12 * step);
      let slope = 0;
      for (let power = coefficientCount - 1; power >= 1; power--) {
        slope = slope * (interval / 2) + power * coefficients[((i - 1) * coefficientCount + power) * width + k]!;
      }
      largest[k] = Math.max(largest[k]!, Math.abs(exact));
      worst[k] = Math.max(worst[k]!, Math.abs(slope - exact));
    }
  }
  // float32's own rounding of the coefficients is not the interval's fault
  return Math.max(0, ...worst.map((error, k) => largest[k] === 0 ? 0 : error / largest[k]! - 6e-8));
}
