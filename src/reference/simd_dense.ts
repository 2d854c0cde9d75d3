import type { Linear } from "../model/network.ts";
import type { DenseProducts } from "./dense.ts";
import { simdDenseWasm } from "./simd_dense_wasm.ts";

/** What `simd_dense.wat` exports. */
interface SimdExports {
  readonly memory: WebAssembly.Memory;
  multiply(a: number, b: number, c: number, m: number, k: number, n: number): void;
}

/** Rows and columns come in these multiples. */
const rowTile = 2, columnTile = 8;

const pageSize = 65536;
const bytesPerNumber = 8;

/** A layer's weights in WebAssembly memory; numbers counted, not bytes. */
interface StoredWeights {
  /** Wᵀ `[inputs][outputs]`. */
  readonly forward: number;
  /** W `[outputs][inputs]`. */
  readonly backward: number;
}

/**
 * {@link DenseProducts} in WebAssembly SIMD, float64, some ten times as fast as plain TypeScript: `simd_dense.wat` on
 * copies in its own memory, where weights are kept from their first use on.
 *
 * @returns `null` where the runtime has no relaxed SIMD.
 */
export function simdDenseProducts(): DenseProducts | null {
  const bytes = Uint8Array.from(atob(simdDenseWasm), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(bytes)) return null;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return new SimdDenseProducts(exports as unknown as SimdExports);
}

class SimdDenseProducts implements DenseProducts {
  readonly #exports: SimdExports;
  readonly #weights = new Map<Linear, StoredWeights>();
  /** Numbers at the memory's beginning that weights occupy. */
  #kept = 0;
  #numbers: Float64Array;

  constructor(exports: SimdExports) {
    this.#exports = exports;
    this.#numbers = new Float64Array(exports.memory.buffer);
  }

  linear(layer: Linear, x: Float64Array, rows: number): Float64Array {
    const { inputs, outputs, bias } = layer;
    const weights = this.#stored(layer);
    return this.#multiply(
      rows,
      inputs,
      outputs,
      (at) => this.#numbers.set(x, at),
      weights.forward,
      bias,
    );
  }

  linearAdjoint(layer: Linear, yAdjoint: Float64Array, rows: number): Float64Array {
    const { inputs, outputs } = layer;
    const weights = this.#stored(layer);
    return this.#multiply(rows, outputs, inputs, (at) => this.#numbers.set(yAdjoint, at), weights.backward, null);
  }

  product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
    return this.#multiply(m, k, n, (at) => this.#numbers.set(a, at), (at) => this.#putRows(b, k, n, at), null);
  }

  productLeftTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
    return this.#multiply(
      m,
      k,
      n,
      (at) => this.#putTransposed(a, k, m, k, at),
      (at) => this.#putRows(b, k, n, at),
      null,
    );
  }

  productRightTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
    return this.#multiply(
      m,
      k,
      n,
      (at) => this.#numbers.set(a, at),
      (at) => this.#putTransposed(b, n, k, padded(n, columnTile), at),
      null,
    );
  }

  /**
   * C = A B (+ bias in every row): A `[m][k]`, B `[k][n]` → C `[m][n]`.
   *
   * @param putA Writes A to a place.
   * @param b Where B stands, its rows padded, or what writes it so to a place.
   */
  #multiply(
    m: number,
    k: number,
    n: number,
    putA: (at: number) => void,
    b: number | ((at: number) => void),
    bias: Float64Array | null,
  ): Float64Array {
    const rows = padded(m, rowTile), columns = padded(n, columnTile);
    const atA = this.#kept;
    const atC = atA + padded(rows * k, 2);
    const scratch = atC + rows * columns;
    this.#reserve(scratch + (typeof b === "number" ? 0 : k * columns));
    putA(atA);
    this.#numbers.fill(0, atA + m * k, atA + rows * k);
    this.#numbers.fill(0, atC, atC + rows * columns);
    if (bias !== null) { for (let row = 0; row < m; row++) this.#numbers.set(bias, atC + row * columns); }
    let atB = scratch;
    if (typeof b === "number") atB = b;
    else b(atB);
    this.#exports.multiply(
      atA * bytesPerNumber,
      atB * bytesPerNumber,
      atC * bytesPerNumber,
      rows,
      k,
      columns,
    );
    if (columns === n) return this.#numbers.slice(atC, atC + m * n);
    const result = new Float64Array(m * n);
    for (let row = 0; row < m; row++) {
      result.set(this.#numbers.subarray(atC + row * columns, atC + row * columns + n), row * n);
    }
    return result;
  }

  #stored(layer: Linear): StoredWeights {
    let weights = this.#weights.get(layer);
    if (weights === undefined) {
      const { inputs, outputs, weight } = layer;
      const width = padded(outputs, columnTile);
      const forward = this.#kept;
      const backward = forward + inputs * width;
      this.#kept = backward + outputs * padded(inputs, columnTile);
      this.#reserve(this.#kept);
      this.#putTransposed(weight, outputs, inputs, width, forward);
      this.#putRows(weight, outputs, inputs, backward);
      weights = { forward, backward };
      this.#weights.set(layer, weights);
    }
    return weights;
  }

  /** Writes a matrix `[rows][columns]`, rows padded with zeros. */
  #putRows(matrix: Float64Array, rows: number, columns: number, at: number): void {
    const width = padded(columns, columnTile);
    if (width === columns) {
      this.#numbers.set(matrix, at);
      return;
    }
    this.#numbers.fill(0, at, at + rows * width);
    for (let row = 0; row < rows; row++) {
      this.#numbers.set(matrix.subarray(row * columns, (row + 1) * columns), at + row * width);
    }
  }

  /** Writes the transpose of a matrix `[rows][columns]`, its rows padded with zeros to `width`. */
  #putTransposed(matrix: Float64Array, rows: number, columns: number, width: number, at: number): void {
    if (width !== rows) this.#numbers.fill(0, at, at + columns * width);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        this.#numbers[at + column * width + row] = matrix[row * columns + column]!;
      }
    }
  }

  /** Makes the memory hold so many numbers. */
  #reserve(numbers: number): void {
    const { memory } = this.#exports;
    const missing = numbers * bytesPerNumber - memory.buffer.byteLength;
    if (missing <= 0) return;
    // a quarter more than asked for, so that growing is rare
    memory.grow(Math.ceil((missing + memory.buffer.byteLength / 4) / pageSize));
    this.#numbers = new Float64Array(memory.buffer);
  }
}

/** n, or the next multiple of `tile`. */
function padded(n: number, tile: number): number {
  return Math.ceil(n / tile) * tile;
}
