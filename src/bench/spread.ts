/** Where the middle of many measured values lies, and how far they spread. */
export interface Spread {
  readonly least: number;
  /** Below it lies a quarter of the values. */
  readonly lower: number;
  readonly median: number;
  /** Above it lies a quarter of the values. */
  readonly upper: number;
  readonly mean: number;
  /** How many values there are. */
  readonly count: number;
}

/** The {@linkcode Spread} of values, one or more; quartiles between two values are interpolated. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const quantile = (share: number) => {
    const at = share * (sorted.length - 1);
    const below = Math.floor(at);
    return sorted[below]! + (at - below) * (sorted[Math.ceil(at)]! - sorted[below]!);
  };
  return {
    least: sorted[0]!,
    lower: quantile(0.25),
    median: quantile(0.5),
    upper: quantile(0.75),
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    count: sorted.length,
  };
}

/** The median of values, one or more. */
export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}
