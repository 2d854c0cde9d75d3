import type { KernelName } from "../../../kernels/mod.ts";
import { maximumJobs } from "../kernel_constants.ts";

/** One dispatch: a pipeline, its parameter block, and the grid of workgroups. */
export interface Dispatch {
  readonly kernel: KernelName;
  /** Byte offset of the parameter block. */
  readonly parameters: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Rows of a workgroup where the kernel leaves them open. */
  readonly workgroupRows?: number;
}

/** A list of dispatches in order, ready to be replayed every step. */
export interface Plan {
  readonly dispatches: readonly Dispatch[];
  /** Parameter blocks of all dispatches. */
  readonly parameters: Uint32Array<ArrayBuffer>;
}

/** One linear layer; see `kernels/linear.wgsl`. Offsets and widths count vec4s. */
export interface LinearJob {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly x: number;
  readonly y: number;
  readonly weight: number;
  readonly bias?: number;
  readonly activation?: number;
  readonly derivative?: number;
  readonly p?: number;
  readonly r1?: number;
  readonly r2?: number;
  /** α of the activation by which the next layer reads y, followed by β. */
  readonly next?: number;
  /** Whether nothing but that next layer and its adjoint read y. */
  readonly isHidden?: boolean;
}

/** Bytes at which a dynamic uniform offset may stand on every device. */
const alignment = 256;

/** Bytes of the largest parameter block; every binding has this size. */
export const parameterBlockSize = maximumJobs * 64;

/** Collects dispatches and their parameters. */
export class PlanWriter {
  #dispatches: Dispatch[] = [];
  #words: number[] = [];

  /** Adds a dispatch of x × y × z workgroups; none where there is nothing to do. */
  dispatch(kernel: KernelName, words: readonly number[], x: number, y = 1, z = 1, workgroupRows?: number): void {
    if (x === 0 || y === 0 || z === 0) return;
    const dispatch = { kernel, parameters: this.#words.length * 4, x, y, z };
    this.#dispatches.push(workgroupRows === undefined ? dispatch : { ...dispatch, workgroupRows });
    for (const word of words) this.#words.push(word);
    while ((this.#words.length * 4) % alignment !== 0) this.#words.push(0);
  }

  finish(): Plan {
    // The last block's binding reaches beyond its words.
    const parameters = new Uint32Array(this.#words.length + parameterBlockSize / 4);
    parameters.set(this.#words);
    return { dispatches: this.#dispatches, parameters };
  }
}

/** Vec4s of a cache line. */
const line = 4;

/**
 * Hands out places in a buffer, one after the other; counts vec4s. Arrays begin in the middle of a cache line: where their
 * rows begin with one, the software driver takes a third longer to gather them (docs/performance.md).
 */
export class Arena {
  #length = 0;

  /** Vec4s handed out so far. */
  get length(): number {
    return this.#length;
  }

  /** Room for an array. */
  take(vec4s: number): number {
    const offset = this.#length + (line + line / 2 - this.#length % line) % line;
    this.#length = offset + vec4s;
    return offset;
  }
}
