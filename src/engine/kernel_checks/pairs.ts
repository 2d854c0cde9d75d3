import { linear } from "../../reference/plain_functions.ts";
import { vectorsAdjoint } from "../../reference/pair_geometry.ts";
import { radialFunctions } from "../../reference/radial_basis.ts";
import { repulsion } from "../../reference/repulsion.ts";
import { buildAllPairs } from "../../structure/all_pairs.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { PlanWriter } from "../plan/plan.ts";
import { type Comparison, constant, type KernelCheck, magnitudes, rounding, roundings } from "./kernel_check.ts";
import { Memory, rowsAt } from "./memory.ts";

/** Checks of what depends on a pair's vector alone. */
export const pairChecks: readonly KernelCheck[] = [
  {
    kernel: "pair_geometry",
    title: "geometry, places in the tables and repulsion of neighbours and images",
    run: checkGeometry,
  },
  { kernel: "radial_maps", title: "radial maps of all modules and their derivatives", run: checkRadialMaps },
  { kernel: "sum", title: "sum of arrays", run: checkSum },
];

/** Relative error of tabulated functions and of their slopes, of the largest value each (`polynomial_table.ts`). */
const tableError = 3e-8 + rounding;

async function checkGeometry(bench: KernelBench): Promise<Comparison[]> {
  const { harness, weights, near, indices, positions, elements, places } = bench;
  const { interval } = weights.radialTable;
  const { pairs: { pairCount }, distances, directions } = near;
  const memory = new Memory();
  const geometry = memory.room(pairCount, 4), gradient = memory.room(pairCount, 4);
  const place = memory.room(pairCount, 4);
  const writer = new PlanWriter();
  writer.dispatch("pair_geometry", [
    pairCount,
    indices.first,
    indices.second,
    indices.image,
    indices.atomTable,
    places.count,
    places.repulsion,
    geometry,
    place,
    gradient,
  ], Math.ceil(pairCount / harness.tile.threads));
  const { pairs } = await harness.run(writer.finish(), {
    pairs: memory.data,
    indices: indices.data,
    positions,
    elements,
  });

  const withDistance = Float64Array.from(
    { length: 4 * pairCount },
    (_, at) => at % 4 < 3 ? directions[Math.floor(at / 4) * 3 + at % 4]! : distances[Math.floor(at / 4)]!,
  );
  // Which interval is the kernel's choice where two meet; the place in it then follows.
  const found = rowsAt(pairs, place, pairCount, 4);
  const expectedPlaces = Float64Array.from({ length: 4 * pairCount }, (_, at) => {
    const u = Math.floor(at / 4), i = found[4 * u + 1]!;
    return [distances[u]! - (i + 0.5) * interval, i, 0, 0][at % 4]!;
  });
  const repulsive = pairRepulsion(bench);
  return [
    {
      name: "unit vectors and distances",
      found: rowsAt(pairs, geometry, pairCount, 4),
      width: 4,
      expected: withDistance,
      // the vector, its length, their quotient (2.5 units in the last place, two roundings each)
      allowed: roundings(8, withDistance.map((value, at) => at % 4 < 3 ? 1 : value)),
    },
    {
      name: "places in the intervals",
      found,
      width: 4,
      expected: expectedPlaces,
      // float32 of a place within half an interval; the vector's own lower part is right to 1e-11 Å
      allowed: constant(4 * pairCount, 4 * rounding * interval),
    },
    {
      name: "repulsion",
      found: rowsAt(pairs, gradient, pairCount, 4),
      width: 4,
      expected: repulsive.gradient,
      // the table holds r times the energy and is fitted for the energies of the closest atoms; six operations
      allowed: repulsive.size.map((size) => (tableError + 8 * rounding) * size),
      gradientOf: repulsive.gradientOf,
    },
  ];
}

async function checkRadialMaps({ harness, execution, network, weights, near }: KernelBench): Promise<Comparison[]> {
  const { features: F, basisFunctions: K, radialBasis, modules, hyperparameters: { cutoff } } = network;
  const { interval } = weights.radialTable;
  const inside = near.distances.filter((r) => r < cutoff);
  const maps = modules.flatMap(({ radialS, radialP, radialD }) => [radialS, radialP, radialD]);
  const rows = inside.length;
  const memory = new Memory();
  const geometry = memory.put(Float64Array.from({ length: 4 * rows }, (_, at) => inside[Math.floor(at / 4)]!), 4);
  const places = Array.from(inside, (r) => {
    const i = Math.floor(r / interval);
    return [r - (i + 0.5) * interval, i, 0, 0];
  });
  const place = memory.put(Float64Array.from(places.flat()), 4);
  const g = memory.room(2 * rows * maps.length, F);
  // a grid of several rows
  const { threads } = harness.tile, down = 3;
  const along = Math.ceil(rows * modules.length * weights.features4 / threads / down);
  const writer = new PlanWriter();
  writer.dispatch("radial_maps", [rows, geometry, place, g, along * threads], along, down);
  const { pairs } = await harness.run(writer.finish(), { pairs: memory.data });

  const mapped = (basis: Float64Array, count: number) => {
    const parts = maps.map((map) => linear(map, basis, count));
    // [module][row][3][F]
    return Float64Array.from({ length: count * maps.length * F }, (_, at) => {
      const module = Math.floor(at / (3 * count * F)), row = Math.floor(at / (3 * F)) % count;
      return parts[3 * module + Math.floor(at / F) % 3]![row * F + at % F]!;
    });
  };
  const samples = Float64Array.from({ length: 400 }, (_, i) => (i + 1) / 400 * cutoff);
  const sampled = radialFunctions(execution, radialBasis, K, cutoff, samples);
  const exact = radialFunctions(execution, radialBasis, K, cutoff, inside);
  return (["values", "derivatives"] as const).map((name, part) => {
    const largest = Math.max(...magnitudes(mapped(sampled[name], samples.length)));
    return {
      name: `${name} of the radial maps`,
      found: rowsAt(pairs, g + part * rows * maps.length * weights.features4, rows * maps.length, F),
      width: F,
      expected: mapped(exact[name], rows),
      allowed: constant(rows * maps.length * F, (tableError + 6 * rounding) * largest),
    };
  });
}

/** Repulsion of each pair on its own: (∂E/∂vector, E) `[U][4]`. */
function pairRepulsion({ execution, network, near, numbers }: KernelBench) {
  const { pairs, distances, vectors } = near;
  const { cutoff } = network.hyperparameters;
  const two = buildAllPairs(2);
  const pairOf = (u: number, r: number) =>
    repulsion(
      execution,
      network.repulsion!,
      cutoff,
      Uint8Array.of(numbers[pairs.first[u]!]!, numbers[pairs.second[u]!]!),
      {
        pairs: two,
        distances: Float64Array.of(r),
        vectors: Float64Array.of(r, 0, 0),
        directions: Float64Array.of(1, 0, 0),
      },
    );
  const energyOf = (u: number, r: number) => 2 * pairOf(u, r).energies[0]!;
  const slopes = Float64Array.from(distances, (r, u) => pairOf(u, r).distances[0]!);
  const vectorGradient = vectorsAdjoint(execution, near, slopes, null);
  const row = (at: number) => Math.floor(at / 4);
  const rows = { length: 4 * pairs.pairCount };
  const energies = Float64Array.from(distances, (r, u) => energyOf(u, r));
  return {
    gradient: Float64Array.from(
      rows,
      (_, at) => at % 4 < 3 ? vectorGradient[row(at) * 3 + at % 4]! : energies[row(at)]!,
    ),
    // of the terms y′/r and y/r² with y = r E
    size: Float64Array.from(rows, (_, at) => {
      const r = distances[row(at)]!;
      const energy = r < cutoff ? Math.abs(energyOf(row(at), 0.5)) : 0;
      return energy * (1 + 1 / r);
    }),
    gradientOf: {
      // the fourth component stands for the energy itself, which is not differentiated
      value: (at: Float64Array) =>
        distances.reduce(
          (total, _, u) =>
            total + energyOf(u, Math.hypot(at[4 * u]!, at[4 * u + 1]!, at[4 * u + 2]!)) + energies[u]! * at[4 * u + 3]!,
          0,
        ),
      at: Float64Array.from(rows, (_, at) => at % 4 < 3 ? vectors[row(at) * 3 + at % 4]! : 0),
    },
  };
}

async function checkSum(
  { harness, network: { features: F }, numbers: { length: atoms }, weights, random }: KernelBench,
): Promise<
  Comparison[]
> {
  const terms = 7;
  const x = random(terms * atoms * F);
  const memory = new Memory();
  const from = memory.put(x, F), to = memory.room(atoms, F);
  const count = atoms * weights.features4;
  const writer = new PlanWriter();
  writer.dispatch("sum", [count, terms, from, to], Math.ceil(count / harness.tile.threads));
  const { features } = await harness.run(writer.finish(), { features: memory.data });
  const expected = new Float64Array(atoms * F), size = new Float64Array(atoms * F);
  x.forEach((value, at) => {
    expected[at % expected.length]! += value;
    size[at % size.length]! += Math.abs(value);
  });
  return [{
    name: "sum",
    found: rowsAt(features, to, atoms, F),
    width: F,
    expected,
    allowed: roundings(terms - 1, size),
  }];
}
