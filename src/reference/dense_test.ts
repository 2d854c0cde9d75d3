import assert from "node:assert/strict";
import { assertClose, randomArray } from "../../tests/fixtures/central_differences.ts";
import { type DenseProducts, plainDenseProducts } from "./dense.ts";
import { createRandom } from "../structure/random.ts";
import { simdDenseProducts } from "./simd_dense.ts";
import { simdDenseWasm } from "./simd_dense_wasm.ts";
import { assemble } from "../../tools/build_wasm.ts";

/** Sizes below, at and off the multiples of the blocks. */
const sizes = [[1, 1, 1], [2, 3, 4], [3, 5, 7], [8, 16, 12], [5, 0, 3], [0, 4, 4], [9, 23, 6]] as const;

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: matrix.length },
    (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!,
  );
}

/** The definition of the product, one element after another. */
function naiveProduct(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    const i = Math.floor(at / n), j = at % n;
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[i * k + l]! * b[l * n + j]!;
    return sum;
  });
}

/** Sums of at most 23 products of numbers around 1: rounding stays below 1e-14. */
const rounding = { scale: 1 };

const implementations: readonly (readonly [string, DenseProducts])[] = [
  ["plainDenseProducts", plainDenseProducts],
  ["simdDenseProducts", simdDenseProducts()!],
];

for (const [name, products] of implementations) {
  Deno.test(`${name} multiplies matrices of any size, transposed or not`, () => {
    const random = createRandom(1);
    for (const [m, k, n] of sizes) {
      const a = randomArray(random, m * k), b = randomArray(random, k * n);
      const expected = naiveProduct(a, b, m, k, n);
      assertClose(products.product(a, b, m, k, n), expected, 1e-14, rounding);
      assertClose(products.productLeftTransposed(transposed(a, m, k), b, m, k, n), expected, 1e-14, rounding);
      assertClose(products.productRightTransposed(a, transposed(b, k, n), m, k, n), expected, 1e-14, rounding);
    }
  });

  Deno.test(`${name} applies a linear layer with and without bias, and its transpose in the adjoint`, () => {
    const random = createRandom(2);
    for (const [rows, inputs, outputs] of sizes) {
      const weight = randomArray(random, outputs * inputs), bias = randomArray(random, outputs);
      const x = randomArray(random, rows * inputs), y = randomArray(random, rows * outputs);
      const plain = naiveProduct(x, transposed(weight, outputs, inputs), rows, inputs, outputs);
      const layer = { inputs, outputs, weight, bias: null };
      assertClose(products.linear(layer, x, rows), plain, 1e-14, rounding);
      assertClose(
        products.linear({ ...layer, bias }, x, rows),
        plain.map((value, at) => value + bias[at % outputs]!),
        1e-14,
        rounding,
      );
      const adjoint = products.linearAdjoint(layer, y, rows);
      assertClose(adjoint, naiveProduct(y, weight, rows, outputs, inputs), 1e-14, rounding);
      assert.notEqual(adjoint, y);
    }
  });
}

Deno.test("simdDenseProducts keeps weights apart from one another, however its memory grows", () => {
  const random = createRandom(3);
  const products = simdDenseProducts()!;
  const layers = Array.from({ length: 40 }, (_, i) => {
    const inputs = 5 + i, outputs = 70 - i;
    return { inputs, outputs, weight: randomArray(random, inputs * outputs), bias: randomArray(random, outputs) };
  });
  for (const rows of [3, 200, 7]) {
    for (const layer of layers) {
      const x = randomArray(random, rows * layer.inputs);
      // at most 44 products; the processor may round each once less
      assertClose(products.linear(layer, x, rows), plainDenseProducts.linear(layer, x, rows), 1e-14, rounding);
    }
  }
});

Deno.test("simdDenseWasm is what its source assembles to", async () => {
  assert.equal(await assemble(), simdDenseWasm);
});
