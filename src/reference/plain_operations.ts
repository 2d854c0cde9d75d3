import { activate } from "./activation.ts";
import { neighbourSum, neighbourSumFeaturesAdjoint, neighbourSumPairsAdjoint } from "./neighbour_sum.ts";
import type { Operations } from "./operations.ts";
import type { Share } from "./team.ts";

/** {@link Operations} in plain TypeScript: what the others are held against, and what computes where they cannot. */
export const plainOperations: Operations = {
  linear({ inputs, outputs, weight, bias }, x, y, rows, base) {
    for (let row = rows.from; row < rows.to; row++) {
      for (let j = 0, at = row * outputs; j < outputs; j++, at++) {
        let sum = bias === null ? 0 : bias[j]!;
        for (let l = 0; l < inputs; l++) sum += x[row * inputs + l]! * weight[j * inputs + l]!;
        y[at] = (base === undefined ? 0 : base[at]!) + sum;
      }
    }
  },
  linearAdjoint({ inputs, outputs, weight }, yAdjoint, xAdjoint, rows, factor, base) {
    for (let row = rows.from; row < rows.to; row++) {
      for (let l = 0; l < inputs; l++) {
        let sum = 0;
        for (let j = 0; j < outputs; j++) sum += yAdjoint[row * outputs + j]! * weight[j * inputs + l]!;
        const at = row * inputs + l;
        xAdjoint[at] = (base === undefined ? 0 : base[at]!) + (factor === undefined ? 1 : factor[at]!) * sum;
      }
    }
  },
  product(a, b, c, k, n, rows) {
    c.fill(0, rows.from * n, rows.to * n);
    addProduct(a, k, 1, b, c, k, n, rows);
  },
  productLeftTransposed(a, b, c, m, k, n, rows) {
    c.fill(0, rows.from * n, rows.to * n);
    addProduct(a, 1, m, b, c, k, n, rows);
  },
  activate,
  exponential(x, result, { from, to }) {
    for (let at = from; at < to; at++) result[at] = Math.exp(x[at]!);
  },
  multiply(a, b, result, { from, to }) {
    for (let at = from; at < to; at++) result[at] = a[at]! * b[at]!;
  },
  add(a, b, result, { from, to }) {
    for (let at = from; at < to; at++) result[at] = a[at]! + b[at]!;
  },
  addProductOfHalves(projected, components, invariants, features, { from, to }) {
    for (let i = from; i < to; i++) {
      for (let c = 0; c < components; c++) {
        const a = (i * components + c) * 2 * features, b = a + features;
        for (let f = 0; f < features; f++) invariants[i * features + f]! += projected[a + f]! * projected[b + f]!;
      }
    }
  },
  productOfHalvesAdjoint(projected, components, invariantsAdjoint, features, { from, to }) {
    for (let i = from; i < to; i++) {
      for (let c = 0; c < components; c++) {
        const a = (i * components + c) * 2 * features, b = a + features;
        for (let f = 0; f < features; f++) {
          const adjoint = invariantsAdjoint[i * features + f]!;
          const halfA = projected[a + f]!;
          projected[a + f] = adjoint * projected[b + f]!;
          projected[b + f] = adjoint * halfA;
        }
      }
    }
  },
  neighbourSum,
  neighbourSumFeaturesAdjoint,
  neighbourSumPairsAdjoint,
};

/**
 * c[i][j] += Σ_l a[i·aRow + l·aInner] b[l][j]: b `[k][n]`, c `[m][n]`, of which `rows` are computed; the strides say
 * whether A is transposed. Row by row of b, which runs through memory in order.
 */
function addProduct(
  a: Float64Array,
  aRow: number,
  aInner: number,
  b: Float64Array,
  c: Float64Array,
  k: number,
  n: number,
  rows: Share,
): void {
  for (let i = rows.from; i < rows.to; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * aRow + l * aInner]!;
      for (let j = 0, from = l * n, to = i * n; j < n; j++, from++, to++) c[to]! += factor * b[from]!;
    }
  }
}
