import { angularFunctions, angularFunctionsAdjoint, type AngularSet } from "../../reference/angular.ts";
import { accumulate, sum } from "../../reference/elementwise.ts";
import {
  neighbourSum,
  neighbourSumAdjoint,
  productOfHalves,
  productOfHalvesAdjoint,
} from "../../reference/plain_functions.ts";
import { type PairGeometry, vectorsAdjoint } from "../../reference/pair_geometry.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { PlanWriter } from "../plan/plan.ts";
import {
  type Comparison,
  constant,
  dot,
  type KernelCheck,
  magnitudes,
  rounded,
  rounding,
  roundings,
} from "./kernel_check.ts";
import { Memory, rowsAt } from "./memory.ts";
import { displaced, forcesOf, sumOverPairs } from "./pair_sums.ts";

/** Checks of the local interaction's sums over neighbours and of what is made of them. */
export const localInteractionChecks: readonly KernelCheck[] = [
  { kernel: "local_gather", title: "messages of neighbours and images", run: checkGather },
  { kernel: "pair_adjoint", title: "adjoints of both atoms' features, forces and virial", run: checkPairAdjoint },
  { kernel: "local_gather_adjoint", title: "sums of what clusters left", run: checkGatherAdjoint },
  { kernel: "combine", title: "products of projections", run: checkCombine },
  { kernel: "combine_adjoint", title: "adjoints of both factors", run: checkCombineAdjoint },
];

const orders = ["s", "p", "d"] as const;

/** A quantity for each of the three orders. */
type Orders = Record<(typeof orders)[number], Float64Array>;

/** Random inputs of the gather kernels. */
interface Messages {
  /** Unit vectors and distances as the kernel reads them. */
  readonly geometry: PairGeometry;
  readonly angular: AngularSet;
  /** Radial filters g and g′ `[U][F]`, zero beyond the cutoff. */
  readonly filters: Orders;
  readonly slopes: Orders;
  /** Neighbours' features `[N][F]`. */
  readonly x: Orders;
  /** Adjoints of the sums `[N][C][F]`. */
  readonly adjoints: Orders;
  /** Places of unit vectors with distances, g and g′ in the pairs buffer. */
  readonly pairs: { readonly data: Float32Array<ArrayBuffer>; geometry: number; radial: number; slope: number };
}

function randomMessages({ execution, near, network, numbers, random }: KernelBench): Messages {
  const { features: F, hyperparameters: { irreps, cutoff } } = network;
  const { pairCount } = near.pairs;
  const geometry: PairGeometry = {
    ...near,
    directions: rounded(near.directions),
    distances: rounded(near.distances),
  };
  const memory = new Memory();
  const places = {
    geometry: memory.put(
      Float64Array.from(
        { length: 4 * pairCount },
        (_, at) =>
          at % 4 < 3 ? geometry.directions[Math.floor(at / 4) * 3 + at % 4]! : geometry.distances[(at - 3) / 4]!,
      ),
      4,
    ),
    radial: 0,
    slope: 0,
  };
  const take = () => {
    const rows = random(pairCount * orders.length * F);
    const of = (order: number) =>
      Float64Array.from({ length: pairCount * F }, (_, at) => {
        const u = Math.floor(at / F);
        return geometry.distances[u]! < cutoff ? rows[(u * orders.length + order) * F + at % F]! : 0;
      });
    return { place: memory.put(rows, F), filters: { s: of(0), p: of(1), d: of(2) } };
  };
  const values = take(), slopes = take();
  places.radial = values.place;
  places.slope = slopes.place;
  const atoms = numbers.length;
  const components = { s: 1, p: 3, d: irreps ? 5 : 6 };
  return {
    geometry,
    angular: angularFunctions(execution, geometry, irreps),
    filters: values.filters,
    slopes: slopes.filters,
    x: { s: random(atoms * F), p: random(atoms * F), d: random(atoms * F) },
    adjoints: {
      s: random(atoms * F),
      p: random(atoms * components.p * F),
      d: random(atoms * components.d * F),
    },
    pairs: { data: memory.data, ...places },
  };
}

/** What the angular functions' terms add up to: (3z² − 1)/2 cancels. */
const angularMagnitude = { s: 1, p: 1, d: 2 };

/** The angular functions with a bound in place of each, the same for both directions of a pair. */
function boundingAngular({ angular }: Messages, order: (typeof orders)[number]) {
  const { values, components } = angular[order];
  return { values: constant(values.length, angularMagnitude[order]), components, parity: 1 as const };
}

async function checkGather(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, near, indices, weights } = bench;
  const messages = randomMessages(bench);
  const central = bench.random(atoms * F);
  const memory = new Memory();
  const inputs = [central, messages.x.s, messages.x.p, messages.x.d].map((rows) => memory.put(rows, F));
  const outputs = orders.map((order) => memory.room(atoms * messages.angular[order].components, F));
  const { clusterCount, table, rows } = indices.allRows;
  const writer = new PlanWriter();
  writer.dispatch(
    "local_gather",
    [clusterCount, table, rows, messages.pairs.geometry, messages.pairs.radial, ...inputs, ...outputs],
    Math.ceil(clusterCount * weights.features4 / harness.tile.threads),
  );
  const { features } = await harness.run(writer.finish(), {
    features: memory.data,
    pairs: messages.pairs.data,
    indices: indices.data,
  });
  return orders.map((order, k) => {
    const expected = neighbourSum(near.pairs, messages.angular[order], messages.filters[order], messages.x[order]);
    const size = neighbourSum(
      near.pairs,
      boundingAngular(messages, order),
      magnitudes(messages.filters[order]),
      magnitudes(messages.x[order]),
    );
    if (order === "s") {
      accumulate(expected, central);
      accumulate(size, magnitudes(central));
    }
    return {
      name: `sums of ${order} type`,
      found: rowsAt(features, outputs[k]!, atoms * messages.angular[order].components, F),
      width: F,
      expected,
      // as many as an atom has neighbours, and some for the d functions
      allowed: roundings(mostNeighbours(near) + 6, size),
    };
  });
}

function mostNeighbours({ pairs: { start, atomCount } }: PairGeometry): number {
  let most = 0;
  for (let i = 0; i < atomCount; i++) most = Math.max(most, start[i + 1]! - start[i]!);
  return most;
}

async function checkPairAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, execution, network, near, indices, numbers: { length: atoms }, weights: { features4 } } = bench;
  const { features: F, hyperparameters: { irreps } } = network;
  const { pairs, pairs: { pairCount, first } } = near;
  const messages = randomMessages(bench);
  const { geometry, angular, filters, slopes, x, adjoints } = messages;
  const memory = new Memory();
  const inputs = [...orders.map((order) => memory.put(x[order], F)), ...orders.map((o) => memory.put(adjoints[o], F))];
  const outputs = orders.map(() => memory.room(atoms, F));
  const shares = memory.room(3 * atoms * features4, 4);
  const { clusterCount, rowCount, table, rows } = indices.pairRows;
  const left = memory.room(4 * rowCount, F);
  const writer = new PlanWriter();
  writer.dispatch("pair_adjoint", [
    ...[clusterCount, table, rows, messages.pairs.geometry, messages.pairs.radial, messages.pairs.slope],
    ...[...inputs, ...outputs, shares, left],
  ], Math.ceil(clusterCount * features4 / harness.tile.threads));
  const written = await harness.run(writer.finish(), {
    features: memory.data,
    pairs: messages.pairs.data,
    indices: indices.data,
  });

  // what each atom gets: its own thread's sum, and what was left for it
  const total = (own: Float32Array, k: number) => {
    const sum = Float64Array.from(own);
    const width = 4 * features4;
    for (let n = 0; n < rowCount; n++) {
      const b = indices.data[4 * (rows + n)]!;
      for (let f = 0; f < width; f++) sum[b * width + f]! += written.features[4 * left + (4 * n + k) * width + f]!;
    }
    return Float32Array.from(sum);
  };
  const share = (k: number) =>
    Float32Array.from(
      { length: 4 * features4 * atoms },
      (_, at) => written.features[4 * (shares + 3 * Math.floor(at / 4) + k) + at % 4]!,
    );
  const overThreads = (rows: Float32Array, sign: number) =>
    Float32Array.from({ length: 4 * atoms }, (_, at) => {
      let sum = 0;
      for (let f = 0; f < features4; f++) sum += rows[4 * (Math.floor(at / 4) * features4 + f) + at % 4]!;
      return sign * sum;
    });
  const left4 = total(new Float32Array(4 * features4 * atoms), 3);
  const ownForces = overThreads(share(0), 1), leftForces = overThreads(left4, -1);

  const parts = orders.map((order) =>
    neighbourSumAdjoint(pairs, angular[order], filters[order], x[order], adjoints[order])
  );
  const bounds = orders.map((order) =>
    neighbourSumAdjoint(
      pairs,
      boundingAngular(messages, order),
      magnitudes(filters[order]),
      magnitudes(x[order]),
      magnitudes(adjoints[order]),
    )
  );
  const distances = new Float64Array(pairCount), magnitude = new Float64Array(pairCount);
  orders.forEach((order, k) => {
    slopes[order].forEach((slope, at) => {
      const u = Math.floor(at / F);
      distances[u]! += slope * parts[k]!.filters[at]!;
      magnitude[u]! += Math.abs(slope) * bounds[k]!.filters[at]!;
    });
    // derivatives of the angular functions are at most 3 (of s: 0)
    const steepness = { s: 0, p: 1, d: 3 }[order];
    bounds[k]!.angular.forEach((bound, at) => {
      const u = Math.floor(at / angular[order].components);
      magnitude[u]! += steepness * bound / geometry.distances[u]!;
    });
  });
  const directions = angularFunctionsAdjoint(execution, geometry, irreps, parts[1]!.angular, parts[2]!.angular);
  const gradient = vectorsAdjoint(execution, geometry, distances, directions);
  const vectors = geometry.directions.map((component, at) => component * geometry.distances[Math.floor(at / 3)]!);
  const forces = forcesOf(execution, geometry, gradient);
  const forceSize = sumOverPairs(geometry, magnitude);
  const virial = new Float64Array(6 * atoms), virialSize = new Float64Array(atoms);
  for (let u = 0; u < pairCount; u++) {
    const i = first[u]!;
    virialSize[i]! += magnitude[u]! * geometry.distances[u]!;
    [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]].forEach(([a, b], k) => {
      const ab = vectors[3 * u + a!]! * gradient[3 * u + b!]!, ba = vectors[3 * u + b!]! * gradient[3 * u + a!]!;
      virial[6 * i + k]! += (ab + ba) / 2;
    });
  }
  // sums over F features in vec4s, over 9 to 10 components, and over neighbours; unit vectors are so to one rounding
  const count = F / 4 + 16 + mostNeighbours(near);
  const rowsOfFour = (value: (i: number, k: number) => number) =>
    Float64Array.from({ length: 4 * atoms }, (_, at) => value(Math.floor(at / 4), at % 4));
  return [
    ...orders.map((order, k): Comparison => ({
      name: `adjoint of the ${order} features`,
      found: total(rowsAt(written.features, outputs[k]!, atoms, F), k),
      width: F,
      expected: parts[k]!.features,
      allowed: roundings(mostNeighbours(near) + angular[order].components + 6, bounds[k]!.features),
      gradientOf: {
        value: (at) => dot(adjoints[order], neighbourSum(pairs, angular[order], filters[order], at)),
        at: x[order],
      },
    })),
    {
      name: "forces",
      found: ownForces.map((force, at) => force + leftForces[at]!),
      width: 4,
      expected: rowsOfFour((i, k) => k < 3 ? forces[3 * i + k]! : 0),
      allowed: rowsOfFour((i, k) => k < 3 ? count * rounding * forceSize[i]! : 0),
      gradientOf: {
        // less the energy of atoms displaced, the filters as straight lines
        value: (at) => {
          const moved = displaced({ ...geometry, vectors }, at);
          const functions = angularFunctions(execution, moved, irreps);
          return orders.reduce((total, order) => {
            const g = filters[order].map((value, k) => {
              const u = Math.floor(k / F);
              return value + slopes[order][k]! * (moved.distances[u]! - geometry.distances[u]!);
            });
            return total - dot(adjoints[order], neighbourSum(pairs, functions[order], g, x[order]));
          }, 0);
        },
        at: new Float64Array(4 * atoms),
      },
    },
    ...[1, 2].map((half): Comparison => ({
      name: "virial of the pairs whose first atom it is",
      found: overThreads(share(half), 1),
      width: 4,
      expected: rowsOfFour((i, k) => 4 * half + k < 10 ? virial[6 * i + 4 * (half - 1) + k]! : 0),
      allowed: rowsOfFour((i, k) => 4 * half + k < 10 ? count * rounding * virialSize[i]! : 0),
    })),
  ];
}

async function checkGatherAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, indices, weights: { features4 } } = bench;
  const { rowCount, rows } = indices.pairRows;
  const before = orders.map(() => bench.random(atoms * F)), sharesBefore = bench.random(12 * atoms * features4);
  const left = bench.random(rowCount * 4 * F);
  const memory = new Memory();
  const places = before.map((rows) => memory.put(rows, F));
  const shares = memory.put(sharesBefore, 12);
  const writer = new PlanWriter();
  writer.dispatch(
    "local_gather_adjoint",
    [atoms, indices.neighbourStart, indices.neighbourRow, memory.put(left, F), ...places, shares],
    Math.ceil(atoms * features4 / harness.tile.threads),
  );
  const written = await harness.run(writer.finish(), {
    features: memory.data,
    indices: indices.data,
  });
  const collected = (k: number, left: Float64Array) => {
    const result = new Float64Array(atoms * F);
    for (let n = 0; n < rowCount; n++) {
      const b = indices.data[4 * (rows + n)]!;
      for (let f = 0; f < F; f++) result[b * F + f]! += left[(4 * n + k) * F + f]!;
    }
    return result;
  };
  const count = rowCount + 1;
  const inShares = (collected: Float64Array, before: Float64Array, sign: number) =>
    before.map((value, at) => {
      const i = Math.floor(at / 12 / features4), f = 4 * (Math.floor(at / 12) % features4) + at % 12;
      return value + (at % 12 < 4 && f < F ? sign * collected[i * F + f]! : 0);
    });
  return [
    ...orders.map((order, k): Comparison => ({
      name: `adjoint of the ${order} features`,
      found: rowsAt(written.features, places[k]!, atoms, F),
      width: F,
      expected: sum(before[k]!, collected(k, left)),
      allowed: roundings(count, sum(magnitudes(before[k]!), collected(k, magnitudes(left)))),
    })),
    {
      name: "forces",
      found: rowsAt(written.features, shares, atoms * features4, 12),
      width: 12,
      expected: inShares(collected(3, left), sharesBefore, -1),
      allowed: roundings(count, inShares(collected(3, magnitudes(left)), magnitudes(sharesBefore), 1)),
    },
  ];
}

async function checkCombine(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network, numbers: { length: atoms }, weights } = bench;
  const { features: F, hyperparameters: { irreps } } = network;
  const components = irreps ? 5 : 6;
  const s = bench.random(atoms * F), p = bench.random(atoms * 6 * F), d = bench.random(atoms * 2 * components * F);
  const memory = new Memory();
  const places = [memory.put(s, F), memory.put(p, F), memory.put(d, F), memory.room(atoms, F)];
  const writer = new PlanWriter();
  writer.dispatch("combine", [atoms, ...places, 0, 0], Math.ceil(atoms * weights.features4 / harness.tile.threads));
  const { features } = await harness.run(writer.finish(), { features: memory.data });
  const combine = (s: Float64Array, p: Float64Array, d: Float64Array) =>
    sum(s, sum(productOfHalves(p, atoms, 3), productOfHalves(d, atoms, components)));
  return [{
    name: "invariants",
    found: rowsAt(features, places[3]!, atoms, F),
    width: F,
    expected: combine(s, p, d),
    allowed: roundings(4 + components, combine(magnitudes(s), magnitudes(p), magnitudes(d))),
  }];
}

async function checkCombineAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network, numbers: { length: atoms }, weights } = bench;
  const { features: F, hyperparameters: { irreps } } = network;
  const dComponents = irreps ? 5 : 6;
  const adjoint = bench.random(atoms * F);
  const p = bench.random(atoms * 6 * F), d = bench.random(atoms * 2 * dComponents * F);
  const memory = new Memory();
  const inputs = [memory.put(p, F), memory.put(d, F), memory.put(adjoint, F)];
  const outputs = [memory.room(atoms * 6, F), memory.room(atoms * 2 * dComponents, F)];
  const writer = new PlanWriter();
  writer.dispatch(
    "combine_adjoint",
    [atoms, 0, ...inputs, ...outputs],
    Math.ceil(atoms * weights.features4 / harness.tile.threads),
  );
  const { features } = await harness.run(writer.finish(), { features: memory.data });
  return ([["p", p, 3], ["d", d, dComponents]] as const).map(([name, projected, components], k) => {
    const expected = productOfHalvesAdjoint(projected, atoms, components, adjoint);
    return {
      name: `adjoint of the ${name} projections`,
      found: rowsAt(features, outputs[k]!, atoms * 2 * components, F),
      width: F,
      expected,
      allowed: roundings(1, magnitudes(expected)),
      gradientOf: { value: (at) => dot(adjoint, productOfHalves(at, atoms, components)), at: projected },
    };
  });
}
