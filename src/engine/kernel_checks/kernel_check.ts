import type { KernelName } from "../../../kernels/mod.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { vec4s } from "../vec4s.ts";

/** What a kernel wrote beside what it should have written. */
export interface Comparison {
  /** Name of the array. */
  readonly name: string;
  /** Rows padded to whole vec4s, as the kernel wrote them. */
  readonly found: Float32Array;
  /** Numbers in a row. */
  readonly width: number;
  /** Of the float64 reference engine, `[rows][width]`. */
  readonly expected: Float64Array;
  /** How far each may be off, `[rows][width]`: what float32 arithmetic can lose. */
  readonly allowed: Float64Array;
  /** For adjoints the function that `expected` is the gradient of, and where. */
  readonly gradientOf?: { readonly value: (x: Float64Array) => number; readonly at: Float64Array };
}

/** A check of one kernel on one kind of input. */
export interface KernelCheck {
  readonly kernel: KernelName;
  /** What is computed. */
  readonly title: string;
  run(bench: KernelBench): Promise<readonly Comparison[]>;
}

/** Half the distance from 1 to the next float32 number: what one rounding can lose, relatively. */
export const rounding: number = 2 ** -24;

/** What so many float32 roundings of terms of these magnitudes can lose. */
export function roundings(count: number, magnitudes: Float64Array): Float64Array {
  return magnitudes.map((magnitude) => count * rounding * magnitude);
}

/** Largest error of a comparison as a fraction of what is allowed; infinite where padding is not zero. */
export function worstError({ found, width, expected, allowed }: Comparison): number {
  const padded = 4 * vec4s(width);
  if (found.length !== expected.length / width * padded) return Infinity;
  let worst = 0;
  found.forEach((value, at) => {
    const row = Math.floor(at / padded), column = at % padded;
    const place = row * width + column;
    const error = column < width ? Math.abs(value - expected[place]!) : Math.abs(value);
    const bound = column < width ? allowed[place]! : 0;
    // written so that a NaN is an error
    if (!(error <= bound)) worst = Math.max(worst, error / bound || Infinity);
    else if (bound > 0) worst = Math.max(worst, error / bound);
  });
  return worst;
}

/** Absolute values. */
export function magnitudes(values: Float64Array): Float64Array {
  return values.map(Math.abs);
}

/** The same number everywhere. */
export function constant(length: number, value: number): Float64Array {
  return new Float64Array(length).fill(value);
}

/** Rounded to float32. */
export function rounded(values: Float64Array): Float64Array {
  return values.map(Math.fround);
}

/** Σ a∘b. */
export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Component k of rows of the given width. */
export function column(rows: Float64Array, width: number, k: number): Float64Array {
  return Float64Array.from({ length: rows.length / width }, (_, row) => rows[row * width + k]!);
}
