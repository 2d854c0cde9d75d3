import { angularFunctions, angularFunctionsAdjoint, type AngularSet } from "../../reference/angular.ts";
import { accumulate, sum } from "../../reference/elementwise.ts";
import { addProductOfHalves, productOfHalvesAdjoint } from "../../reference/local_interaction.ts";
import { neighbourSum, neighbourSumAdjoint } from "../../reference/plain_functions.ts";
import { type PairGeometry, vectorsAdjoint } from "../../reference/pair_geometry.ts";
import { soloTeam } from "../../reference/team.ts";
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

/** Checks of the local interaction's sums over neighbours and of what is made of them. */
export const localInteractionChecks: readonly KernelCheck[] = [
  { kernel: "local_gather", title: "messages of neighbours and images", run: checkGather },
  { kernel: "local_gather_adjoint", title: "adjoints of the neighbours' features", run: checkGatherAdjoint },
  { kernel: "pair_adjoint", title: "gradient with respect to pair vectors", run: checkPairAdjoint },
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

/** Filters of one module only: the other modules' part of a row. */
const moduleOffset = 3;

function randomMessages({ execution, near, network, numbers, random }: KernelBench): Messages {
  const { features: F, modules, hyperparameters: { irreps, cutoff } } = network;
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
  const segments = 3 * modules.length;
  const take = () => {
    const rows = random(pairCount * segments * F);
    const place = memory.put(rows, F) + moduleOffset * Math.ceil(F / 4);
    const of = (order: number) =>
      Float64Array.from({ length: pairCount * F }, (_, at) => {
        const u = Math.floor(at / F);
        return geometry.distances[u]! < cutoff ? rows[(u * segments + moduleOffset + order) * F + at % F]! : 0;
      });
    return { place, filters: { s: of(0), p: of(1), d: of(2) } };
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

/** Parameters of the gather kernels, after the number of atoms. */
function gatherParameters(bench: KernelBench, { pairs }: Messages, features: readonly number[]): number[] {
  const { numbers, indices: { start, neighbour, entry }, weights, network } = bench;
  return [
    numbers.length,
    start,
    neighbour,
    entry,
    pairs.geometry,
    pairs.radial,
    3 * network.modules.length * weights.features4,
    ...features,
  ];
}

async function checkGather(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, near, indices, weights } = bench;
  const messages = randomMessages(bench);
  const central = bench.random(atoms * F);
  const memory = new Memory();
  const inputs = [central, messages.x.s, messages.x.p, messages.x.d].map((rows) => memory.put(rows, F));
  const outputs = orders.map((order) => memory.room(atoms * messages.angular[order].components, F));
  const writer = new PlanWriter();
  writer.dispatch(
    "local_gather",
    gatherParameters(bench, messages, [...inputs, ...outputs]),
    Math.ceil(atoms * weights.features4 / harness.tile.threads),
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

async function checkGatherAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F }, numbers: { length: atoms }, near, indices, weights } = bench;
  const messages = randomMessages(bench);
  const memory = new Memory();
  const outputs = orders.map(() => memory.room(atoms, F));
  const inputs = orders.map((order) => memory.put(messages.adjoints[order], F));
  const writer = new PlanWriter();
  writer.dispatch(
    "local_gather_adjoint",
    gatherParameters(bench, messages, [0, ...outputs, ...inputs]),
    Math.ceil(atoms * weights.features4 / harness.tile.threads),
  );
  const { features } = await harness.run(writer.finish(), {
    features: memory.data,
    pairs: messages.pairs.data,
    indices: indices.data,
  });
  return orders.map((order, k) => {
    const [angular, filters, x, adjoint] = [
      messages.angular[order],
      messages.filters[order],
      messages.x[order],
      messages.adjoints[order],
    ];
    return {
      name: `adjoint of the ${order} features`,
      found: rowsAt(features, outputs[k]!, atoms, F),
      width: F,
      expected: neighbourSumAdjoint(near.pairs, angular, filters, x, adjoint).features,
      allowed: roundings(
        mostNeighbours(near) + angular.components + 6,
        neighbourSumAdjoint(
          near.pairs,
          boundingAngular(messages, order),
          magnitudes(filters),
          magnitudes(x),
          magnitudes(adjoint),
        ).features,
      ),
      gradientOf: { value: (at) => dot(adjoint, neighbourSum(near.pairs, angular, filters, at)), at: x },
    };
  });
}

async function checkPairAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, execution, network, near, indices, weights } = bench;
  const { features: F, hyperparameters: { irreps } } = network;
  const { pairs, pairs: { pairCount } } = near;
  const messages = randomMessages(bench);
  const { geometry, angular, filters, slopes, x, adjoints } = messages;
  const before = bench.random(4 * pairCount);
  const memory = new Memory();
  const xs = orders.map((order) => memory.put(x[order], F));
  const sums = orders.map((order) => memory.put(adjoints[order], F));
  const gradient = messages.pairs.data.length / 4;
  const writer = new PlanWriter();
  writer.dispatch("pair_adjoint", [
    pairCount,
    indices.first,
    indices.second,
    messages.pairs.geometry,
    gradient,
    messages.pairs.radial,
    messages.pairs.slope,
    3 * network.modules.length * weights.features4,
    ...xs,
    ...sums,
  ], Math.ceil(pairCount / harness.tile.threads));
  const outputs = await harness.run(writer.finish(), {
    features: memory.data,
    pairs: Float32Array.of(...messages.pairs.data, ...before),
    indices: indices.data,
  });

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
  const vectors = vectorsAdjoint(execution, geometry, distances, directions);
  const withEnergy = (rows: Float64Array) =>
    before.map((value, at) => value + (at % 4 < 3 ? rows[Math.floor(at / 4) * 3 + at % 4]! : 0));
  const start = geometry.directions.map((component, at) => component * geometry.distances[Math.floor(at / 3)]!);
  return [{
    name: "∂E/∂vector",
    found: rowsAt(outputs.pairs, gradient, pairCount, 4),
    width: 4,
    expected: withEnergy(vectors),
    // sums over F features in vec4s, then over 9 to 10 components; unit vectors are unit vectors to one rounding
    allowed: before.map((value, at) =>
      (F / 4 + 16) * rounding * (Math.abs(value) + (at % 4 < 3 ? magnitude[Math.floor(at / 4)]! : 0))
    ),
    gradientOf: {
      // as a function of all pair vectors and, so that the shapes agree, of the energies
      value: (at) => {
        const moved = geometryAt(geometry, at);
        const functions = angularFunctions(execution, moved, irreps);
        return dot(before, at) + orders.reduce((total, order) => {
          const g = filters[order].map((value, k) => {
            const u = Math.floor(k / F);
            return value + slopes[order][k]! * (moved.distances[u]! - geometry.distances[u]!);
          });
          return total + dot(adjoints[order], neighbourSum(pairs, functions[order], g, x[order]));
        }, 0);
      },
      at: before.map((_, at) => at % 4 < 3 ? start[Math.floor(at / 4) * 3 + at % 4]! : 0),
    },
  }];
}

/** The geometry for other vectors `[U][4]`, the fourth component ignored. */
function geometryAt({ pairs }: PairGeometry, rows: Float64Array): PairGeometry {
  const vectors = Float64Array.from({ length: 3 * pairs.pairCount }, (_, at) => rows[Math.floor(at / 3) * 4 + at % 3]!);
  const distances = Float64Array.from(
    { length: pairs.pairCount },
    (_, u) => Math.hypot(vectors[3 * u]!, vectors[3 * u + 1]!, vectors[3 * u + 2]!),
  );
  const directions = vectors.map((component, at) => component / distances[Math.floor(at / 3)]!);
  return { pairs, vectors, distances, directions };
}

/** Σ_c A_c∘B_c of projected sums `[N][C][2F]`, `[N][F]`. */
function productOfHalves(projected: Float64Array, atoms: number, components: number): Float64Array {
  const invariants = new Float64Array(projected.length / (2 * components));
  addProductOfHalves({ team: soloTeam }, projected, components, invariants, atoms);
  return invariants;
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
    const expected = productOfHalvesAdjoint(bench.execution, projected, components, adjoint, atoms);
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
