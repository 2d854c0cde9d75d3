import type { PackedWeights } from "../packed_weights.ts";
import type { Tile } from "../tile.ts";
import type { Arena, LinearJob, PlanWriter } from "./plan.ts";
import { RowLayers } from "./row_layers.ts";
import { TileLayers } from "./tile_layers.ts";

/** Writes linear layers as dispatches. */
export interface LinearLayers {
  /** Adds layers that do not depend on each other. */
  add(jobs: readonly LinearJob[]): void;
}

/**
 * How a device computes the linear layers of so many atoms: with a thread for each row of some columns where the tile has
 * workgroups for that, else with threads for tiles of rows and columns. Both add up in the same order, so that the same
 * device gives the same bits for few atoms and for many.
 *
 * @param writer Where the dispatches go.
 * @param arena Where arrays in between find room.
 */
export function linearLayers(
  writer: PlanWriter,
  arena: Arena,
  weights: PackedWeights,
  tile: Tile,
  atoms: number,
): LinearLayers {
  const workgroupRows = atoms < tile.leastRowAtoms ? undefined : cheapest(tile.layerRows, atoms);
  return workgroupRows === undefined
    ? new TileLayers(writer, tile)
    : new RowLayers(writer, arena, weights, tile, atoms, workgroupRows);
}

/** To stage a block of weights takes a workgroup as long as to compute with it for so many rows. */
const stagingRows = 14;

/** The size of workgroup that computes so many rows soonest. */
function cheapest(sizes: readonly number[], rows: number): number | undefined {
  const cost = (size: number) => Math.ceil(rows / size) * (stagingRows + size);
  return sizes.toSorted((a, b) => cost(a) - cost(b))[0];
}
