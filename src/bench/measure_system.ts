import type { KernelTime } from "../engine/kernel_times.ts";
import type { Structure } from "../structure/structure.ts";
import { MeasuredProcess, NoSuchDeviceError } from "./measured_process.ts";
import { plainStructure, type Setup } from "./measurement.ts";
import { describeSystem, type DeviceReport, type SystemReport } from "./report.ts";
import { medianOf, spreadOf } from "./spread.ts";
import { addTimes, noTimes, timedParts } from "./stopwatch.ts";

/** How often the devices take turns. */
const rounds = 5;

/** Shares of the measuring time: before anything counts, and for exchanges and kernels. */
const warmingShare = 0.5, exchangeShare = 1, kernelShare = 0.5;

/** A system to measure. */
export interface BenchSystem {
  /** For people. */
  readonly name: string;
  readonly structure: Structure;
  /** Structures computed at a time. */
  readonly copies: number;
}

/** How systems are measured. */
export interface MeasureOptions {
  /** Path of the model's file. */
  readonly model: string;
  /** The devices by the names they are asked for. */
  readonly devices: readonly NonNullable<Setup["calculator"]["device"]>[];
  /** Everything of the calculator but its device. */
  readonly calculator: Omit<Setup["calculator"], "device">;
  /** How long each device is measured, s. */
  readonly seconds: number;
  /** Whether each kernel is measured, too. */
  readonly kernels: boolean;
  /** Called with the reason where a device is not to be had; without it that is an error. */
  onMissing?(device: string, reason: string): void;
  /** Called with what is being done. */
  onProgress?(activity: string): void;
}

/** A device under measurement. */
interface Candidate {
  readonly device: string;
  readonly process: MeasuredProcess;
  readonly times: ReturnType<typeof noTimes>;
}

/**
 * Measures a system on several devices in turn, forwards and backwards, each in a process of its own.
 *
 * @throws {NoSuchDeviceError} Where a device is not to be had and nobody takes the reason.
 */
export async function measureSystem(system: BenchSystem, options: MeasureOptions): Promise<SystemReport> {
  const { seconds } = options;
  const described = describeSystem({ ...system, atoms: system.structure.numbers.length });
  const progress = (activity: string, device: string) => options.onProgress?.(`${described}: ${activity} ${device}`);
  await using running = new AsyncDisposableStack();
  const candidates: Candidate[] = [];
  for (const device of options.devices) {
    progress("starting", device);
    const process = await start(system, device, options);
    if (process !== null) candidates.push({ device, process: running.use(process), times: noTimes() });
  }
  for (const { device, process } of candidates) {
    progress("warming up", device);
    await process.measure("evaluations", 1000 * seconds * warmingShare);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { device, process, times } of round % 2 === 0 ? candidates : candidates.toReversed()) {
      progress("evaluations on", device);
      addTimes(times, await process.measure("evaluations", 1000 * seconds / rounds));
    }
  }
  const devices: DeviceReport[] = [];
  for (const candidate of candidates) {
    progress("exchanges on", candidate.device);
    devices.push(await reportOn(candidate, options));
  }
  return { name: system.name, atoms: system.structure.numbers.length, copies: system.copies, devices };
}

async function start(
  { structure, copies }: BenchSystem,
  device: MeasureOptions["devices"][number],
  { model, calculator, onMissing }: MeasureOptions,
): Promise<MeasuredProcess | null> {
  try {
    return await MeasuredProcess.start({
      model,
      calculator: { expectedAtoms: copies * structure.numbers.length, ...calculator, device },
      structure: plainStructure(structure),
      copies,
    });
  } catch (error) {
    if (!(error instanceof NoSuchDeviceError) || onMissing === undefined) throw error;
    onMissing(device, error.message);
    return null;
  }
}

async function reportOn({ device, process, times }: Candidate, options: MeasureOptions): Promise<DeviceReport> {
  const milliseconds = 1000 * options.seconds;
  const socket = spreadOf(await process.measure("exchanges", milliseconds * exchangeShare));
  const { residentBytes } = process;
  const kernels = options.kernels ? await process.measure("kernels", milliseconds * kernelShare) : null;
  const means = timedParts.map((part) => [part, spreadOf(times.parts[part]).mean] as const);
  return {
    device,
    description: process.ready.device,
    evaluation: spreadOf(times.total),
    parts: Object.fromEntries(means) as DeviceReport["parts"],
    socket,
    firstForces: process.firstForces,
    residentBytes,
    energy: process.ready.energies[0]!,
    kernels: kernels && mediansOf(kernels),
  };
}

/** The median time of each kernel, the longest first. */
function mediansOf(repetitions: readonly (readonly KernelTime[])[]): KernelTime[] {
  return repetitions[0]!.map(({ kernel, dispatches }, k) => ({
    kernel,
    dispatches,
    milliseconds: medianOf(repetitions.map((times) => times[k]!.milliseconds)),
  })).sort((a, b) => b.milliseconds - a.milliseconds);
}
