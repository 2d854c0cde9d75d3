/** How a kernel's work is cut into threads: plain numbers in the kernels' texts, the same kernels for every device. */
export interface Tile {
  /** Which preset it is. */
  readonly name: "software" | "hardware";
  /** Rows of a linear layer that one thread computes. */
  readonly tileRows: number;
  /** vec4 columns of a linear layer that one thread computes. */
  readonly tileColumns: number;
  /** Threads of a workgroup along a linear layer's columns. */
  readonly columnThreads: number;
  /** Threads of a workgroup along a linear layer's rows. */
  readonly rowThreads: number;
  /** Rows of a linear layer in a workgroup with a thread for each, to choose from; none: never one thread a row. */
  readonly layerRows: readonly number[];
  /** From how many atoms on linear layers have a thread for each row. */
  readonly leastRowAtoms: number;
  /** Rows of an activation, one vec4 column wide, that one thread computes. */
  readonly activationRows: number;
  /** Atoms of a cluster in the local interaction (`clusters.ts`). */
  readonly clusterAtoms: number;
  /** Atoms whose products with a structure's matrix one thread computes. */
  readonly productAtoms: number;
  /** Blocks of 4 × 4 along either side that one thread of a sum over a structure's atoms computes. */
  readonly sumTile: number;
  /** Threads that share such a sum's blocks. */
  readonly sumSlices: number;
  /** Threads that share an atom in sums over its neighbours of long range. */
  readonly atomThreads: number;
  /** Workgroup size of kernels without cooperation between threads. */
  readonly threads: number;
  /** Workgroup size of kernels with one workgroup a structure. */
  readonly groupThreads: number;
}

/**
 * The two presets. A software driver runs a workgroup on one core, in SIMD groups, and is bound by loads: large register
 * tiles, small workgroups. Hardware wants many threads in flight: small register tiles, whole warps.
 */
export const tiles: Readonly<Record<Tile["name"], Tile>> = {
  software: {
    name: "software",
    tileRows: 4,
    tileColumns: 2,
    columnThreads: 8,
    rowThreads: 1,
    layerRows: [24, 64, 192],
    leastRowAtoms: 12,
    activationRows: 8,
    clusterAtoms: 3,
    productAtoms: 8,
    sumTile: 2,
    sumSlices: 1,
    atomThreads: 8,
    threads: 32,
    groupThreads: 32,
  },
  hardware: {
    name: "hardware",
    tileRows: 1,
    tileColumns: 1,
    columnThreads: 16,
    rowThreads: 4,
    layerRows: [],
    leastRowAtoms: 0,
    activationRows: 1,
    clusterAtoms: 1,
    productAtoms: 1,
    sumTile: 1,
    sumSlices: 16,
    atomThreads: 32,
    threads: 64,
    groupThreads: 128,
  },
};
