import type { ValueAndSlope } from "./cutoff_function.ts";

/**
 * Switches smoothly from exactly 1 up to `from` to exactly 0 from `to` on; all in the same unit.
 *
 * With x = (r − from)/(to − from) and g(x) = exp(−1/x) it is g(1−x)/(g(x)+g(1−x)), here as the logistic function of
 * (1−2x)/(x(1−x)), which cannot overflow.
 */
export function switchFunction(r: number, from: number, to: number): ValueAndSlope {
  const x = (r - from) / (to - from);
  let value = x <= 0 ? 1 : 0, slope = 0;
  if (x > 0 && x < 1) {
    const steepness = (1 - 2 * x) / (x * (1 - x));
    // the smaller of value and 1 − value over the larger: neither overflows, nor loses what is near 1
    const ratio = Math.exp(-Math.abs(steepness));
    const larger = 1 / (1 + ratio);
    const product = ratio * larger * larger;
    value = steepness > 0 ? larger : ratio * larger;
    // at the ends the product is exactly 0 while 1/x² may overflow
    if (product !== 0) slope = -product * (1 / x ** 2 + 1 / (1 - x) ** 2) / (to - from);
  }
  return { value, slope };
}
