/** From here on the continued fraction is the quicker and the more accurate. */
const crossover = 1.5;

/** The complementary error function 2/√π ∫ₓ^∞ exp(−t²) dt = 1 − erf(x), relative error about 1e-14. */
export function complementaryErrorFunction(x: number): number {
  return x < crossover ? x < -crossover ? 2 - fraction(-x) : 1 - series(x) : fraction(x);
}

/** erf(x) = 2/√π exp(−x²) Σ_n 2ⁿ x^(2n+1)/(2n+1)!!: all terms of one sign, so that nothing cancels. */
function series(x: number): number {
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** erfc(x) = exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))) for x > 0, from the innermost term outwards. */
function fraction(x: number): number {
  let denominator = x;
  for (let n = 80; n > 0; n--) denominator = x + n / 2 / denominator;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * denominator);
}
