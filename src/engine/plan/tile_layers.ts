import { maximumJobs } from "../kernel_constants.ts";
import { none } from "../packed_weights.ts";
import type { Tile } from "../tile.ts";
import type { LinearLayers } from "./linear_layers.ts";
import type { LinearJob, PlanWriter } from "./plan.ts";

/** Linear layers by `linear.wgsl`, as many as fit in each dispatch. */
export class TileLayers implements LinearLayers {
  readonly #writer: PlanWriter;
  readonly #tile: Tile;

  constructor(writer: PlanWriter, tile: Tile) {
    this.#writer = writer;
    this.#tile = tile;
  }

  add(jobs: readonly LinearJob[]): void {
    const { tileRows, rowThreads, tileColumns, columnThreads } = this.#tile;
    for (let from = 0; from < jobs.length; from += maximumJobs) {
      const part = jobs.slice(from, from + maximumJobs);
      this.#writer.dispatch(
        "linear",
        part.flatMap((job) => [
          job.rows,
          job.inputs,
          job.outputs,
          job.x,
          job.y,
          job.weight,
          job.bias ?? none,
          job.activation ?? none,
          job.derivative ?? none,
          job.p ?? none,
          job.r1 ?? none,
          job.r2 ?? none,
        ]),
        Math.ceil(Math.max(...part.map((job) => job.rows)) / (tileRows * rowThreads)),
        Math.ceil(Math.max(...part.map((job) => job.outputs)) / (tileColumns * columnThreads)),
        part.length,
      );
    }
  }
}
