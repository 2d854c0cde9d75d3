/**
 * What a measuring process is asked and answers, one line of JSON each: first a {@linkcode Setup}, answered by
 * {@linkcode Ready}, then requests, answered in turn, until its input ends.
 */
import type { CalculatorOptions } from "../engine/calculator.ts";
import type { DeviceDescription } from "../engine/device.ts";
import type { KernelTime } from "../engine/kernel_times.ts";
import type { Structure } from "../structure/structure.ts";
import type { EvaluationTimes } from "./stopwatch.ts";

/** A structure as JSON has it. */
export interface PlainStructure extends Pick<Structure, "periodic" | "charge" | "unpaired"> {
  readonly numbers: readonly number[];
  readonly positions: readonly number[];
  readonly cell: readonly number[] | null;
}

/** What is to be measured. */
export interface Setup {
  /** Path of the model's file. */
  readonly model: string;
  readonly calculator: Omit<CalculatorOptions, "onPhase">;
  readonly structure: PlainStructure;
  /** Structures computed at a time. */
  readonly copies: number;
}

/** A device that has computed once. */
export interface Ready {
  readonly device: DeviceDescription;
  /** Energies of the first structures, eV: the same positions on every device. */
  readonly energies: readonly number[];
}

/** What a measuring process is asked to do for so many milliseconds, once at least. */
export interface Request {
  readonly measure: "evaluations" | "exchanges" | "kernels";
  readonly milliseconds: number;
}

/** The answers. */
export interface Answers {
  readonly evaluations: EvaluationTimes;
  /** What each exchange with a host took besides the evaluation, ms. */
  readonly exchanges: readonly number[];
  /** Of each repetition; `null` where the device has no kernels or no timestamps. */
  readonly kernels: readonly (readonly KernelTime[])[] | null;
}

/** Any answer, with the memory that the process then has, bytes; or what went wrong. */
export type Answer<Kind> =
  | { readonly value: Kind; readonly residentBytes: number }
  | { readonly error: string; readonly noDevice: boolean };

/** A structure for a message. */
export function plainStructure({ numbers, positions, cell, ...others }: Structure): PlainStructure {
  return { numbers: [...numbers], positions: [...positions], cell: cell && [...cell], ...others };
}

/** The structure of a message. */
export function structureOfPlain({ numbers, positions, cell, ...others }: PlainStructure): Structure {
  return {
    numbers: Uint8Array.from(numbers),
    positions: Float64Array.from(positions),
    cell: cell && Float64Array.from(cell),
    ...others,
  };
}
