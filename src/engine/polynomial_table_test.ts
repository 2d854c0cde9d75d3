import assert from "node:assert/strict";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import type { BasisKind } from "../model/hyperparameters.ts";
import { linear } from "../reference/plain_functions.ts";
import { radialFunctions } from "../reference/radial_basis.ts";
import { repulsion } from "../reference/repulsion.ts";
import { soloExecution } from "../reference/solo_execution.ts";
import { buildAllPairs } from "../structure/all_pairs.ts";
import { createRandom } from "../structure/random.ts";
import { coefficientCount, type PolynomialTable, polynomialTable } from "./polynomial_table.ts";
import { radialPolynomials, repulsionPolynomials } from "./radial_tables.ts";
import { grid } from "./split_coordinate.ts";

/**
 * How far beyond an interval's ends its polynomial is used, Å: kernels take the interval from a distance that is rounded
 * to the grid of split coordinates (`split_coordinate_test.ts`).
 */
const overstep = (0.5 + 0.5 * Math.sqrt(3)) / grid;

/** Value and derivative of one function as the kernels evaluate them, here in float64; the interval is that of `near`. */
function evaluate({ interval, coefficients }: PolynomialTable, width: number, k: number, r: number, near = r) {
  const i = Math.max(0, Math.floor(near / interval));
  const delta = r - (i + 0.5) * interval;
  let value = 0, slope = 0;
  for (let power = coefficientCount - 1; power >= 0; power--) {
    slope = slope * delta + value;
    value = value * delta + coefficients[(i * coefficientCount + power) * width + k]!;
  }
  return { value, slope };
}

/** Distances near 0, near the cutoff, and everywhere between. */
function distancesWithin(cutoff: number): Float64Array {
  const random = createRandom(3);
  return Float64Array.from([
    1e-4,
    1e-3,
    0.01,
    0.05,
    cutoff - 0.05,
    cutoff - 0.01,
    cutoff - 1e-3,
    cutoff - 1e-4,
    ...Array.from({ length: 500 }, () => cutoff * random()),
  ]);
}

const bases: readonly (readonly [BasisKind, boolean])[] = [
  ["exp-bernstein", true],
  ["exp-bernstein", false],
  ["exp-gaussian", true],
  ["exp-gaussian", false],
  ["gaussian", false],
  ["bernstein", false],
  ["sinc", false],
];

for (const [basis, expWeighting] of bases) {
  // the published models have 16 functions, the narrowest of them set the interval
  for (const basisFunctions of [6, 16]) {
    const name = `${basisFunctions} ${basis}${expWeighting ? " functions with exponential weights" : " functions"}`;
    Deno.test(`polynomialTable gives values and derivatives of ${name} to float32's last bits`, () => {
      // six features: two places of padding after each map
      const network = buildNetwork(tinyModel({ basis, basisFunctions, expWeighting, features: 6 }));
      const { cutoff } = network.hyperparameters;
      const table = radialPolynomials(network);
      const maps = network.modules.flatMap(({ radialS, radialP, radialD }) => [radialS, radialP, radialD]);
      const width = 8 * maps.length;
      const distances = distancesWithin(cutoff);
      const mapped = (map: number, at: Float64Array) => {
        const { values, derivatives } = radialFunctions(
          soloExecution(),
          network.radialBasis,
          basisFunctions,
          cutoff,
          at,
        );
        const apply = (basis: Float64Array) => linear(maps[map]!, basis, at.length);
        return { values: apply(values), slopes: apply(derivatives) };
      };
      const samples = Float64Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000 * cutoff);
      maps.forEach((_, map) => {
        const exact = mapped(map, distances), sampled = mapped(map, samples);
        for (let f = 0; f < 6; f++) {
          const largest = (values: Float64Array) =>
            values.reduce((most, value, at) => at % 6 === f ? Math.max(most, Math.abs(value)) : most, 0);
          const largestValue = largest(sampled.values), largestSlope = largest(sampled.slopes);
          distances.forEach((r, u) => {
            const { value, slope } = evaluate(table, width, 8 * map + f, r, r + [-overstep, 0, overstep][u % 3]!);
            // One rounding of the coefficients (6e-8), and half as much for the polynomial itself: the intervals are
            // chosen for it.
            const valueError = Math.abs(value - exact.values[u * 6 + f]!);
            const slopeError = Math.abs(slope - exact.slopes[u * 6 + f]!);
            assert.ok(valueError <= 9e-8 * largestValue, `map ${map} at ${r} Å is off by ${valueError / largestValue}`);
            assert.ok(
              slopeError <= 9e-8 * largestSlope,
              `slope ${map} at ${r} Å is off by ${slopeError / largestSlope}`,
            );
          });
        }
        for (const f of [6, 7]) assert.deepEqual(evaluate(table, width, 8 * map + f, 1), { value: 0, slope: 0 });
      });
    });
  }
}

Deno.test("polynomialTable has intervals of whole grid steps, and reaches beyond the range", () => {
  const network = buildNetwork(tinyModel());
  const { interval, intervals, coefficients } = radialPolynomials(network);
  assert.ok(Number.isInteger(interval * grid));
  assert.ok(Number.isInteger(Math.log2(interval)));
  assert.ok(intervals * interval > network.hyperparameters.cutoff);
  const maps = 3 * network.modules.length * network.features;
  assert.equal(network.features % 4, 0);
  assert.equal(coefficients.length, intervals * coefficientCount * maps);
  assert.ok(coefficients.every(Number.isFinite));
});

Deno.test("polynomialTable reproduces a polynomial of degree five", () => {
  const polynomial = (r: number) => 1 + r * (-2 + r * (0.5 + r * (0.25 + r * (-0.125 + r * 0.0625))));
  const table = polynomialTable((distances) => distances.map(polynomial), 1, 2, 1 / 64);
  for (const r of distancesWithin(2)) {
    // coefficients rounded to float32; values up to 4
    assert.ok(Math.abs(evaluate(table, 1, 0, r).value - polynomial(r)) <= 4 * 2 ** -24);
  }
});

Deno.test("repulsionPolynomials gives r times the repulsion of every pair of elements", () => {
  const network = buildNetwork(tinyModel());
  const { cutoff } = network.hyperparameters;
  const elements = [1, 6, 17];
  const interval = 1 / 128;
  const execution = soloExecution();
  const rows = repulsionPolynomials(network.repulsion!, cutoff, elements, interval);
  const intervals = rows.length / 8 / 9;
  elements.forEach((zi, i) =>
    elements.forEach((zj, j) => {
      const table = rows.subarray(8 * intervals * (3 * i + j), 8 * intervals * (3 * i + j + 1));
      const coefficients = Float32Array.from(
        { length: intervals * coefficientCount },
        (_, at) => table[8 * Math.floor(at / coefficientCount) + at % coefficientCount]!,
      );
      for (const r of distancesWithin(cutoff)) {
        const { value, slope } = evaluate({ interval, intervals, coefficients }, 1, 0, r);
        const exact = repulsion(execution, network.repulsion!, cutoff, Uint8Array.of(zi, zj), {
          pairs: buildAllPairs(2),
          distances: Float64Array.of(r),
          vectors: Float64Array.of(r, 0, 0),
          directions: Float64Array.of(1, 0, 0),
        });
        const energy = 2 * exact.energies[0]!;
        // y = r E is largest at contact, ke Z Z′, and falls off within a few tenths of an Å
        const largest = 14.4 * zi * zj;
        assert.ok(Math.abs(value - r * energy) <= 9e-8 * largest);
        const steepness = largest * 10;
        assert.ok(Math.abs(slope - (energy + r * exact.distances[0]!)) <= 9e-8 * steepness);
      }
    })
  );
});
