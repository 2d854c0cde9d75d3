import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { compileKernels as compileSources } from "../../tools/build_wasm.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { createRandom } from "../structure/random.ts";
import { cpuKernelsWasm } from "./cpu_kernels_wasm.ts";
import type { Execution } from "./execution.ts";
import { copied, placeLinear } from "./place_network.ts";
import { compileKernels } from "./simd_operations.ts";
import { soloExecution } from "./solo_execution.ts";

/** Rows, inner size and columns below, at and off the multiples of the tiles. */
const sizes = [[1, 1, 1], [2, 3, 4], [3, 5, 7], [8, 16, 12], [5, 0, 3], [0, 4, 4], [9, 23, 6], [4, 64, 17]] as const;

/** Sums of at most 64 products of numbers around 1: rounding stays below 1e-14. */
const rounding = 1e-14;

const implementations = [["plainOperations", null], ["simdOperations", compileKernels()!]] as const;

/** The definition of the product, one element after another. */
function naiveProduct(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    const i = Math.floor(at / n), j = at % n;
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[i * k + l]! * b[l * n + j]!;
    return sum;
  });
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: matrix.length },
    (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!,
  );
}

/** An array of the workspace that holds NaN, and what a function writes into it. */
function written({ workspace }: Execution, length: number, write: (to: Float64Array) => void): Float64Array {
  const array = workspace.float64(length).fill(NaN);
  write(array);
  return array;
}

for (const [name, kernels] of implementations) {
  Deno.test(`${name} multiply matrices of any size, A transposed or not`, () => {
    const random = createRandom(1);
    const execution = soloExecution(kernels);
    const { workspace, operations } = execution;
    for (const [m, k, n] of sizes) {
      const a = copied(randomArray(random, m * k), workspace), b = copied(randomArray(random, k * n), workspace);
      const expected = naiveProduct(a, b, m, k, n), rows = { from: 0, to: m };
      assertClose(
        written(execution, m * n, (c) => operations.product(a, b, c, k, n, rows)),
        expected,
        rounding,
        { scale: 1 },
      );
      const turned = copied(transposed(a, m, k), workspace);
      assertClose(
        written(execution, m * n, (c) => operations.productLeftTransposed(turned, b, c, m, k, n, rows)),
        expected,
        rounding,
        { scale: 1 },
      );
    }
  });

  Deno.test(`${name} apply a linear layer and its adjoint, with and without bias, factor and base`, () => {
    const random = createRandom(2);
    const execution = soloExecution(kernels);
    const { workspace, operations } = execution;
    const array = (length: number) => copied(randomArray(random, length), workspace);
    for (const [rows, inputs, outputs] of sizes) {
      const weight = randomArray(random, outputs * inputs), bias = randomArray(random, outputs);
      const x = array(rows * inputs), y = array(rows * outputs);
      const xBase = array(rows * inputs), yBase = array(rows * outputs), factor = array(rows * inputs);
      const all = { from: 0, to: rows };
      const plain = naiveProduct(x, transposed(weight, outputs, inputs), rows, inputs, outputs);
      const adjoint = naiveProduct(y, weight, rows, outputs, inputs);
      for (const b of [null, bias]) {
        const layer = placeLinear({ inputs, outputs, weight, bias: b }, workspace);
        const expected = plain.map((value, at) => value + (b === null ? 0 : b[at % outputs]!));
        const found = written(execution, rows * outputs, (to) => operations.linear(layer, x, to, all));
        assertClose(found, expected, rounding, { scale: 1 });
        operations.linear(layer, x, found, all, found);
        assertClose(found, expected.map((value) => 2 * value), rounding, { scale: 1 });
        operations.linear(layer, x, found, all, yBase);
        assertClose(found, expected.map((value, at) => value + yBase[at]!), rounding, { scale: 1 });
      }
      const layer = placeLinear({ inputs, outputs, weight, bias }, workspace);
      const found = written(execution, rows * inputs, (to) => operations.linearAdjoint(layer, y, to, all));
      assertClose(found, adjoint, rounding, { scale: 1 });
      operations.linearAdjoint(layer, y, found, all, factor);
      assertClose(found, adjoint.map((value, at) => value * factor[at]!), rounding, { scale: 1 });
      operations.linearAdjoint(layer, y, found, all, factor, xBase);
      assertClose(found, adjoint.map((value, at) => xBase[at]! + value * factor[at]!), rounding, { scale: 1 });
      operations.linearAdjoint(layer, y, factor, all, factor, xBase);
      assertClose(factor, found, 0);
    }
  });

  Deno.test(`${name} exponentiate from 0 to infinity and pass on what is not a number`, () => {
    const execution = soloExecution(kernels);
    const special = [0, -0, 1, -1, 709.7, 709.8, 710, 1e300, Infinity, -708, -740, -745.2, -1e300, -Infinity, NaN];
    const x = Float64Array.of(
      ...special,
      ...randomArray(createRandom(3), 1000, 700),
      ...randomArray(createRandom(4), 1000),
    );
    const found = written(execution, x.length, (to) => {
      to.set(x);
      execution.operations.exponential(to, to, { from: 0, to: x.length });
    });
    x.forEach((argument, at) => {
      const expected = Math.exp(argument), error = Math.abs(found[at]! - expected);
      const isRight = Object.is(found[at], expected) || error <= 2 ** -51 * expected ||
        (argument < -708 && found[at] === 0);
      assert.ok(
        isRight,
        `Expected ${expected} but found ${found[at]} for ${argument}`,
      );
    });
  });

  Deno.test(`${name} compute their share and nothing else, the same numbers whatever the share`, () => {
    const random = createRandom(5);
    const execution = soloExecution(kernels);
    const { workspace, operations } = execution;
    const numbers = Array.from({ length: 13 }, () => 1);
    const { cell, ...structure } = randomStructure(random, { numbers, size: 4, cell: [4, 0, 0, 0, 4, 0, 0, 0, 4] });
    const list = buildPairList({ ...structure, cell }, 3);
    const int32 = (values: Int32Array) => {
      const array = workspace.int32(values.length);
      array.set(values);
      return array;
    };
    const pairs = {
      ...list,
      first: int32(list.first),
      second: int32(list.second),
      start: int32(list.start),
      neighbour: int32(list.neighbour),
      entry: int32(list.entry),
    };
    const array = (length: number) => copied(randomArray(random, length), workspace);
    const N = numbers.length, U = list.pairCount;
    for (const F of [1, 5, 8]) {
      const K = 3, x = array(N * F), y = array(N * F);
      const layer = placeLinear({ inputs: F, outputs: F, weight: array(F * F), bias: array(F) }, workspace);
      const radial = placeLinear({ inputs: K, outputs: F, weight: array(F * K), bias: null }, workspace);
      const activation = { alpha: array(F), beta: array(F) };
      const filters = array(U * F);
      type Case = readonly [
        width: number,
        rows: number,
        of: (to: Float64Array, rows: { from: number; to: number }) => void,
      ];
      const left = array(N * N);
      const cases: Case[] = [
        [F, N, (to, rows) => operations.linear(layer, x, to, rows, y)],
        [F, N, (to, rows) => operations.linearAdjoint(layer, x, to, rows, y, x)],
        [F, N, (to, rows) => operations.product(left, x, to, N, F, rows)],
        [F, N, (to, rows) => operations.productLeftTransposed(left, x, to, N, N, F, rows)],
      ];
      for (const kind of ["swish", "ssp"] as const) {
        const other = workspace.float64(N * F);
        cases.push([F, N, (to, rows) => operations.activate(kind, activation, x, to, other, rows)]);
        cases.push([F, N, (to, rows) => operations.activate(kind, activation, x, other, to, rows)]);
      }
      cases.push([1, N * F, (to, elements) => operations.exponential(x, to, elements)]);
      cases.push([1, N * F, (to, elements) => operations.multiply(x, y, to, elements)]);
      cases.push([1, N * F, (to, elements) => operations.add(x, y, to, elements)]);
      for (const [components, parity] of [[1, 1], [3, -1], [5, 1], [6, 1]] as const) {
        const messages = { pairs, angular: { values: array(U * components), components, parity }, filters };
        const projected = array(N * components * 2 * F);
        cases.push([F, N, (to, rows) => {
          to.fill(0.5, rows.from * F, rows.to * F);
          operations.addProductOfHalves(projected, components, to, F, rows);
        }]);
        cases.push([
          2 * components * F,
          N,
          (to, rows) => {
            const own = [rows.from * 2 * components * F, rows.to * 2 * components * F] as const;
            to.set(projected.subarray(...own), own[0]);
            operations.productOfHalvesAdjoint(to, components, x, F, rows);
          },
        ]);
        const sums = array(N * components * F);
        cases.push([components * F, N, (to, rows) => operations.neighbourSum(messages, x, to, rows)]);
        cases.push([F, N, (to, rows) => operations.neighbourSumFeaturesAdjoint(messages, sums, to, rows)]);
      }
      for (const [width, rows, of] of cases) {
        const whole = written(execution, rows * width, (to) => of(to, { from: 0, to: rows }));
        assert.ok(whole.every(Number.isFinite));
        for (const [from, to] of [[0, 4], [4, 4], [3, rows - 1], [rows - 1, rows]] as const) {
          const part = written(execution, rows * width, (array) => of(array, { from, to }));
          part.forEach((value, at) => {
            const isOwn = at >= from * width && at < to * width;
            assert.ok(Object.is(value, isOwn ? whole[at] : NaN));
          });
        }
      }
      for (const [components, parity] of [[1, 1], [3, -1], [5, 1], [6, 1]] as const) {
        const messages = { pairs, angular: { values: array(U * components), components, parity }, filters };
        const sums = array(N * components * F);
        const adjoints = (shares: readonly (readonly [number, number])[]) => {
          const basis = workspace.float64(U * K).fill(0.25), angular = workspace.float64(U * components).fill(-0.5);
          for (const [from, to] of shares) {
            operations.neighbourSumPairsAdjoint(messages, radial, x, sums, basis, angular, { from, to });
          }
          return [basis, angular];
        };
        assert.deepEqual(adjoints([[0, 3], [3, 5], [5, U]]), adjoints([[0, U]]));
      }
    }
  });
}

for (const [name, kernels] of implementations) {
  Deno.test(`${name} sum the products of halves over components and have the adjoint of that`, () => {
    const random = createRandom(7);
    const { workspace, operations } = soloExecution(kernels);
    const two = { from: 0, to: 2 };
    for (const F of [1, 2, 5]) {
      const projected = copied(randomArray(random, 2 * 3 * 2 * F), workspace);
      const adjoint = copied(randomArray(random, 2 * F), workspace);
      const of = (at: Float64Array) => {
        const invariants = workspace.float64(2 * F).fill(1);
        operations.addProductOfHalves(copied(at, workspace), 3, invariants, F, two);
        return invariants;
      };
      const expected = Float64Array.from({ length: 2 * F }, (_, at) => {
        const row = Math.floor(at / F) * 3, f = at % F;
        return [0, 1, 2].reduce((sum, c) => {
          const a = (row + c) * 2 * F + f;
          return sum + projected[a]! * projected[a + F]!;
        }, 1);
      });
      assertClose(of(projected), expected, 1e-15);
      const found = copied(projected, workspace);
      operations.productOfHalvesAdjoint(found, 3, adjoint, F, two);
      assertClose(found, centralDifferences((at) => dot(of(at), adjoint), projected), 1e-10);
    }
  });
}

Deno.test("simdOperations compute what plainOperations do", () => {
  const random = createRandom(6);
  const executions = implementations.map(([, kernels]) => soloExecution(kernels));
  const numbers = Array.from({ length: 7 }, () => 1);
  const structure = randomStructure(random, { numbers, size: 3, cell: [3, 0, 0, 0, 3, 0, 0, 0, 3] });
  const list = buildPairList(structure, 2.5);
  const N = numbers.length, U = list.pairCount, K = 5;
  for (const F of [1, 2, 7, 8, 19]) {
    for (const [components, parity] of [[1, 1], [3, -1], [5, 1], [6, 1]] as const) {
      const values = randomArray(random, U * components), filters = randomArray(random, U * F);
      const x = randomArray(random, N * F), sums = randomArray(random, N * components * F);
      const weight = randomArray(random, F * K), alpha = randomArray(random, F), beta = randomArray(random, F, 3);
      const [plain, simd] = executions.map((execution) => {
        const { workspace, operations } = execution;
        workspace.reset();
        const placed = (array: Float64Array) => copied(array, workspace);
        const int32 = (array: Int32Array) => {
          const copy = workspace.int32(array.length);
          copy.set(array);
          return copy;
        };
        const messages = {
          pairs: {
            ...list,
            first: int32(list.first),
            second: int32(list.second),
            start: int32(list.start),
            neighbour: int32(list.neighbour),
            entry: int32(list.entry),
          },
          angular: { values: placed(values), components, parity },
          filters: placed(filters),
        };
        const features = placed(x), adjoint = placed(sums);
        const radial = placeLinear({ inputs: K, outputs: F, weight, bias: null }, workspace);
        const atoms = { from: 0, to: N }, pairs = { from: 0, to: U };
        const derivative = workspace.float64(N * F);
        const basis = workspace.float64(U * K).fill(0), angular = workspace.float64(U * components).fill(0);
        operations.neighbourSumPairsAdjoint(messages, radial, features, adjoint, basis, angular, pairs);
        const alone = workspace.float64(U * K).fill(0);
        operations.neighbourSumPairsAdjoint(messages, radial, features, adjoint, alone, null, pairs);
        return [
          written(execution, N * components * F, (to) => operations.neighbourSum(messages, features, to, atoms)),
          written(execution, N * F, (to) => operations.neighbourSumFeaturesAdjoint(messages, adjoint, to, atoms)),
          basis,
          angular,
          alone,
          written(
            execution,
            N * F,
            (to) =>
              operations.activate(
                "swish",
                { alpha: placed(alpha), beta: placed(beta) },
                features,
                to,
                derivative,
                atoms,
              ),
          ),
          derivative,
        ];
      });
      // sums of some hundred products of numbers around 1
      plain!.forEach((expected, at) => assertClose(simd![at]!, expected, 1e-13, { scale: 1 }));
    }
  }
});

Deno.test("simdOperations are what kernels/cpu compiles to", async () => {
  assert.equal(await compileSources(), cpuKernelsWasm);
});
