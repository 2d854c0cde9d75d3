import type { Activation, Linear, Network, ResidualBlock, ResidualMlp } from "../model/network.ts";

import type { PolynomialTable } from "./polynomial_table.ts";
import { radialPolynomials } from "./radial_tables.ts";
import { longestGridVector } from "./split_coordinate.ts";
import { vec4s } from "./vec4s.ts";

/** No such offset: the kernels' NONE. */
export const none = 0xffffffff;

/** Where a linear layer stands in the weight buffer; offsets and widths count vec4s. */
export interface PackedLinear {
  readonly inputs: number;
  readonly outputs: number;
  /** W as `[block of outputs][input][output]`, inputs filled up with zeros to a multiple of F. */
  readonly weight: number;
  /** Wᵀ likewise, for the adjoint. */
  readonly transposed: number;
  /** b, or {@linkcode none}. */
  readonly bias: number;
}

/** All of a network's weights in one float32 buffer, every row padded with zeros to whole vec4s. */
export interface PackedWeights {
  readonly data: Float32Array<ArrayBuffer>;
  /** F and m in vec4s. */
  readonly features4: number;
  readonly random4: number;
  /** Vec4s in a block of a layer's outputs. */
  readonly layerBlock: number;
  readonly linear: ReadonlyMap<Linear, PackedLinear>;
  /** α, followed by β. */
  readonly activation: ReadonlyMap<Activation, number>;
  /** For each module ω/F^¼. */
  readonly omega: readonly PackedLinear[];
  /** Radial maps of all modules, `[interval][6][M·3·F]`; not in the buffer, see {@linkcode createRadialTexture}. */
  readonly radialTable: PolynomialTable;
  /** w_e `[F]`, w_q `[F]`. */
  readonly output: number;
}

/** Pairs are listed a little beyond the cutoff and may move apart before they are listed anew: 1 Å is room for both. */
const longestCutoff = longestGridVector - 1;

/** What of a network's architecture has no kernel, in words; `null`: nothing. */
export function missingKernel({ modules, hyperparameters: { cutoff } }: Network): string | null {
  if (modules.some(({ omega }) => omega === null)) return "exact attention (an empty attention.omega) has no kernel";
  const sizes = new Set(modules.map(({ randomFeatures }) => randomFeatures));
  if (sizes.size > 1) return "modules with different numbers of random features have no kernel";
  return cutoff > longestCutoff ? `a cutoff of ${cutoff} Å, beyond ${longestCutoff} Å, has no kernel` : null;
}

/**
 * Packs a network; see {@linkcode PackedWeights}.
 *
 * @throws {RangeError} for an architecture without kernels; see {@linkcode missingKernel}.
 */
export function packWeights(network: Network): PackedWeights {
  const missing = missingKernel(network);
  if (missing !== null) {
    throw new RangeError(`Expected a model that the kernels cover but ${missing}; use --device cpu`);
  }
  const F = network.features;
  const features4 = vec4s(F);
  const layerBlock = layerBlockOf(features4);
  const packer = new Packer(features4, layerBlock);
  const linear = new Map<Linear, PackedLinear>();
  const activation = new Map<Activation, number>();

  function packActivation(layer: Activation) {
    activation.set(layer, packer.rows([layer.alpha, layer.beta]));
  }
  function packStack(stack: readonly ResidualBlock[]) {
    for (const block of stack) {
      packActivation(block.activation1);
      linear.set(block.linear1, packer.linear(block.linear1, [F], [F]));
      packActivation(block.activation2);
      linear.set(block.linear2, packer.linear(block.linear2, [F], [F]));
    }
  }
  function packMlp(mlp: ResidualMlp) {
    packStack(mlp.stack);
    packActivation(mlp.activation);
    linear.set(mlp.linear, packer.linear(mlp.linear, [F], [F]));
  }

  const omega: PackedLinear[] = [];
  const scale = 1 / Math.pow(F, 0.25);
  for (const module of network.modules) {
    packStack(module.residualPre);
    packStack(module.residualPost);
    for (
      const mlp of [
        module.resblockX,
        module.resblockS,
        module.resblockP,
        module.resblockD,
        module.resblockQ,
        module.resblockK,
        module.resblockV,
        module.resblockLocal,
        module.resblock,
      ]
    ) packMlp(mlp);
    for (const projection of [module.projectionP, module.projectionD]) {
      linear.set(projection, packer.linear(projection, [F], [F, F]));
    }
    omega.push(
      packer.linear(randomProjection(module.omega!, F, module.randomFeatures, scale), [F], [module.randomFeatures]),
    );
  }
  const random4 = vec4s(Math.max(...network.modules.map((module) => module.randomFeatures)));
  const radialTable = radialPolynomials(network);
  const output = packer.rows([network.output.weight.subarray(0, F), network.output.weight.subarray(F, 2 * F)]);
  return {
    data: packer.finish(),
    features4,
    random4,
    layerBlock,
    linear,
    activation,
    omega,
    radialTable,
    output,
  };
}

/**
 * Blocks of equal size, of at most 4 vec4s and 2048 weights: `linear_rows.wgsl` unrolls the products with a block, and the
 * software driver takes 0.15 ms to compile each. Blocks of 8 compute at most 5 % faster.
 */
function layerBlockOf(features4: number): number {
  const most = Math.max(1, Math.min(4, Math.floor(128 / features4)));
  return Math.ceil(features4 / Math.ceil(features4 / most));
}

/** ω/F^¼ as a layer F → m. */
function randomProjection(omega: Float64Array, F: number, m: number, scale: number): Linear {
  const weight = new Float64Array(m * F);
  for (let f = 0; f < F; f++) {
    for (let a = 0; a < m; a++) weight[a * F + f] = omega[f * m + a]! * scale;
  }
  return { inputs: F, outputs: m, weight, bias: null };
}

/** Collects padded arrays; offsets count vec4s. */
class Packer {
  readonly #features4: number;
  readonly #layerBlock: number;
  #arrays: Float32Array[] = [];
  #length = 0;

  constructor(features4: number, layerBlock: number) {
    this.#features4 = features4;
    this.#layerBlock = layerBlock;
  }

  /** Arrays one after the other, each padded to whole vec4s. */
  rows(arrays: readonly Float64Array[]): number {
    const offset = this.#length / 4;
    for (const array of arrays) {
      const padded = new Float32Array(4 * vec4s(array.length));
      padded.set(array);
      this.#push(padded);
    }
    return offset;
  }

  /** A layer whose inputs and outputs consist of segments, each padded on its own. */
  linear(layer: Linear, inputSegments: readonly number[], outputSegments: readonly number[]): PackedLinear {
    const input = paddedPlaces(inputSegments);
    const output = paddedPlaces(outputSegments);
    const weight = this.#blocks(input, output, (i, o) => layer.weight[o * layer.inputs + i]!);
    const transposed = this.#blocks(output, input, (o, i) => layer.weight[o * layer.inputs + i]!);
    let bias = none;
    if (layer.bias !== null) {
      const padded = new Float32Array(output.width);
      for (let o = 0; o < layer.outputs; o++) padded[output.places[o]!] = layer.bias[o]!;
      bias = this.#push(padded);
    }
    return { inputs: input.width / 4, outputs: output.width / 4, weight, transposed, bias };
  }

  /** `[block of columns][row][column]`, rows filled up with zeros to a multiple of F. */
  #blocks(rows: PaddedPlaces, columns: PaddedPlaces, valueOf: (row: number, column: number) => number): number {
    const width = 4 * this.#layerBlock;
    const height = 4 * this.#features4 * Math.ceil(rows.width / (4 * this.#features4));
    const packed = new Float32Array(height * width * Math.ceil(columns.width / width));
    columns.places.forEach((column, c) => {
      const block = Math.floor(column / width);
      rows.places.forEach((row, r) => packed[(block * height + row) * width + column % width] = valueOf(r, c));
    });
    return this.#push(packed);
  }

  finish(): Float32Array<ArrayBuffer> {
    const data = new Float32Array(this.#length);
    let at = 0;
    for (const array of this.#arrays) {
      data.set(array, at);
      at += array.length;
    }
    return data;
  }

  #push(array: Float32Array): number {
    const offset = this.#length / 4;
    this.#arrays.push(array);
    this.#length += array.length;
    return offset;
  }
}

interface PaddedPlaces {
  readonly places: readonly number[];
  readonly width: number;
}

/** Where each element of consecutive segments stands when every segment is padded to whole vec4s. */
function paddedPlaces(segments: readonly number[]): PaddedPlaces {
  const places: number[] = [];
  let at = 0;
  for (const length of segments) {
    for (let i = 0; i < length; i++) places.push(at + i);
    at += 4 * vec4s(length);
  }
  return { places, width: at };
}
