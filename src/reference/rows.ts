/** Sum of each row: `[rows][columns]` → `[rows]`. */
export function rowSums(matrix: Float64Array, rows: number): Float64Array {
  const columns = matrix.length / rows;
  const sums = new Float64Array(rows);
  for (let at = 0; at < matrix.length; at++) sums[Math.floor(at / columns)]! += matrix[at]!;
  return sums;
}

/** Sum of each column: `[rows][columns]` → `[columns]`. */
export function columnSums(matrix: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let at = 0; at < matrix.length; at++) sums[at % columns]! += matrix[at]!;
  return sums;
}

/** Each row over its own divisor, as a new array: `[rows][columns]`, `[rows]` → `[rows][columns]`. */
export function divideRows(matrix: Float64Array, divisors: Float64Array): Float64Array {
  const columns = matrix.length / divisors.length;
  return matrix.map((element, at) => element / divisors[Math.floor(at / columns)]!);
}

/** Where the largest of values[from … to−1] stands; the first of several equal ones. */
export function placeOfMaximum(values: Float64Array, from: number, to: number): number {
  let place = from;
  for (let at = from + 1; at < to; at++) {
    if (values[at]! > values[place]!) place = at;
  }
  return place;
}
