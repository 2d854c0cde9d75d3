import { bohr, coulombConstant, hartree } from "../model/constants.ts";
import type { Network } from "../model/network.ts";
import { coordinationReach, elementTable } from "./element_table.ts";
import type { PackedWeights } from "./packed_weights.ts";
import { grid } from "./split_coordinate.ts";
import type { Tile } from "./tile.ts";

/** Most linear layers that one dispatch can compute; fixes the size of a parameter block. */
export const maximumJobs = 32;

/** Most jobs of one dispatch of structure_product.wgsl. */
export const maximumProducts = 3;

/** Vec4s of results for each atom; `charges.wgsl` says what they hold. */
export const resultSlots = 5;

/** Everything a kernel's text leaves open: the architecture, the model's scalars and the tile, never a system's size. */
export function kernelConstants(
  network: Network,
  weights: PackedWeights,
  tile: Tile,
  longRangeCutoff: number | null,
): Record<string, number | string> {
  const { hyperparameters, dispersion } = network;
  const L = longRangeCutoff;
  const tilt = L === null ? 0 : L / Math.pow(L * L + 1, 1.5);
  const shift = L === null ? 0 : (2 * L * L + 1) / Math.pow(L * L + 1, 1.5);
  return {
    NONE: "0xffffffffu",
    MAX_JOBS: `${maximumJobs}u`,
    MAX_PRODUCTS: `${maximumProducts}u`,
    RESULT_SLOTS: `${resultSlots}u`,
    // tile
    TILE_ROWS: tile.tileRows,
    TILE_COLUMNS: tile.tileColumns,
    COLUMN_THREADS: tile.columnThreads,
    ROW_THREADS: tile.rowThreads,
    WORKGROUP_ROWS: tile.tileRows * tile.rowThreads,
    CLUSTER_ATOMS: tile.clusterAtoms,
    PRODUCT_ATOMS: tile.productAtoms,
    SUM_TILE: tile.sumTile,
    SUM_SLICES: tile.sumSlices,
    ATOM_THREADS: tile.atomThreads,
    ACTIVATION_ROWS: tile.activationRows,
    THREADS: tile.threads,
    GROUP_THREADS: tile.groupThreads,
    // architecture
    MODULES: network.modules.length,
    FEATURES4: weights.features4,
    LAYER_BLOCK: weights.layerBlock,
    RADIAL4: 3 * network.modules.length * weights.features4,
    RANDOM4: weights.random4,
    RANDOM_FEATURES: network.modules[0]?.randomFeatures ?? 0,
    MAX_INPUTS: Math.max(2 * weights.features4, weights.random4),
    D_FUNCTIONS: hyperparameters.irreps ? 5 : 6,
    HALF_INVERSE_SQRT_FEATURES: float(0.5 / Math.sqrt(network.features)),
    INVERSE_SQRT_RANDOM: float(1 / Math.sqrt(network.modules[0]?.randomFeatures ?? 1)),
    SWISH: 0,
    SSP: 1,
    ACTIVATION: hyperparameters.activation === "swish" ? 0 : 1,
    CUTOFF: float(hyperparameters.cutoff),
    HAS_LONG_RANGE_CUTOFF: String(L !== null),
    LONG_RANGE_CUTOFF: float(L ?? 1),
    // pairs
    GRID: float(grid),
    INTERVAL_STEPS: `${weights.radialTable.interval * grid}u`,
    INTERVALS: `${weights.radialTable.intervals}u`,
    REPULSION: String(network.repulsion !== null),
    COULOMB: float(coulombConstant),
    // long range
    ELECTROSTATICS: String(hyperparameters.electrostatics),
    DISPERSION: String(dispersion !== null),
    CHARGE_TERMS: String(hyperparameters.electrostatics || dispersion !== null),
    DAMPED_TILT: float(tilt),
    DAMPED_SHIFT: float(shift),
    D4_S6: float(dispersion?.s6 ?? 0),
    D4_S8: float(dispersion?.s8 ?? 0),
    D4_A1: float(dispersion?.a1 ?? 0),
    D4_A2: float(dispersion?.a2 ?? 0),
    HARTREE: float(hartree),
    BOHR: float(bohr),
    BOHR6: float(Math.pow(bohr, 6)),
    COORDINATION_REACH: float(coordinationReach(network)),
    ELEMENT_STRIDE: `${elementTable.stride4}u`,
    ELEMENT_REFERENCE_CHARGES: `${elementTable.referenceCharges}u`,
    ELEMENT_FIXED_WEIGHTS: `${elementTable.fixedWeights}u`,
    ELEMENT_POLARIZABILITIES: `${elementTable.polarizabilities}u`,
    ELEMENT_GAUSSIANS: `${elementTable.gaussians}u`,
    // numbers
    SQRT_PI: float(Math.sqrt(Math.PI)),
    SQRT2: float(Math.SQRT2),
    SQRT3: float(Math.sqrt(3)),
    LN2: float(Math.LN2),
  };
}

/** A WGSL literal of the float32 nearest to x. */
function float(x: number): string {
  const text = Math.fround(x).toString();
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}
