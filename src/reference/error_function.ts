/**
 * The scaled complementary error function w(x) = exp(x²) erfc(x) = exp(x²) (1 − erf(x)), which falls smoothly from 1 like
 * 1/(√π x).
 *
 * w is the solution of w′ = 2xw − 2/√π that does not grow, so that its Taylor series about any point follows from its
 * value there: c₁ = 2xc₀ − 2/√π, (n+1)c_{n+1} = 2xc_n + 2c_{n−1}. Series about the multiples of ⅛ up to 8 are made here
 * once, each from the one above, downwards because upwards errors grow like exp(x²). Beyond them the continued fraction
 * takes few terms.
 */

const spacing = 1 / 8, nodes = 65;

/** A series is needed a step away for the next one, and half a step away ever after: terms below 1e-17 of w. */
const terms = 16, evaluatedTerms = 12;

const series = scaledSeries();

/** exp(x²) erfc(x) for x ≥ 0, relative error about 1e-15; below 0 erfc(x) is 2 − erfc(−x). */
export function scaledComplementaryErrorFunction(x: number): number {
  const node = Math.round(x / spacing);
  return node < nodes ? seriesValue(node, x - node * spacing, evaluatedTerms) : fraction(x);
}

function seriesValue(node: number, step: number, count: number): number {
  const from = node * terms;
  let sum = 0;
  for (let at = from + count - 1; at >= from; at--) sum = sum * step + series[at]!;
  return sum;
}

/** Taylor coefficients of w about all nodes `[nodes][terms]`. */
function scaledSeries(): Float64Array {
  const table = new Float64Array(nodes * terms);
  for (let node = nodes - 1; node >= 0; node--) {
    const c = table.subarray(node * terms, (node + 1) * terms);
    const x = node * spacing;
    c[0] = node === nodes - 1
      ? fraction(x)
      : table.subarray((node + 1) * terms, (node + 2) * terms).reduceRight((sum, c) => c - sum * spacing, 0);
    c[1] = 2 * x * c[0] - 2 / Math.sqrt(Math.PI);
    for (let n = 1; n + 1 < terms; n++) c[n + 1] = 2 * (x * c[n]! + c[n - 1]!) / (n + 1);
  }
  return table;
}

/** w(x) = 1/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))) for x from 8 on, from the innermost term outwards. */
function fraction(x: number): number {
  let denominator = x;
  for (let n = 20; n > 0; n--) denominator = x + n / 2 / denominator;
  return 1 / (Math.sqrt(Math.PI) * denominator);
}
