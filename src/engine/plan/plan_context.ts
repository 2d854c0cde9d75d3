import type { Network } from "../../model/network.ts";
import type { BatchIndices } from "../batch.ts";
import type { ElementPlaces } from "../element_table.ts";
import type { PackedWeights } from "../packed_weights.ts";
import type { Tile } from "../tile.ts";
import { Arena, type LinearJob, PlanWriter } from "./plan.ts";
import { type LinearLayers, linearLayers } from "./linear_layers.ts";
import { ResidualJobs, sideBySide } from "./residual_jobs.ts";

/** Workgroups along one side of a grid, that every device allows. */
const longestRow = 65535;

/** What every part of a plan is written with: the model, the batch, and where the next dispatch and the next array go. */
export class PlanContext {
  /** Adds dispatches. */
  readonly writer = new PlanWriter();
  /** Room in the features buffer. */
  readonly features = new Arena();
  /** Room in the pairs buffer. */
  readonly pairs = new Arena();
  /** Writes residual stacks and MLPs of `[atom][F]`. */
  readonly residual: ResidualJobs;
  readonly #layers: LinearLayers;

  constructor(
    readonly network: Network,
    readonly weights: PackedWeights,
    readonly batch: BatchIndices,
    readonly elements: ElementPlaces,
    readonly tile: Tile,
  ) {
    this.residual = new ResidualJobs(weights, this.features, batch.atoms);
    this.#layers = linearLayers(this.writer, this.features, weights, tile, batch.atoms);
  }

  /** D functions: 5 or 6. */
  get dFunctions(): number {
    return this.network.hyperparameters.irreps ? 5 : 6;
  }

  /** Vec4s of `[atom][F]`. */
  get atomSize(): number {
    return this.batch.atoms * this.weights.features4;
  }

  /** Room for `[atom][components][F]`. */
  atomArray(components = 1): number {
    return this.features.take(components * this.atomSize);
  }

  /** Workgroups for one thread an item. */
  groups(items: number): number {
    return Math.ceil(items / this.tile.threads);
  }

  /** A grid for one thread an item where there are many: threads of a row, and workgroups along a row and down. */
  grid(items: number): { readonly threads: number; readonly x: number; readonly y: number } {
    const x = Math.min(this.groups(items), longestRow);
    return { threads: x * this.tile.threads, x, y: Math.ceil(items / Math.max(1, x * this.tile.threads)) };
  }

  /** Adds linear layers that do not depend on each other. */
  linear(jobs: readonly LinearJob[]): void {
    this.#layers.add(jobs);
  }

  /** Adds sequences of layers, the first of each together, then the second of each, and so on. */
  sideBySide(sequences: readonly (readonly LinearJob[])[]): void {
    for (const jobs of sideBySide(sequences)) this.linear(jobs);
  }
}
