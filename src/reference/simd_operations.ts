import { activate } from "./activation.ts";
import { cpuKernelsWasm } from "./cpu_kernels_wasm.ts";
import type { Operations } from "./operations.ts";

/** What kernels/cpu exports; addresses in bytes, a length a number of elements, 0 for what is left out. */
interface Kernels {
  multiply(
    a: number,
    aRow: number,
    aInner: number,
    b: number,
    bRow: number,
    bPanel: number,
    c: number,
    rows: number,
    inner: number,
    columns: number,
    bias: number,
    factor: number,
    base: number,
  ): void;
  swish(
    alpha: number,
    beta: number,
    features: number,
    x: number,
    value: number,
    derivative: number,
    rows: number,
  ): void;
  exponential(x: number, result: number, count: number): void;
  addProductOfHalves(sums: number, components: number, invariants: number, features: number, atoms: number): void;
  productOfHalvesAdjoint(sums: number, components: number, invariants: number, features: number, atoms: number): void;
  multiplyElements(a: number, b: number, result: number, count: number): void;
  addElements(a: number, b: number, result: number, count: number): void;
  neighbourSum(
    components: number,
    parity: number,
    start: number,
    neighbour: number,
    entry: number,
    angular: number,
    filters: number,
    features: number,
    sums: number,
    width: number,
    from: number,
    to: number,
  ): void;
  neighbourSumFeaturesAdjoint(
    components: number,
    parity: number,
    start: number,
    neighbour: number,
    entry: number,
    angular: number,
    filters: number,
    sums: number,
    features: number,
    width: number,
    from: number,
    to: number,
  ): void;
  neighbourSumPairsAdjoint(
    components: number,
    parity: number,
    first: number,
    second: number,
    angular: number,
    filters: number,
    features: number,
    sums: number,
    radial: number,
    basis: number,
    angularAdjoint: number,
    width: number,
    basisFunctions: number,
    from: number,
    to: number,
    scratch: number,
    scratchRows: number,
  ): void;
}

/** Bytes of a float64. */
const size = Float64Array.BYTES_PER_ELEMENT;

/** Bytes of a panel's row, 8 numbers. */
const panelRow = 8 * size;

/** Bytes at the beginning of a memory that belong to the kernels: their constants. */
export const constantBytes = 256;

/** Bytes of memory that every thread's {@link simdOperations} take for themselves. */
export const scratchBytes = 32768;

/** The kernels' code, made once a process and shared with its threads; `null` where there is no relaxed SIMD. */
export function compileKernels(): WebAssembly.Module | null {
  const bytes = Uint8Array.fromBase64(cpuKernelsWasm);
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

/**
 * {@link Operations} in WebAssembly SIMD (kernels/cpu), float64, several times as fast as plain TypeScript.
 *
 * @param module What {@link compileKernels} gives.
 * @param memory Where all arrays lie, after the first {@link constantBytes}, which are written here.
 * @param scratch Where this thread's {@link scratchBytes} are.
 */
export function simdOperations(module: WebAssembly.Module, memory: WebAssembly.Memory, scratch: number): Operations {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  return {
    linear({ inputs, outputs, forward, bias }, x, y, { from, to }, base) {
      kernels.multiply(
        x.byteOffset + from * inputs * size,
        inputs * size,
        size,
        forward.byteOffset,
        panelRow,
        inputs * panelRow,
        y.byteOffset + from * outputs * size,
        to - from,
        inputs,
        outputs,
        bias === null ? 0 : bias.byteOffset,
        0,
        base === undefined ? 0 : base.byteOffset + from * outputs * size,
      );
    },
    linearAdjoint({ inputs, outputs, backward }, yAdjoint, xAdjoint, { from, to }, factor, base) {
      kernels.multiply(
        yAdjoint.byteOffset + from * outputs * size,
        outputs * size,
        size,
        backward.byteOffset,
        panelRow,
        outputs * panelRow,
        xAdjoint.byteOffset + from * inputs * size,
        to - from,
        outputs,
        inputs,
        0,
        factor === undefined ? 0 : factor.byteOffset + from * inputs * size,
        base === undefined ? 0 : base.byteOffset + from * inputs * size,
      );
    },
    product(a, b, c, k, n, { from, to }) {
      kernels.multiply(
        a.byteOffset + from * k * size,
        k * size,
        size,
        b.byteOffset,
        n * size,
        panelRow,
        c.byteOffset + from * n * size,
        to - from,
        k,
        n,
        0,
        0,
        0,
      );
    },
    productLeftTransposed(a, b, c, m, k, n, { from, to }) {
      kernels.multiply(
        a.byteOffset + from * size,
        size,
        m * size,
        b.byteOffset,
        n * size,
        panelRow,
        c.byteOffset + from * n * size,
        to - from,
        k,
        n,
        0,
        0,
        0,
      );
    },
    activate(kind, activation, x, value, derivative, rows) {
      if (kind !== "swish") return activate(kind, activation, x, value, derivative, rows);
      const { alpha, beta } = activation;
      const features = alpha.length;
      const from = rows.from * features * size;
      kernels.swish(
        alpha.byteOffset,
        beta.byteOffset,
        features,
        x.byteOffset + from,
        value.byteOffset + from,
        derivative.byteOffset + from,
        rows.to - rows.from,
      );
    },
    exponential(x, result, { from, to }) {
      kernels.exponential(x.byteOffset + from * size, result.byteOffset + from * size, to - from);
    },
    multiply(a, b, result, { from, to }) {
      const at = from * size;
      kernels.multiplyElements(a.byteOffset + at, b.byteOffset + at, result.byteOffset + at, to - from);
    },
    add(a, b, result, { from, to }) {
      const at = from * size;
      kernels.addElements(a.byteOffset + at, b.byteOffset + at, result.byteOffset + at, to - from);
    },
    addProductOfHalves(projected, components, invariants, features, { from, to }) {
      kernels.addProductOfHalves(
        projected.byteOffset + from * components * 2 * features * size,
        components,
        invariants.byteOffset + from * features * size,
        features,
        to - from,
      );
    },
    productOfHalvesAdjoint(projected, components, invariantsAdjoint, features, { from, to }) {
      kernels.productOfHalvesAdjoint(
        projected.byteOffset + from * components * 2 * features * size,
        components,
        invariantsAdjoint.byteOffset + from * features * size,
        features,
        to - from,
      );
    },
    neighbourSum({ pairs, angular, filters }, features, sums, { from, to }) {
      kernels.neighbourSum(
        angular.components,
        angular.parity,
        pairs.start.byteOffset,
        pairs.neighbour.byteOffset,
        pairs.entry.byteOffset,
        angular.values.byteOffset,
        filters.byteOffset,
        features.byteOffset,
        sums.byteOffset,
        features.length / pairs.atomCount,
        from,
        to,
      );
    },
    neighbourSumFeaturesAdjoint({ pairs, angular, filters }, sumsAdjoint, featuresAdjoint, { from, to }) {
      kernels.neighbourSumFeaturesAdjoint(
        angular.components,
        angular.parity,
        pairs.start.byteOffset,
        pairs.neighbour.byteOffset,
        pairs.entry.byteOffset,
        angular.values.byteOffset,
        filters.byteOffset,
        sumsAdjoint.byteOffset,
        featuresAdjoint.byteOffset,
        featuresAdjoint.length / pairs.atomCount,
        from,
        to,
      );
    },
    neighbourSumPairsAdjoint(
      { pairs, angular, filters },
      { backward, inputs, outputs },
      features,
      sumsAdjoint,
      basisAdjoint,
      angularAdjoint,
      { from, to },
    ) {
      const scratchRows = Math.floor(scratchBytes / (outputs * size));
      if (scratchRows === 0) {
        throw new RangeError(`Expected at most ${scratchBytes / size} features but found ${outputs}`);
      }
      kernels.neighbourSumPairsAdjoint(
        angular.components,
        angular.parity,
        pairs.first.byteOffset,
        pairs.second.byteOffset,
        angular.values.byteOffset,
        filters.byteOffset,
        features.byteOffset,
        sumsAdjoint.byteOffset,
        backward.byteOffset,
        basisAdjoint.byteOffset,
        angularAdjoint === null ? 0 : angularAdjoint.byteOffset,
        outputs,
        inputs,
        from,
        to,
        scratch,
        scratchRows,
      );
    },
  };
}
