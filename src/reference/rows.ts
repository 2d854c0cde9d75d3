import type { Share } from "./team.ts";

/** Sums of some columns: `[rows][columns]` → `[columns]`, of which those of `own` are computed. */
export function columnSums(
  matrix: Float64Array,
  rows: number,
  columns: number,
  sums: Float64Array,
  own: Share,
): void {
  sums.fill(0, own.from, own.to);
  for (let row = 0; row < rows; row++) {
    for (let column = own.from; column < own.to; column++) sums[column]! += matrix[row * columns + column]!;
  }
}

/** Some rows over their divisors: `[rows][columns]`, `[rows]` → `[rows][columns]`, which may be the matrix itself. */
export function divideRows(
  matrix: Float64Array,
  divisors: Float64Array,
  columns: number,
  result: Float64Array,
  own: Share,
): void {
  for (let row = own.from; row < own.to; row++) {
    const divisor = divisors[row]!;
    for (let at = row * columns; at < (row + 1) * columns; at++) result[at] = matrix[at]! / divisor;
  }
}

/** Scalar products of some rows of two matrices, times a factor: `[rows][columns]` each → `[rows]`. */
export function rowProducts(
  a: Float64Array,
  b: Float64Array,
  columns: number,
  factor: number,
  products: Float64Array,
  own: Share,
): void {
  for (let row = own.from; row < own.to; row++) {
    let sum = 0;
    for (let at = row * columns; at < (row + 1) * columns; at++) sum += a[at]! * b[at]!;
    products[row] = factor * sum;
  }
}

/** Some rows of a matrix as columns of its transpose: `[rows][columns]` → `[columns][rows]`. */
export function transposeRows(
  matrix: Float64Array,
  rows: number,
  columns: number,
  result: Float64Array,
  own: Share,
): void {
  for (let row = own.from; row < own.to; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column]!;
  }
}

/** Where the largest of values[from … to−1] stands; the first of several equal ones. */
export function placeOfMaximum(values: Float64Array, from: number, to: number): number {
  let place = from;
  for (let at = from + 1; at < to; at++) {
    if (values[at]! > values[place]!) place = at;
  }
  return place;
}
