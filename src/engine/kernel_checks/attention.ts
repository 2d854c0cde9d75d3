import { accumulate } from "../../reference/elementwise.ts";
import { type FeatureMap, featureMap, featureMapAdjoint } from "../../reference/feature_map.ts";
import type { PreparedLinear } from "../../reference/operations.ts";
import { randomProjection } from "../../reference/place_network.ts";
import {
  prepareLinear,
  product,
  productLeftTransposed,
  productRightTransposed,
} from "../../reference/plain_functions.ts";
import { soloExecution } from "../../reference/solo_execution.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { none } from "../packed_weights.ts";
import { PlanWriter } from "../plan/plan.ts";
import { vec4s } from "../vec4s.ts";
import {
  column,
  type Comparison,
  dot,
  type KernelCheck,
  magnitudes,
  rounded,
  rounding,
  roundings,
} from "./kernel_check.ts";
import { Memory, rowsAt, unpadded } from "./memory.ts";

/** Checks of the linear-scaling attention. */
export const attentionChecks: readonly KernelCheck[] = [
  {
    kernel: "attention_features",
    title: "random features of queries and keys",
    run: (bench) => checkFeatures(bench, false),
  },
  { kernel: "attention_features", title: "the first of equal maxima", run: (bench) => checkFeatures(bench, true) },
  { kernel: "attention_features_adjoint", title: "adjoints of queries and keys", run: checkFeaturesAdjoint },
  { kernel: "attention_quotient_adjoint", title: "adjoint of the quotient", run: checkQuotientAdjoint },
  { kernel: "structure_contract", title: "sums over each structure's atoms", run: checkContraction },
  { kernel: "structure_product", title: "quotient and adjoint of the weights", run: checkQuotient },
  { kernel: "structure_product", title: "adjoints of values and keys", run: checkProducts },
];

/** Queries or keys of the whole batch with what the reference engine makes of each structure's. */
interface Mapped {
  readonly role: "queries" | "keys";
  /** X `[N][F]`. */
  readonly x: Float64Array;
  /** U `[N][m]` rounded to float32: what the kernel is given. */
  readonly projected: Float64Array;
  /** φ `[N][m]`. */
  readonly mapped: Float64Array;
  readonly structures: readonly FeatureMap[];
}

interface RandomFeatures {
  /** ω `[F][m]`. */
  readonly omega: Float64Array;
  /** m. */
  readonly randomFeatures: number;
  /** X/F^¼ → U. */
  readonly projection: PreparedLinear;
}

function randomFeaturesOf({ network: { modules, features } }: KernelBench): RandomFeatures {
  const { omega, randomFeatures } = modules[0]!;
  const projection = prepareLinear(randomProjection(omega!, features, randomFeatures));
  return { omega: omega!, randomFeatures, projection };
}

/** @param alike Whether all atoms of the first structure are alike, as equivalent atoms are: their maxima are equal. */
function mapped(bench: KernelBench, role: Mapped["role"], alike: boolean): Mapped {
  const { network: { features: F }, numbers: { length: atoms } } = bench;
  const random = randomFeaturesOf(bench);
  const x = bench.random(atoms * F, 1.5);
  if (alike) {
    for (let i = 1; i < bench.firstAtoms[1]!; i++) x.copyWithin(i * F, 0, F);
  }
  const fourthRoot = F ** 0.25;
  const structures = structureRows(bench, F).map(([from, to, count]) =>
    featureMap(bench.execution, random.projection, x.subarray(from, to), count, role)
  );
  return {
    role,
    x,
    projected: rounded(product(x.map((value) => value / fourthRoot), random.omega, atoms, F, random.randomFeatures)),
    mapped: Float64Array.from(structures.flatMap(({ mapped }) => [...mapped])),
    structures,
  };
}

/** Where each structure's rows begin and end in an array `[N][width]`, and their number. */
function structureRows({ firstAtoms, structures }: KernelBench, width: number): [number, number, number][] {
  return structures.map((_, s) => {
    const first = firstAtoms[s]!, end = firstAtoms[s + 1]!;
    return [first * width, end * width, end - first];
  });
}

/** The maxima as the kernels hand them on: of queries the place in each row, of keys the atom and the place. */
function placesOfMaxima(bench: KernelBench, { structures }: Mapped): Float64Array {
  const { randomFeatures: m } = randomFeaturesOf(bench);
  return Float64Array.from(
    structures.flatMap(({ maxima, shared }, s) =>
      shared === null ? Array.from(maxima, (place) => place % m) : [bench.firstAtoms[s]! + shared, maxima[shared]! % m]
    ),
  );
}

/** |X|²/(2√F) of each row. */
function halfSquares({ x }: Mapped, atoms: number): Float64Array {
  const F = x.length / atoms;
  return rowSums(x.map((value) => value * value), atoms).map((square) => square / (2 * Math.sqrt(F)));
}

/** Sum of each row: `[rows][columns]` → `[rows]`. */
function rowSums(matrix: Float64Array, rows: number): Float64Array {
  const columns = matrix.length / rows;
  return product(matrix, new Float64Array(columns).fill(1), rows, columns, 1);
}

/** Sum of each column: `[rows][columns]` → `[columns]`. */
function columnSums(matrix: Float64Array, columns: number): Float64Array {
  const rows = matrix.length / columns;
  return product(new Float64Array(rows).fill(1), matrix, 1, rows, columns);
}

/** Each row over its own divisor: `[rows][columns]`, `[rows]` → `[rows][columns]`. */
function divideRows(matrix: Float64Array, divisors: Float64Array): Float64Array {
  const columns = matrix.length / divisors.length;
  return matrix.map((element, at) => element / divisors[Math.floor(at / columns)]!);
}

async function checkFeatures(bench: KernelBench, alike: boolean): Promise<Comparison[]> {
  const { random4, features4 } = bench.weights;
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, structures } = bench;
  const { randomFeatures: m } = randomFeaturesOf(bench);
  const queries = mapped(bench, "queries", alike), keys = mapped(bench, "keys", alike);
  const memory = new Memory();
  const inputs = [
    memory.put(queries.x, F),
    memory.put(keys.x, F),
    memory.put(queries.projected, m),
    memory.put(keys.projected, m),
  ];
  const q = memory.room(atoms, m), k = memory.room(atoms, m);
  const rows = [memory.room(atoms, 4), memory.room(atoms, 4)], maxima = memory.room(structures.length, 4);
  const writer = new PlanWriter();
  writer.dispatch(
    "attention_features",
    [indices.structureTable, maxima, ...inputs, q, k, ...rows, 0, 0, 0, 0, 0, 0, random4, features4],
    structures.length,
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data, indices: indices.data });

  const keyPlaces = placesOfMaxima(bench, keys);
  return [
    ...[[queries, q] as const, [keys, k] as const].map(([map, offset]) => ({
      name: `φ of ${map.role}`,
      found: rowsAt(features, offset, atoms, m),
      width: m,
      expected: map.mapped,
      allowed: allowedOfFeatures(map, atoms),
    })),
    ...[queries, keys].map((map, role) => {
      const shifts = halfSquares(map, atoms);
      return {
        name: `places and values of the maxima, and shifts, of ${map.role}`,
        found: rowsAt(features, rows[role]!, atoms, 4),
        width: 4,
        expected: Float64Array.from({ length: 4 * atoms }, (_, at) => {
          const i = Math.floor(at / 4);
          const row = map.projected.subarray(i * m, (i + 1) * m);
          const largest = row.reduce((a, b) => Math.max(a, b));
          return [row.indexOf(largest), largest, shifts[i]!, 0][at % 4]!;
        }),
        allowed: Float64Array.from(
          { length: 4 * atoms },
          (_, at) => at % 4 === 2 ? (F + 2) * rounding * shifts[Math.floor(at / 4)]! : 0,
        ),
      };
    }),
    {
      name: "places of the keys' maxima",
      found: rowsAt(features, maxima, structures.length, 4),
      width: 4,
      expected: Float64Array.from(
        { length: 4 * structures.length },
        (_, at) => at % 4 < 2 ? keyPlaces[2 * Math.floor(at / 4) + at % 4]! : 0,
      ),
      allowed: new Float64Array(4 * structures.length),
    },
  ];
}

/**
 * What φ = (exp(t) + 1e-4)/√m can lose: in t the rounding of U and of the sum of F squares, and the exponential itself,
 * right to 3 + 2|t| units in the last place (WGSL).
 */
function allowedOfFeatures({ x, projected, mapped }: Mapped, atoms: number): Float64Array {
  const F = x.length / atoms, m = projected.length / atoms;
  const squares = halfSquares({ x } as Mapped, atoms);
  const largest = Math.max(...magnitudes(projected));
  return mapped.map((value, at) => {
    const shift = squares[Math.floor(at / m)]!;
    return rounding * value * (8 + 2 * (4 * largest + shift) + (F + 2) * shift + 4 * largest);
  });
}

async function checkFeaturesAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { random4, features4 } = bench.weights;
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, structures } = bench;
  const random = randomFeaturesOf(bench);
  const { omega, randomFeatures: m } = random;
  const maps = [mapped(bench, "queries", false), mapped(bench, "keys", false)] as const;
  const adjoints = [bench.random(atoms * m), bench.random(atoms * m)] as const;
  const places = placesOfMaxima(bench, maps[0]), keyPlaces = placesOfMaxima(bench, maps[1]);
  const memory = new Memory();
  const xs = maps.map(({ x }) => memory.put(x, F));
  const us = maps.map(({ projected }) => memory.put(projected, m));
  const phis = maps.map(({ mapped }) => memory.put(mapped, m));
  const rows = memory.put(Float64Array.from({ length: 4 * atoms }, (_, at) => at % 4 === 0 ? places[at / 4]! : 0), 4);
  const maxima = memory.put(
    Float64Array.from(
      { length: 4 * structures.length },
      (_, at) => at % 4 < 2 ? keyPlaces[2 * Math.floor(at / 4) + at % 4]! : 0,
    ),
    4,
  );
  const given = adjoints.map((adjoint) => memory.put(adjoint, m));
  const uAdjoints = maps.map(() => memory.room(atoms, m));
  const xAdjoints = maps.map(() => memory.room(atoms, F));
  const writer = new PlanWriter();
  writer.dispatch(
    "attention_features_adjoint",
    [
      indices.structureTable,
      maxima,
      ...xs,
      ...us,
      ...phis,
      rows,
      0,
      ...given,
      ...uAdjoints,
      ...xAdjoints,
      random4,
      features4,
    ],
    structures.length,
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data, indices: indices.data });

  const trial = soloExecution();
  return maps.map(({ role, x, structures: tapes }, k) => {
    const adjoint = adjoints[k]!;
    const parts = structureRows(bench, F).map(([from, to, count], s) => {
      const given = adjoint.subarray(from / F * m, to / F * m);
      return featureMapAdjoint(bench.execution, random.projection, x.subarray(from, to), tapes[s]!, given, count);
    });
    // the kernel leaves Ū·ωᵀ/F^¼ to a linear layer; here it is float64
    const fromU = productRightTransposed(
      unpadded(features, uAdjoints[k]!, atoms, m),
      omega,
      atoms,
      m,
      F,
    );
    const total = unpadded(features, xAdjoints[k]!, atoms, F).map((part, at) => part + fromU[at]! / F ** 0.25);
    const found = new Float32Array(atoms * 4 * vec4s(F));
    total.forEach((value, at) => found[Math.floor(at / F) * 4 * vec4s(F) + at % F] = value);
    // T sums over a row, of keys over a whole structure; the maximum takes all of it
    const sums = structureRows(bench, m).map(([from, to]) =>
      maps[k]!.mapped.subarray(from, to).reduce((sum, value, at) => sum + value * Math.abs(adjoint[from + at]!), 0)
    );
    const longest = Math.max(...structureRows(bench, m).map(([, , count]) => count));
    return {
      name: `adjoint of the ${role}`,
      found,
      width: F,
      expected: Float64Array.from(parts.flatMap((part) => [...part])),
      allowed: x.map((value, at) => {
        const s = bench.firstAtoms.findIndex((first) => first > Math.floor(at / F)) - 1;
        const weight = omega.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / F ** 0.25;
        return rounding * (m / 4 + longest + 8) * sums[s]! * (weight + Math.abs(value) / Math.sqrt(F));
      }),
      gradientOf: {
        value: (at: Float64Array) => {
          trial.workspace.reset();
          return structureRows(bench, F).reduce((sum, [from, to, count]) =>
            sum + dot(
              adjoint.subarray(from / F * m, to / F * m),
              featureMap(trial, random.projection, at.subarray(from, to), count, role).mapped,
            ), 0);
        },
        at: x,
      },
    };
  });
}

async function checkQuotientAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms } } = bench;
  const numerator = bench.random(atoms * F), adjoint = bench.random(atoms * F);
  const denominator = bench.random(atoms).map((value) => Math.fround(1.5 + value));
  const quotient = divideRows(numerator, denominator);
  const memory = new Memory();
  const places = [
    memory.put(quotient, F),
    memory.put(denominator, 1),
    memory.put(adjoint, F),
    memory.room(atoms, F),
    memory.room(atoms, 1),
  ];
  const writer = new PlanWriter();
  writer.dispatch("attention_quotient_adjoint", [atoms, ...places, vec4s(F)], Math.ceil(atoms / harness.tile.threads));
  const { features } = await harness.run(writer.finish(), { features: memory.data });
  const ofNumerator = divideRows(adjoint, denominator);
  const terms = ofNumerator.map((value, at) => -value * quotient[at]!);
  return [
    {
      name: "adjoint of the numerator",
      found: rowsAt(features, places[3]!, atoms, F),
      width: F,
      expected: ofNumerator,
      // the division (2.5 units in the last place) and a product
      allowed: roundings(6, magnitudes(ofNumerator)),
      gradientOf: { value: (at) => dot(adjoint, divideRows(at, denominator)), at: numerator },
    },
    {
      name: "adjoint of the denominator",
      found: rowsAt(features, places[4]!, atoms, 1),
      width: 1,
      expected: rowSums(terms, atoms),
      allowed: roundings(F + 6, rowSums(magnitudes(terms), atoms)),
      gradientOf: { value: (at) => dot(adjoint, divideRows(numerator, at)), at: denominator },
    },
  ];
}

async function checkContraction(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, structures, weights } = bench;
  const { randomFeatures: m } = randomFeaturesOf(bench);
  const m4 = 4 * vec4s(m);
  const x = bench.random(atoms * m), y = bench.random(atoms * F), w = bench.random(4 * atoms);
  const memory = new Memory();
  const inputs = [memory.put(x, m), memory.put(y, F), memory.put(w, 4)];
  const outputs = [1, 2].map(() => [
    memory.room(structures.length * m4, F),
    memory.room(structures.length, m),
  ]);
  const writer = new PlanWriter();
  const { sumTile, sumSlices } = harness.tile;
  const threads = Math.ceil(weights.random4 / sumTile) * (Math.ceil(weights.features4 / sumTile) + 1) * sumSlices;
  [inputs[2]!, none].forEach((w, k) =>
    writer.dispatch(
      "structure_contract",
      [indices.structureTable, inputs[0]!, inputs[1]!, w, ...outputs[k]!],
      Math.ceil(threads / harness.tile.threads),
      structures.length,
    )
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data, indices: indices.data });

  const wx = column(w, 4, 0);
  const contract = (x: Float64Array, y: Float64Array, w: Float64Array) => {
    const matrix = new Float64Array(structures.length * m4 * F);
    const vector: number[] = [];
    structureRows(bench, 1).forEach(([from, to, count], s) => {
      const xs = x.subarray(from * m, to * m), ys = y.subarray(from * F, to * F);
      matrix.set(productLeftTransposed(xs, ys, m, count, F), s * m4 * F);
      vector.push(...columnSums(xs.map((value, at) => value * w[from + Math.floor(at / m)]!), m));
    });
    return [matrix, Float64Array.from(vector)] as const;
  };
  const longest = Math.max(...structureRows(bench, 1).map(([, , count]) => count));
  return [wx, new Float64Array(atoms).fill(1)].flatMap((w, k) => {
    const expected = contract(x, y, w), size = contract(magnitudes(x), magnitudes(y), magnitudes(w));
    const shapes = [["M", m4, F], ["v", 1, m]] as const;
    return shapes.map(([name, rows, width], part) => ({
      name: `${name} ${k === 0 ? "with weights" : "without weights"}`,
      found: rowsAt(features, outputs[k]![part]!, structures.length * rows, width),
      width,
      expected: expected[part]!,
      allowed: roundings(longest, size[part]!),
    }));
  });
}

/** x_i·M_s of every atom, `[N][outputs]`. */
function times(
  bench: KernelBench,
  x: Float64Array,
  matrices: Float64Array,
  inputs: number,
  outputs: number,
): Float64Array {
  const parts = structureRows(bench, inputs).map(([from, to, count], s) => {
    const matrix = matrices.subarray(s * inputs * outputs, (s + 1) * inputs * outputs);
    return [...product(x.subarray(from, to), matrix, count, inputs, outputs)];
  });
  return Float64Array.from(parts.flat());
}

/** Matrices `[structure][rows][columns]` with rows and columns exchanged. */
function transposedMatrices(matrices: Float64Array, structures: number, rows: number, columns: number): Float64Array {
  const size = rows * columns;
  return Float64Array.from({ length: structures * size }, (_, at) => {
    const s = Math.floor(at / size), column = Math.floor(at % size / rows), row = at % rows;
    return matrices[s * size + row * columns + column]!;
  });
}

/** Matrices `[structure][inputs][outputs]` with rows of zeros where the inputs do not fill their vec4s. */
function paddedMatrices(matrices: Float64Array, structures: number, inputs: number, outputs: number): Float64Array {
  const padded = new Float64Array(structures * 4 * vec4s(inputs) * outputs);
  for (let s = 0; s < structures; s++) {
    padded.set(
      matrices.subarray(s * inputs * outputs, (s + 1) * inputs * outputs),
      s * 4 * vec4s(inputs) * outputs,
    );
  }
  return padded;
}

const modes = { plain: 0, normalised: 1, extended: 2 };

async function checkQuotient(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, structures, weights } = bench;
  const { randomFeatures: m } = randomFeaturesOf(bench);
  const S = structures.length;
  // positive, as random features are
  const q = magnitudes(bench.random(atoms * m)), sums = magnitudes(bench.random(S * m));
  const M = bench.random(S * m * F);
  const numeratorAdjoint = bench.random(atoms * F), denominatorAdjoint = bench.random(4 * atoms);
  const transposed = bench.random(S * m * F), Mt = transposedMatrices(transposed, S, m, F);
  const memory = new Memory();
  const at = {
    q: memory.put(q, m),
    M: memory.put(paddedMatrices(M, S, m, F), F),
    sums: memory.put(sums, m),
    denominator: memory.room(atoms, 1),
    n: memory.room(atoms, F),
    numeratorAdjoint: memory.put(numeratorAdjoint, F),
    transposed: memory.put(paddedMatrices(transposed, S, m, F), F),
    denominatorAdjoint: memory.put(denominatorAdjoint, 4),
    qAdjoint: memory.room(atoms, m),
  };
  const writer = new PlanWriter();
  const { random4, features4 } = weights;
  writer.dispatch(
    "structure_product",
    [
      ...[indices.atomTileCount, indices.atomTiles, 0, 0],
      ...[modes.normalised, random4, features4, at.q, at.M, at.sums, at.denominator, at.n],
      ...[
        modes.extended,
        features4,
        random4,
        at.numeratorAdjoint,
        at.transposed,
        at.sums,
        at.denominatorAdjoint,
        at.qAdjoint,
      ],
    ],
    Math.ceil(indices.atomTileCount * Math.max(random4, features4) / harness.tile.threads),
    2,
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data, indices: indices.data });
  const denominators = times(bench, q, sums, m, 1).map((value) => value + 1e-8);
  const w = column(denominatorAdjoint, 4, 0);
  const extended = times(bench, numeratorAdjoint, Mt, F, m);
  accumulate(extended, times(bench, w, sums, 1, m));
  const extendedSize = times(bench, magnitudes(numeratorAdjoint), magnitudes(Mt), F, m);
  accumulate(extendedSize, times(bench, magnitudes(w), magnitudes(sums), 1, m));
  return [
    {
      name: "quotient",
      found: rowsAt(features, at.n, atoms, F),
      width: F,
      expected: divideRows(times(bench, q, M, m, F), denominators),
      allowed: roundings(2 * m + 6, divideRows(times(bench, q, magnitudes(M), m, F), denominators)),
    },
    {
      name: "denominator",
      found: rowsAt(features, at.denominator, atoms, 1),
      width: 1,
      expected: denominators,
      allowed: roundings(m + 1, denominators),
    },
    {
      name: "adjoint of the queries' weights",
      found: rowsAt(features, at.qAdjoint, atoms, m),
      width: m,
      expected: extended,
      allowed: roundings(F + 2, extendedSize),
    },
  ];
}

async function checkProducts(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, structures, weights } = bench;
  const { randomFeatures: m } = randomFeaturesOf(bench);
  const S = structures.length;
  const k = bench.random(atoms * m), v = bench.random(atoms * F);
  const M = bench.random(S * m * F), transposed = bench.random(S * m * F), sums = bench.random(S * m);
  const Mt = transposedMatrices(transposed, S, m, F);
  const memory = new Memory();
  const at = {
    k: memory.put(k, m),
    v: memory.put(v, F),
    M: memory.put(paddedMatrices(M, S, m, F), F),
    transposed: memory.put(paddedMatrices(transposed, S, m, F), F),
    sums: memory.put(sums, m),
    vAdjoint: memory.room(atoms, F),
    kAdjoint: memory.room(atoms, m),
  };
  const writer = new PlanWriter();
  const { random4, features4 } = weights;
  writer.dispatch(
    "structure_product",
    [
      ...[indices.atomTileCount, indices.atomTiles, 0, 0],
      ...[modes.plain, random4, features4, at.k, at.M, 0, none, at.vAdjoint],
      ...[modes.extended, features4, random4, at.v, at.transposed, at.sums, none, at.kAdjoint],
    ],
    Math.ceil(indices.atomTileCount * Math.max(random4, features4) / harness.tile.threads),
    2,
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data, indices: indices.data });
  const ones = new Float64Array(atoms).fill(1);
  const kAdjoint = times(bench, v, Mt, F, m);
  accumulate(kAdjoint, times(bench, ones, sums, 1, m));
  const kSize = times(bench, magnitudes(v), magnitudes(Mt), F, m);
  accumulate(kSize, times(bench, ones, magnitudes(sums), 1, m));
  return [
    {
      name: "adjoint of the values",
      found: rowsAt(features, at.vAdjoint, atoms, F),
      width: F,
      expected: times(bench, k, M, m, F),
      allowed: roundings(m, times(bench, magnitudes(k), magnitudes(M), m, F)),
    },
    {
      name: "adjoint of the keys' weights",
      found: rowsAt(features, at.kAdjoint, atoms, m),
      width: m,
      expected: kAdjoint,
      allowed: roundings(F + 1, kSize),
    },
  ];
}
