/** A scalar function's value and derivative at one point. */
export interface ValueAndSlope {
  readonly value: number;
  /** Derivative with respect to the argument. */
  readonly slope: number;
}

/**
 * The smooth cutoff exp(−r²/((rc−r)(rc+r))), 0 from rc on; r and rc in the same unit, the slope per that unit.
 * (Unke et al. 2021, Methods.)
 */
export function cutoffFunction(r: number, cutoff: number): ValueAndSlope {
  let value = 0, slope = 0;
  if (r < cutoff) {
    const denominator = (cutoff - r) * (cutoff + r);
    value = Math.exp(-r * r / denominator);
    slope = -value * 2 * r * (cutoff / denominator) ** 2;
  }
  return { value, slope };
}
