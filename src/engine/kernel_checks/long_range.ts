import { bohr, coulombConstant } from "../../model/constants.ts";
import type { Dispersion } from "../../model/network.ts";
import { coordinationNumbers, coordinationNumbersAdjoint } from "../../reference/coordination_number.ts";
import { contractReferences, dispersion, dispersionPairs } from "../../reference/dispersion.ts";
import { electrostaticKernel, electrostatics } from "../../reference/electrostatics.ts";
import { accumulate, sum } from "../../reference/elementwise.ts";
import { type PairGeometry, vectorsAdjoint } from "../../reference/pair_geometry.ts";
import { referenceCount } from "../../reference/reference_c6.ts";
import { referenceWeights, referenceWeightsAdjoint } from "../../reference/reference_weights.ts";
import { withEntries } from "../../structure/pair_entries.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { resultSlots } from "../kernel_constants.ts";
import { PlanWriter } from "../plan/plan.ts";
import { column, type Comparison, dot, type KernelCheck, magnitudes, rounded, rounding } from "./kernel_check.ts";
import { Memory, rowsAt } from "./memory.ts";
import { displaced, forcesOf, sumOverPairs } from "./pair_sums.ts";

/** Checks of electrostatics, dispersion and of what forces are gathered from. */
export const longRangeChecks: readonly KernelCheck[] = [
  { kernel: "dispersion_weights", title: "reference weights of D4, polarizabilities and C6", run: checkWeights },
  { kernel: "long_range", title: "electrostatics and dispersion", run: checkLongRange },
  { kernel: "forces", title: "forces and virial of pairs and coordination numbers", run: checkForces },
];

/** Reference systems with padding, as the kernels have them. */
const padded = 8;

/** Arrays of a row of `dispersion_weights` before those of each element: ζ, ∂ζ/∂CN, ∂ζ/∂q. */
const arraysBeforeElements = 3;

/** Partial charges, some of which leave no electrons: qmod ≤ 1e-8. */
function randomCharges({ numbers, random }: KernelBench): Float64Array {
  return random(numbers.length, 0.5).map((charge, i) =>
    [-numbers[i]!, Math.fround(-numbers[i]! - 0.3)][i - 4] ?? charge
  );
}

/** Contents of the results buffer: what `rows` say of slots, random numbers elsewhere. */
function randomResults(bench: KernelBench, charges: Float64Array, rest: Float64Array): Float32Array<ArrayBuffer> {
  const atoms = charges.length;
  const results = Float32Array.from(bench.random(4 * resultSlots * atoms));
  charges.forEach((charge, i) => {
    results[4 * (atoms + i) + 3] = charge;
    results[4 * (2 * atoms + i) + 2] = rest[i]!;
  });
  return results;
}

/** Rows of the reference systems, `[N][(3 + E)][8]`, from what the reference engine has of them, `[N][7]` and `[N][E][7]`. */
function weightRows(arrays: readonly Float64Array[], contracted: Float64Array, elements: number): Float64Array {
  const atoms = arrays[0]!.length / referenceCount;
  const count = arrays.length + elements;
  const rows = new Float64Array(atoms * count * padded);
  for (let i = 0; i < atoms; i++) {
    for (let k = 0; k < count; k++) {
      for (let a = 0; a < referenceCount; a++) {
        rows[(i * count + k) * padded + a] = k < arrays.length
          ? arrays[k]![i * referenceCount + a]!
          : contracted[(i * elements + k - arrays.length) * referenceCount + a]!;
      }
    }
  }
  return rows;
}

/** Each atom's share of −½ Σ vector ⊗ ∂E/∂vector, symmetrised: (xx, yy, zz, xy), (xz, yz, 0, 0), two arrays `[N][4]`. */
function virialShares(geometry: PairGeometry, gradient: Float64Array): [Float64Array, Float64Array] {
  const component = (a: number, b: number) =>
    sumOverPairs(
      geometry,
      Float64Array.from({ length: geometry.pairs.pairCount }, (_, u) => {
        const { vectors } = geometry;
        const ab = vectors[3 * u + a]! * gradient[3 * u + b]!, ba = vectors[3 * u + b]! * gradient[3 * u + a]!;
        return -(ab + ba) / 4;
      }),
    );
  const zero = new Float64Array(geometry.pairs.atomCount);
  const join = (parts: Float64Array[]) =>
    Float64Array.from({ length: 4 * zero.length }, (_, at) => parts[at % 4]![Math.floor(at / 4)]!);
  return [
    join([component(0, 0), component(1, 1), component(2, 2), component(0, 1)]),
    join([component(0, 2), component(1, 2), zero, zero]),
  ];
}

/** Unit vectors and distances as the kernels have them, `[U][4]`. */
function geometryRows({ directions, distances }: PairGeometry): Float64Array {
  return Float64Array.from(
    { length: 4 * distances.length },
    (_, at) => at % 4 < 3 ? directions[Math.floor(at / 4) * 3 + at % 4]! : distances[(at - 3) / 4]!,
  );
}

/** Rows `[N][4]` from what each component is. */
function rowsOf(atoms: number, value: (i: number, component: number) => number): Float64Array {
  return Float64Array.from({ length: 4 * atoms }, (_, at) => value(Math.floor(at / 4), at % 4));
}

async function checkWeights(bench: KernelBench): Promise<Comparison[]> {
  const { harness, execution, network, numbers, indices, positions, elements, places } = bench;
  const { references, near, far, longRangeCutoff } = bench;
  const d4 = network.dispersion!;
  const atoms = numbers.length, E = references.elements.length;
  const charges = randomCharges(bench);
  const before = randomResults(bench, charges, new Float64Array(atoms));
  const row = padded * (arraysBeforeElements + E);
  const memory = new Memory();
  const rows = memory.room(atoms, row);
  const pairs = new Memory();
  const geometry = pairs.put(geometryRows(near), 4);
  const writer = new PlanWriter();
  writer.dispatch("dispersion_weights", [
    ...[atoms, indices.atomTable, indices.longRangeList],
    ...[indices.start, indices.entry, indices.first, indices.second, geometry, Number(places.far)],
    ...[places.table, E, places.c6, 4 * rows, row],
  ], atoms);
  const { features, results } = await harness.run(writer.finish(), {
    features: memory.data,
    pairs: pairs.data,
    indices: indices.data,
    positions,
    elements,
    results: before,
  });

  const coordination = coordinationNumbers(execution, d4, longRangeCutoff, numbers, far).values;
  const all = (shift: Float64Array) => {
    const weights = referenceWeights(execution, d4, numbers, sum(coordination, shift), charges);
    const arrays = [weights.values, weights.coordinationSlopes, weights.chargeSlopes];
    const contracted = contractReferences(execution, references, weights.values);
    return weightRows(arrays, contracted, E);
  };
  // the error function of each pair is right to 1.5e-7 (Abramowitz and Stegun 7.1.26), of which half counts; its argument
  // carries some ten roundings and is at most as steep as 7.5/√π
  const lost = sumOverPairs(far, far.distances.map((r) => r < 8 ? 0.75e-7 + 50 * rounding : 0));
  const expected = all(new Float64Array(atoms));
  const higher = all(lost), lower = all(lost.map((value) => -value));
  // exponents up to 20 lose as many roundings as they are large, or count for nothing
  const count = 200;
  const steepness = Float64Array.from(numbers, (Z, i) => slopeOfWeights(d4, Z, coordination[i]!));
  const allowed = expected.map((_, at) => {
    const array = at - at % padded, first = at - at % row;
    const largest = Math.max(...magnitudes(expected.subarray(array, array + padded)));
    // ∂ζ/∂CN is the difference of a reference's own slope and that of all
    const isSlope = array - first === padded;
    const cancelling = Math.max(...magnitudes(expected.subarray(first, first + padded))) * steepness[at / row | 0]!;
    return Math.abs(higher[at]! - lower[at]!) + count * rounding * (largest + (isSlope ? cancelling : 0));
  });
  const whole = dispersion(execution, d4, references, longRangeCutoff, numbers, charges, far);
  const alphaC6 = [whole.polarizabilities, whole.c6];
  const relative = (i: number) => {
    const array = (at: number) => Math.max(...magnitudes(at < 0 ? expected : expected.subarray(at, at + padded)));
    const at = i * row;
    const largest = array(at);
    return Math.max(...allowed.subarray(at, at + padded)) / largest;
  };
  return [
    {
      name: "weights, their derivatives and contractions",
      found: rowsAt(features, rows, atoms, row),
      width: row,
      expected,
      allowed,
    },
    {
      name: "polarizabilities and C6",
      found: rowsAt(results, 2 * atoms, atoms, 4),
      width: 4,
      expected: rowsOf(atoms, (i, k) => before[4 * (2 * atoms + i) + k]! + (alphaC6[k]?.[i] ?? 0)),
      // sums of seven weights, and of the products of two
      allowed: rowsOf(atoms, (i, k) => k < 2 ? (14 * relative(i) + 16 * rounding) * (alphaC6[k]![i]! + 1) : 0),
    },
  ];
}

/** Σ|∂W/∂CN| over Σ W of an element's Gaussians at a coordination number, 0 where they vanish. */
function slopeOfWeights({ ncountMask, ncountWeight, cn }: Dispersion, Z: number, coordination: number): number {
  let norm = 0, slope = 0;
  for (let at = 3 * referenceCount * Z; at < 3 * referenceCount * (Z + 1); at++) {
    const distance = Math.abs(coordination - cn[at]!);
    const gaussian = ncountMask[at]! * Math.exp(-6 * ncountWeight[at]! * distance ** 2);
    norm += gaussian;
    slope += 12 * ncountWeight[at]! * distance * gaussian;
  }
  return norm <= 1e-8 ? 0 : slope / norm;
}

async function checkLongRange(bench: KernelBench): Promise<Comparison[]> {
  const { harness, execution, network, numbers, indices, positions, elements, places } = bench;
  const { references, far, longRangeCutoff } = bench;
  const d4 = network.dispersion!;
  const atoms = numbers.length, E = references.elements.length;
  const charges = randomCharges(bench), rest = bench.random(atoms, 1e-3);
  const before = randomResults(bench, charges, rest);
  const coordination = coordinationNumbers(execution, d4, longRangeCutoff, numbers, far).values;
  const weights = referenceWeights(execution, d4, numbers, coordination, charges);
  const [zeta, zetaCn, zetaQ] = [weights.values, weights.coordinationSlopes, weights.chargeSlopes].map(rounded);
  const contracted = contractReferences(execution, references, zeta!);
  const row = padded * (arraysBeforeElements + E);
  const memory = new Memory();
  const rows = memory.put(weightRows([zeta!, zetaCn!, zetaQ!], contracted, E), row);
  const adjoints = memory.room(atoms, 4);
  const writer = new PlanWriter();
  writer.dispatch("long_range", [
    atoms,
    indices.atomTable,
    indices.longRangeList,
    places.table,
    rows,
    row / 4,
    adjoints,
  ], atoms);
  const { features, results } = await harness.run(writer.finish(), {
    features: memory.data,
    indices: indices.data,
    positions,
    elements,
    results: before,
  });

  const range = { cutoff: network.hyperparameters.cutoff, longRangeCutoff };
  const electric = electrostatics(execution, range, charges, far);
  const dispersive = dispersionPairs(execution, d4, references, longRangeCutoff, zeta!, contracted, far);
  const gradient = vectorsAdjoint(execution, far, sum(electric.distances, dispersive.distances), null);
  const ofCharges = referenceWeightsAdjoint(execution, zetaQ!, dispersive.weights);
  const ofCoordination = referenceWeightsAdjoint(execution, zetaCn!, dispersive.weights);
  const forces = forcesOf(execution, far, gradient);
  const [virial1, virial2] = virialShares(far, gradient);
  const electricEnergies = electric.energies.map((energy, i) => energy + rest[i]! * electric.charges[i]!);

  // What a pair's terms are at most: a distance is right to three roundings, a power of it to nine times as many; the
  // switch and its slope, of slope at most 8 and 60 over its width, lose some more.
  const count = 100;
  const { pairs: { first, second }, distances } = far;
  const electricSize = distances.map((r, u) => {
    if (electrostaticKernel(range, r).value === 0) return 0;
    return coulombConstant * Math.abs(charges[first[u]!]! * charges[second[u]!]!) * (1 / r + 1 / r ** 2 + 1);
  });
  const potentialSize = (i: number) => {
    const unit = coulombConstant * Math.max(...magnitudes(charges));
    return sumOverPairs(far, distances.map((r) => unit * (1 / r + 1)))[i]!;
  };
  // in the end the straight line takes away most of a pair's dispersion, its slope, and what it makes of the weights
  const bare = Array.from(distances, (_, u) => {
    const alone = pairAlone(far, u);
    return dispersionPairs(execution, d4, references, null, zeta!, contracted, alone);
  });
  const dispersiveSize = dispersive.distances.map((slope, u) => Math.abs(slope) + Math.abs(bare[u]!.distances[0]!));
  const bareWeights = new Float64Array(zeta!.length);
  distances.forEach((r, u) => {
    if (longRangeCutoff === null || r < longRangeCutoff) accumulate(bareWeights, bare[u]!.weights);
  });
  const pairSize = sum(electricSize, dispersiveSize);
  const forceSize = sumOverPairs(far, pairSize);
  const virialSize = sumOverPairs(far, pairSize.map((size, u) => size * distances[u]!));
  const electricEnergySize = sumOverPairs(far, electricSize).map((size, i) =>
    size + Math.abs(rest[i]!) * potentialSize(i)
  );
  const dispersiveEnergySize = sumOverPairs(
    far,
    dispersiveSize.map((size, u) => size * distances[u]! + Math.abs(bare[u]!.energies[first[u]!]!)),
  );
  const weightSize = (slopes: Float64Array, i: number) => {
    let total = 0;
    for (let a = 0; a < referenceCount; a++) {
      total += Math.abs(slopes[i * referenceCount + a]! * bareWeights[i * referenceCount + a]!);
    }
    return total;
  };
  const lost = (size: number) => count * rounding * size;
  const slot = (k: number) => rowsAt(results, k * atoms, atoms, 4);
  const old = (k: number, i: number, component: number) => before[4 * (k * atoms + i) + component]!;
  return [
    {
      name: "∂E/∂q and ∂E/∂CN",
      found: rowsAt(features, adjoints, atoms, 4),
      width: 4,
      expected: rowsOf(atoms, (i, k) => [electric.charges[i]! + ofCharges[i]!, ofCoordination[i]!][k] ?? 0),
      allowed: rowsOf(
        atoms,
        (i, k) => lost([potentialSize(i) + weightSize(zetaQ!, i), weightSize(zetaCn!, i)][k] ?? 0),
      ),
    },
    {
      name: "energies",
      found: slot(0),
      width: 4,
      expected: rowsOf(atoms, (i, k) => old(0, i, k) + ([0, 0, electricEnergies[i]!, dispersive.energies[i]!][k]!)),
      allowed: rowsOf(
        atoms,
        (i, k) =>
          lost([0, 0, electricEnergySize[i]!, dispersiveEnergySize[i]!][k]!) + rounding * Math.abs(old(0, i, k)),
      ),
    },
    {
      name: "forces",
      found: slot(1),
      width: 4,
      expected: rowsOf(atoms, (i, k) => old(1, i, k) + (k < 3 ? forces[3 * i + k]! : 0)),
      allowed: rowsOf(atoms, (i, k) => k < 3 ? lost(forceSize[i]! + Math.abs(old(1, i, k)) / count) : 0),
      gradientOf: {
        // what stood there before, less the energy of atoms displaced
        value: (at) => {
          const moved = displaced(far, at);
          const energies = sum(
            electrostatics(execution, range, charges, moved).energies,
            dispersionPairs(execution, d4, references, longRangeCutoff, zeta!, contracted, moved).energies,
          );
          return at.reduce((total, value, k) => total + value * before[4 * atoms + k]!, 0) -
            energies.reduce((a, b) => a + b, 0);
        },
        at: new Float64Array(4 * atoms),
      },
    },
    ...[virial1, virial2].map((expected, k) => ({
      name: "virial",
      found: slot(3 + k),
      width: 4,
      expected,
      allowed: rowsOf(atoms, (i) => lost(virialSize[i]!)),
    })),
  ];
}

/** One pair of a geometry, with the same atoms. */
function pairAlone(geometry: PairGeometry, u: number): PairGeometry {
  const { pairs, distances, vectors, directions } = geometry;
  return {
    pairs: withEntries(
      pairs.atomCount,
      pairs.first.subarray(u, u + 1),
      pairs.second.subarray(u, u + 1),
      pairs.shift.subarray(3 * u, 3 * u + 3),
    ),
    distances: distances.subarray(u, u + 1),
    vectors: vectors.subarray(3 * u, 3 * u + 3),
    directions: directions.subarray(3 * u, 3 * u + 3),
  };
}

async function checkForces(bench: KernelBench): Promise<Comparison[]> {
  const { harness, execution, network, weights, numbers, indices, positions, elements, places } = bench;
  const { near, far, longRangeCutoff } = bench;
  const atoms = numbers.length, { pairCount } = near.pairs;
  const before = Float32Array.from(bench.random(4 * resultSlots * atoms));
  const rows = bench.random(4 * pairCount), adjoints = bench.random(4 * atoms);
  const ofCoordination = column(adjoints, 4, 1);
  const memory = new Memory();
  const geometry = memory.put(geometryRows(near), 4), gradient = memory.put(rows, 4);
  const features = new Memory();
  const { features4 } = weights;
  const threads = network.modules.length * atoms * features4;
  const shares = bench.random(12 * threads);
  const writer = new PlanWriter();
  writer.dispatch("forces", [
    atoms,
    indices.atomTable,
    indices.longRangeList,
    places.table,
    ...[indices.start, indices.entry, indices.first, indices.second, geometry, gradient],
    features.put(adjoints, 4),
    Number(places.far),
    features.put(shares, 4),
  ], atoms);
  const { results } = await harness.run(writer.finish(), {
    features: features.data,
    pairs: memory.data,
    indices: indices.data,
    positions,
    elements,
    results: before,
  });

  const nearGradient = Float64Array.from({ length: 3 * pairCount }, (_, at) => rows[Math.floor(at / 3) * 4 + at % 3]!);
  const coordination = coordinationNumbers(execution, network.dispersion!, longRangeCutoff, numbers, far);
  const slopes = coordinationNumbersAdjoint(execution, far, coordination, ofCoordination);
  const farGradient = vectorsAdjoint(execution, far, slopes, null);
  const forces = sum(forcesOf(execution, near, nearGradient), forcesOf(execution, far, farGradient));
  const [nearVirial, farVirial] = [virialShares(near, nearGradient), virialShares(far, farGradient)];
  const repulsion = sumOverPairs(near, column(rows, 4, 3).map((energy) => energy / 2));

  // The Gaussian's exponent, up to 36, loses as many roundings as it is large; steepest where it is 1/2.
  const steepness = far.distances.map((r, u) => {
    const largest = Math.abs(ofCoordination[far.pairs.first[u]!]!) + Math.abs(ofCoordination[far.pairs.second[u]!]!);
    return r < 8 ? largest * (Math.abs(coordination.slopes[u]!) * 40 + 7.5 / bohr) : 0;
  });
  const nearSize = Float64Array.from(
    { length: pairCount },
    (_, u) => Math.hypot(rows[4 * u]!, rows[4 * u + 1]!, rows[4 * u + 2]!),
  );
  const byDistance = ({ distances }: PairGeometry, values: Float64Array) =>
    values.map((value, u) => value * distances[u]!);
  // what the network's threads left for each atom: parts of the force, and of the virial of pairs that stand once
  const part = (k: number, values: Float64Array) => {
    const sums = new Float64Array(atoms);
    for (let at = k; at < values.length; at += 12) sums[Math.floor(at / 12 / features4) % atoms]! += values[at]!;
    return sums;
  };
  const partSize = (k: number) => part(k, magnitudes(shares));
  const count = 40;
  const lost = (...sizes: number[]) => count * rounding * sizes.reduce((a, b) => a + b, 0);
  const forceSize = [0, 1, 2].map((k) =>
    sum(sum(sumOverPairs(near, nearSize), sumOverPairs(far, steepness)), partSize(k))
  );
  const virialSize = sum(
    sumOverPairs(near, byDistance(near, nearSize)),
    sumOverPairs(far, byDistance(far, steepness)),
  );
  const slot = (k: number) => rowsAt(results, k * atoms, atoms, 4);
  const old = (k: number, i: number, component: number) => before[4 * (k * atoms + i) + component]!;
  return [
    {
      name: "repulsion",
      found: slot(0),
      width: 4,
      expected: rowsOf(atoms, (i, k) => old(0, i, k) + (k === 1 ? repulsion[i]! : 0)),
      allowed: rowsOf(atoms, (i, k) => k === 1 ? lost(sumOverPairs(near, magnitudes(column(rows, 4, 3)))[i]!, 1) : 0),
    },
    {
      name: "forces",
      found: slot(1),
      width: 4,
      expected: rowsOf(atoms, (i, k) => old(1, i, k) + (k < 3 ? forces[3 * i + k]! + part(k, shares)[i]! : 0)),
      allowed: rowsOf(atoms, (i, k) => k < 3 ? lost(forceSize[k]![i]!, 1) : 0),
      gradientOf: {
        // what stood there before and what the threads left, less a function of pair vectors and coordination numbers
        // of atoms displaced
        value: (at) => {
          const moved =
            coordinationNumbers(execution, network.dispersion!, longRangeCutoff, numbers, displaced(far, at)).values;
          return at.reduce(
            (total, value, k) =>
              total + value * (before[4 * atoms + k]! + (k % 4 < 3 ? part(k % 4, shares)[Math.floor(k / 4)]! : 0)),
            0,
          ) -
            dot(nearGradient, displaced(near, at).vectors) - dot(ofCoordination, moved);
        },
        at: new Float64Array(4 * atoms),
      },
    },
    ...[0, 1].map((half) => ({
      name: "virial",
      found: slot(3 + half),
      width: 4,
      expected: rowsOf(
        atoms,
        (i, k) =>
          old(3 + half, i, k) + nearVirial[half]![4 * i + k]! + farVirial[half]![4 * i + k]! -
          (4 * half + k < 6 ? part(4 + 4 * half + k, shares)[i]! : 0),
      ),
      allowed: rowsOf(atoms, (i, k) => lost(virialSize[i]!, 1, 4 * half + k < 6 ? partSize(4 + 4 * half + k)[i]! : 0)),
    })),
  ];
}
