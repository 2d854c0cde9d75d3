import { maximumJobs } from "../kernel_constants.ts";
import { none, type PackedWeights } from "../packed_weights.ts";
import type { Tile } from "../tile.ts";
import type { LinearLayers } from "./linear_layers.ts";
import type { Arena, LinearJob, PlanWriter } from "./plan.ts";

/** Where a(x) and a′(x) stand. */
interface Activated {
  readonly value: number;
  readonly slope: number;
}

/**
 * Linear layers by `linear_rows.wgsl`, which knows blocks of columns, F inputs and activations of its own output alone. So
 * other activations come before, in dispatches of their own; a layer is cut into blocks of columns, and of as many rows as
 * there are atoms, and one of more inputs into terms of a sum.
 */
export class RowLayers implements LinearLayers {
  readonly #writer: PlanWriter;
  readonly #arena: Arena;
  readonly #weights: PackedWeights;
  readonly #tile: Tile;
  readonly #atoms: number;
  readonly #workgroupRows: number;
  /** By array and activation. */
  readonly #activated = new Map<string, Activated>();

  /** @param workgroupRows One of the tile's `layerRows`. */
  constructor(
    writer: PlanWriter,
    arena: Arena,
    weights: PackedWeights,
    tile: Tile,
    atoms: number,
    workgroupRows: number,
  ) {
    this.#writer = writer;
    this.#arena = arena;
    this.#weights = weights;
    this.#tile = tile;
    this.#atoms = atoms;
    this.#workgroupRows = workgroupRows;
  }

  add(jobs: readonly LinearJob[]): void {
    this.#activate(jobs);
    const terms: number[][][] = [];
    const activated: number[][] = [];
    for (const job of jobs) {
      if (job.next !== undefined && job.inputs <= this.#weights.features4) this.#cut(job, [activated], job.next);
      else this.#cut(job, terms);
    }
    this.#dispatch("linear_rows_activated", activated);
    for (const blocks of terms) this.#dispatch("linear_rows", blocks);
  }

  #dispatch(kernel: "linear_rows" | "linear_rows_activated", blocks: readonly number[][]): void {
    const workgroups = Math.ceil(this.#atoms / this.#workgroupRows);
    for (const part of parts(blocks)) {
      this.#writer.dispatch(kernel, part.flat(), workgroups, part.length, 1, this.#workgroupRows);
    }
  }

  /** Activations that these layers read and that no layer has written. */
  #activate(jobs: readonly LinearJob[]): void {
    const { features4 } = this.#weights;
    const { threads, activationRows } = this.#tile;
    const wanted = jobs.flatMap(({ rows, x, activation, p, derivative }) => [
      ...(activation === undefined ? [] : [{ rows, x, activation }]),
      ...(p === undefined || derivative === undefined ? [] : [{ rows, x: p, activation: derivative }]),
    ]);
    const blocks: number[][] = [];
    for (const { rows, x, activation } of wanted) {
      if (this.#activated.has(keyOf(x, activation))) continue;
      const { value, slope } = this.#room(x, activation, rows);
      blocks.push([rows, x, activation, value, slope, 0, 0, 0]);
    }
    for (const part of parts(blocks)) {
      const rows = Math.max(...part.map(([rows]) => rows!));
      const items = Math.ceil(rows / activationRows) * features4;
      this.#writer.dispatch("activations", part.flat(), Math.ceil(items / threads), part.length);
    }
  }

  /** Room for an activation of x, in place of x where nothing else reads that. */
  #room(x: number, activation: number, rows: number, isHidden = false): Activated {
    const size = rows * this.#weights.features4;
    const activated = { value: isHidden ? x : this.#arena.take(size), slope: this.#arena.take(size) };
    this.#activated.set(keyOf(x, activation), activated);
    return activated;
  }

  /** Adds a layer's blocks to the terms of its sum over the inputs, F at a time. */
  #cut(job: LinearJob, terms: number[][][], next?: number): void {
    const { features4, layerBlock } = this.#weights;
    const { rows, inputs, outputs, activation, p, derivative } = job;
    const x = activation === undefined ? job.x : this.#activated.get(keyOf(job.x, activation))!.value;
    const scale = p === undefined || derivative === undefined ? none : this.#activated.get(keyOf(p, derivative))!.slope;
    const { value, slope } = next === undefined
      ? { value: none, slope: none }
      : this.#room(job.y, next, rows, job.isHidden);
    const y = value === job.y ? none : job.y;
    const termCount = Math.ceil(inputs / features4);
    for (let row = 0; row < rows; row += this.#atoms) {
      for (let column = 0; column < outputs; column += layerBlock) {
        const at = (offset = none, place = row * outputs + column) => offset === none ? none : offset + place;
        for (let term = 0; term < termCount; term++) {
          const isLast = term === termCount - 1;
          (terms[term] ??= []).push([
            Math.min(this.#atoms, rows - row),
            x + row * inputs + term * features4,
            inputs,
            Math.min(features4, inputs - term * features4),
            at(y),
            outputs,
            Math.min(layerBlock, outputs - column),
            job.weight + (column / layerBlock * termCount + term) * 4 * features4 * layerBlock,
            isLast ? at(job.bias, column) : none,
            term === 0 ? none : at(job.y),
            isLast ? at(scale) : none,
            isLast ? at(job.r1) : none,
            isLast ? at(job.r2) : none,
            at(next, column),
            at(value),
            at(slope),
          ]);
        }
      }
    }
  }
}

function keyOf(x: number, activation: number): string {
  return `${x} ${activation}`;
}

/** As many jobs together as a dispatch has room for. */
function parts(jobs: readonly number[][]): number[][][] {
  return Array.from(
    { length: Math.ceil(jobs.length / maximumJobs) },
    (_, part) => jobs.slice(part * maximumJobs, (part + 1) * maximumJobs),
  );
}
