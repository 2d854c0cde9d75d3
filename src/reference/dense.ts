import type { Linear } from "../model/network.ts";

/**
 * The dense products everything here is made of. All matrices are flat and row-major; every method returns a new array
 * and keeps nothing of its arguments. Sizes are the caller's responsibility.
 *
 * No term multiplies matrices by itself, so that a faster implementation takes this one's place without touching a term.
 */
export interface DenseProducts {
  /** y = x Wᵀ + b for each row: x `[rows][inputs]` → y `[rows][outputs]`. */
  linear(layer: Linear, x: Float64Array, rows: number): Float64Array;
  /** Adjoint of {@link DenseProducts.linear}, x̄ = ȳ W: ȳ `[rows][outputs]` → x̄ `[rows][inputs]`. */
  linearAdjoint(layer: Linear, yAdjoint: Float64Array, rows: number): Float64Array;
  /** A B: A `[m][k]`, B `[k][n]` → `[m][n]`. */
  product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array;
  /** Aᵀ B: A `[k][m]`, B `[k][n]` → `[m][n]`. */
  productLeftTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array;
  /** A Bᵀ: A `[m][k]`, B `[n][k]` → `[m][n]`. */
  productRightTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array;
}

/** {@link DenseProducts} in plain TypeScript. */
export const plainDenseProducts: DenseProducts = {
  linear(layer, x, rows) {
    const { inputs, outputs, weight, bias } = layer;
    const y = new Float64Array(rows * outputs);
    if (bias !== null) {
      for (let row = 0; row < rows; row++) y.set(bias, row * outputs);
    }
    addProduct(x, inputs, 1, weight, 1, inputs, y, rows, inputs, outputs);
    return y;
  },
  linearAdjoint(layer, yAdjoint, rows) {
    return plainDenseProducts.product(yAdjoint, layer.weight, rows, layer.outputs, layer.inputs);
  },
  product(a, b, m, k, n) {
    const c = new Float64Array(m * n);
    addProduct(a, k, 1, b, n, 1, c, m, k, n);
    return c;
  },
  productLeftTransposed(a, b, m, k, n) {
    const c = new Float64Array(m * n);
    addProduct(a, 1, m, b, n, 1, c, m, k, n);
    return c;
  },
  productRightTransposed(a, b, m, k, n) {
    const c = new Float64Array(m * n);
    addProduct(a, k, 1, b, 1, k, c, m, k, n);
    return c;
  },
};

/**
 * c[i][j] += Σ_l a[i·aRow + l·aInner] b[l·bInner + j·bColumn], c `[m][n]`; the strides say which factor is transposed.
 *
 * Two rows by four columns at a time: eight sums and six factors fit the processor's registers, and each factor read
 * from memory is used several times.
 */
function addProduct(
  a: Float64Array,
  aRow: number,
  aInner: number,
  b: Float64Array,
  bInner: number,
  bColumn: number,
  c: Float64Array,
  m: number,
  k: number,
  n: number,
): void {
  const blockRows = m - m % 2;
  const blockColumns = n - n % 4;
  for (let i = 0; i < blockRows; i += 2) {
    for (let j = 0; j < blockColumns; j += 4) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let a0 = i * aRow, a1 = a0 + aRow;
      let b0 = j * bColumn, b1 = b0 + bColumn, b2 = b1 + bColumn, b3 = b2 + bColumn;
      for (let l = 0; l < k; l++) {
        const x0 = a[a0]!, x1 = a[a1]!;
        const y0 = b[b0]!, y1 = b[b1]!, y2 = b[b2]!, y3 = b[b3]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
        a0 += aInner;
        a1 += aInner;
        b0 += bInner;
        b1 += bInner;
        b2 += bInner;
        b3 += bInner;
      }
      const c0 = i * n + j, c1 = c0 + n;
      c[c0]! += s00;
      c[c0 + 1]! += s01;
      c[c0 + 2]! += s02;
      c[c0 + 3]! += s03;
      c[c1]! += s10;
      c[c1 + 1]! += s11;
      c[c1 + 2]! += s12;
      c[c1 + 3]! += s13;
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < blockRows ? blockColumns : 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * aRow + l * aInner]! * b[l * bInner + j * bColumn]!;
      c[i * n + j]! += sum;
    }
  }
}
