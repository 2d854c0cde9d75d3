import type { DeviceDescription } from "../engine/device.ts";
import type { KernelTime } from "../engine/kernel_times.ts";
import type { Spread } from "./spread.ts";
import type { TimedPart } from "./stopwatch.ts";

/** What one device takes for one system. Times are in ms, of all structures computed at a time. */
export interface DeviceReport {
  /** What was asked for. */
  readonly device: string;
  readonly description: DeviceDescription;
  readonly evaluation: Spread;
  /** Means, which add up to the evaluation's mean: rebuilt neighbour lists count as often as they are. */
  readonly parts: Readonly<Record<TimedPart, number>>;
  /** What an exchange with a host of the i-PI protocol takes besides the evaluation. */
  readonly socket: Spread;
  /** From the start of the process to its first forces; caches as they were. */
  readonly firstForces: number;
  /** Memory of the process when it had measured evaluations and exchanges, bytes. */
  readonly residentBytes: number;
  /** Energy of the first structure, eV: all devices compute the same structure. */
  readonly energy: number;
  /** Medians; `null` where they were not asked for, or there are none. */
  readonly kernels: readonly KernelTime[] | null;
}

/** One system on all devices. */
export interface SystemReport {
  readonly name: string;
  readonly atoms: number;
  /** Structures computed at a time. */
  readonly copies: number;
  readonly devices: readonly DeviceReport[];
}

/** A system in words, such as `water (21 atoms)`. */
export function describeSystem({ name, atoms, copies }: Omit<SystemReport, "devices">): string {
  return `${name} (${copies > 1 ? `${copies} × ` : ""}${atoms} atoms)`;
}

/** What `bench --json` writes. */
export interface BenchReport {
  readonly date: string;
  readonly machine: { readonly processor: string; readonly processors: number; readonly system: string };
  readonly versions: { readonly deno: string; readonly v8: string; readonly mesa: string | null };
  readonly model: { readonly name: string; readonly path: string; readonly features: number; readonly modules: number };
  /** How long each device was measured with each system, s. */
  readonly seconds: number;
  readonly systems: readonly SystemReport[];
}
