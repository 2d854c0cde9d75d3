import type { Hyperparameters } from "../model/hyperparameters.ts";
import type { Network } from "../model/network.ts";
import type { Execution } from "../reference/execution.ts";
import { type PairGeometry, pairGeometry } from "../reference/pair_geometry.ts";
import { type ReferenceC6, referenceC6, referencePolarizabilities } from "../reference/reference_c6.ts";
import { soloExecution } from "../reference/solo_execution.ts";
import { buildAllPairs } from "../structure/all_pairs.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { withEntries } from "../structure/pair_entries.ts";
import type { PairList } from "../structure/pair_list.ts";
import { createRandom } from "../structure/random.ts";
import type { Structure } from "../structure/structure.ts";
import { type BatchIndices, concatenate, positionsLength, type StructurePairs, writePositions } from "./batch.ts";
import { type ElementPlaces, elementRows, placeElements, referenceC6Rows } from "./element_table.ts";
import { KernelHarness } from "./kernel_harness.ts";

import { type PackedWeights, packWeights } from "./packed_weights.ts";
import { repulsionPolynomials } from "./radial_tables.ts";
import { randomNetwork } from "./random_network.ts";
import type { Tile } from "./tile.ts";

/** The two kinds of benches; between them they take every branch of the kernels' texts. */
export const benchKinds = ["all pairs", "long-range cutoff"] as const;

/** One of {@linkcode benchKinds}. */
export type BenchKind = (typeof benchKinds)[number];

/** A random network, a batch of structures with their pairs, and a harness: what a check of a kernel needs. */
export interface KernelBench {
  readonly harness: KernelHarness;
  /** What the reference engine's terms compute with. */
  readonly execution: Execution;
  readonly network: Network;
  readonly weights: PackedWeights;
  readonly longRangeCutoff: number | null;
  readonly structures: readonly Structure[];
  /** Where each structure's atoms begin in the batch, and the number of all atoms. */
  readonly firstAtoms: readonly number[];
  /** Atomic numbers of the whole batch `[N]`. */
  readonly numbers: Uint8Array;
  readonly indices: BatchIndices;
  /** Split coordinates of the batch as the kernels read them. */
  readonly positions: Float32Array<ArrayBuffer>;
  readonly elements: Float32Array<ArrayBuffer>;
  readonly places: ElementPlaces;
  readonly references: ReferenceC6;
  /** The batch's pairs of the network; some lie beyond its cutoff. */
  readonly near: PairGeometry;
  /** The batch's pairs of electrostatics and dispersion. */
  readonly far: PairGeometry;
  /** Random float32 numbers between −size and size. */
  random(length: number, size?: number): Float64Array;
}

const architectures: Readonly<Record<BenchKind, Parameters<typeof randomNetwork>[0]>> = {
  "all pairs": {
    activation: "swish",
    irreps: true,
    basis: "exp-bernstein",
    features: 20,
    basisFunctions: 5,
    randomFeatures: 12,
  },
  // rows that do not fill their vec4s
  "long-range cutoff": {
    activation: "ssp",
    irreps: false,
    basis: "gaussian",
    features: 18,
    basisFunctions: 6,
    randomFeatures: 11,
  },
};

/** Å; so short that coordination numbers are switched off where they still count, and longer than two cell vectors. */
const shortLongRangeCutoff = 3.25;

/** How much farther than the cutoff the pairs are listed, Å. */
const skin = 0.4;

/**
 * Sets up a bench.
 *
 * @throws {DeviceError} where the driver refuses a kernel.
 */
export async function createBench(device: GPUDevice, kind: BenchKind, tile: Tile): Promise<KernelBench> {
  const network = randomNetwork(architectures[kind]);
  const weights = packWeights(network);
  const longRangeCutoff = kind === "all pairs" ? null : shortLongRangeCutoff;
  const harness = await KernelHarness.create(device, network, weights, tile, longRangeCutoff);
  const random = createRandom(7);

  const structures = [
    cluster([8, 1, 1, 6, 1, 7, 6], random),
    // all pairs is for clusters alone: periodic structures need a cutoff
    longRangeCutoff === null ? cluster([1, 8, 6], random) : skewedCell(random),
    { ...cluster([6], random), charge: -1 },
    switchEnds(network.hyperparameters),
  ];
  const numbers = Uint8Array.from(structures.flatMap((structure) => [...structure.numbers]));
  const elementNumbers = [...new Set(numbers)].sort((a, b) => a - b);
  const pairs: StructurePairs[] = structures.map((structure) => ({
    network: buildPairList(structure, network.hyperparameters.cutoff + skin),
    longRange: longRangeCutoff === null ? null : buildPairList(structure, longRangeCutoff + skin),
    wraps: longRangeCutoff === null || structure.cell === null ? null : Int32Array.of(0, 0, 0, 1, 0, -2, 0, 1, 0),
  }));
  const elementOf = new Map(elementNumbers.map((Z, e) => [Z, e]));
  const indices = concatenate(structures, pairs, elementOf, tile);
  const positions = new Float32Array(positionsLength(indices));
  writePositions(structures, pairs, indices, positions);
  const firstAtoms = [0];
  for (const structure of structures) firstAtoms.push(firstAtoms.at(-1)! + structure.numbers.length);

  const { dispersion, repulsion, hyperparameters: { cutoff } } = network;
  const polarizabilities = referencePolarizabilities(dispersion!);
  const places = placeElements(network, elementNumbers, structures.length, weights.radialTable.intervals);
  const elements = new Float32Array(4 * places.length);
  elements.set(elementRows(network, elementNumbers), 4 * places.table);
  structures.forEach(({ charge }, s) => elements[4 * (places.charges + s)] = charge);
  elements.set(referenceC6Rows(dispersion!, polarizabilities, elementNumbers), places.c6);
  const { interval } = weights.radialTable;
  elements.set(repulsionPolynomials(repulsion!, cutoff, elementNumbers, interval), 4 * places.repulsion);

  const execution = soloExecution();
  return {
    harness,
    execution,
    network,
    weights,
    longRangeCutoff,
    structures,
    firstAtoms,
    numbers,
    indices,
    positions,
    elements,
    places,
    references: referenceC6(dispersion!, polarizabilities, numbers),
    near: together(execution, structures, pairs.map(({ network }) => network)),
    far: together(
      execution,
      structures,
      pairs.map(({ longRange }, s) => longRange ?? buildAllPairs(structures[s]!.numbers.length)),
    ),
    random: randomArrays(),
  };
}

/** {@linkcode KernelBench.random}, the same in every run. */
export function randomArrays(): KernelBench["random"] {
  const random = createRandom(8);
  return (length, size = 1) => Float64Array.from({ length }, () => Math.fround(size * (2 * random() - 1)));
}

/** Atoms on a distorted grid, so that none come close and some pairs are beyond the cutoff. */
function cluster(numbers: readonly number[], random: () => number): Structure {
  const positions = numbers.flatMap((_, i) =>
    [i % 2, Math.floor(i / 2) % 2, Math.floor(i / 4)].map((step) => 1.9 * step + 0.6 * random())
  );
  return {
    numbers: Uint8Array.from(numbers),
    positions: Float64Array.from(positions),
    cell: null,
    periodic: [false, false, false],
    charge: 1,
    unpaired: 0,
  };
}

/** Three atoms in a cell so small and skewed that they see their own images. */
function skewedCell(random: () => number): Structure {
  const fractions = [[0, 0, 0], [1.4, 0.1, -1.5], [0.2, 1.5, 0.4]];
  const cell = [3.1, 0, 0, 0.9, 3.3, 0, -0.6, 0.8, 3.0];
  const positions = fractions.flatMap((fraction) =>
    [0, 1, 2].map((k) => fraction.reduce((sum, along, axis) => sum + along * cell[3 * axis + k]!, 0.1 * random()))
  );
  return {
    numbers: Uint8Array.of(1, 8, 6),
    positions: Float64Array.from(positions),
    cell: Float64Array.from(cell),
    periodic: [true, true, true],
    charge: 0,
    unpaired: 0,
  };
}

/** An atom with others at and close to the ends of the switch of electrostatics, and in its middle. */
function switchEnds({ cutoff }: Hyperparameters): Structure {
  const on = 0.25 * cutoff, off = 0.75 * cutoff;
  const x = [on, -off, 0, 0, 0, 0];
  const y = [0, 0, on + 1e-6, -off + 1e-6, 0, 0];
  const z = [0, 0, 0, 0, on + 0.03, -(on + off) / 2];
  return {
    numbers: Uint8Array.of(6, 1, 7, 1, 8, 1, 6),
    positions: Float64Array.from([0, 0, 0, ...x.flatMap((_, i) => [x[i]!, y[i]!, z[i]!])]),
    cell: null,
    periodic: [false, false, false],
    charge: -2,
    unpaired: 0,
  };
}

/** The geometries of several structures as one, atoms numbered through. */
function together(
  execution: Execution,
  structures: readonly Structure[],
  lists: readonly PairList[],
): PairGeometry {
  const geometries = structures.map((structure, s) => pairGeometry(execution, structure, lists[s]!));
  const first: number[] = [], second: number[] = [], shift: number[] = [];
  let atom = 0;
  for (const list of lists) {
    for (let u = 0; u < list.pairCount; u++) {
      first.push(atom + list.first[u]!);
      second.push(atom + list.second[u]!);
    }
    shift.push(...list.shift);
    atom += list.atomCount;
  }
  const join = (of: (geometry: PairGeometry) => Float64Array) =>
    Float64Array.from(geometries.flatMap((geometry) => [...of(geometry)]));
  return {
    pairs: withEntries(atom, Int32Array.from(first), Int32Array.from(second), Int32Array.from(shift)),
    vectors: join(({ vectors }) => vectors),
    distances: join(({ distances }) => distances),
    directions: join(({ directions }) => directions),
  };
}
