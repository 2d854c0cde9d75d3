import { basename, resolve } from "node:path";
import { cpus } from "node:os";
import { type BenchSystem, measureSystem } from "../bench/measure_system.ts";
import { type BenchReport, describeSystem, type SystemReport } from "../bench/report.ts";
import { waterCluster, zundelCation } from "../bench/structures.ts";
import { kernelTables, legend, tableHead, tableRows } from "../bench/tables.ts";
import { loadModel } from "../model/load_model.ts";
import type { Invocation } from "./commands.ts";
import { calculatorOptions, describeDevice, structureFor } from "./compute_options.ts";
import { obtainModel } from "./obtain_model.ts";
import type { Options } from "./options.ts";
import { progressBar } from "./progress_bar.ts";
import { printRows } from "./rows.ts";
import { StatusLine } from "./status_line.ts";
import { firstFrame } from "./template.ts";
import { UsageError } from "./usage_error.ts";
import { mesaVersion } from "./vulkan_driver.ts";

/** What is measured where nothing else is said. */
const defaultSizes = [3, 21, 63, 192, 513], defaultBatches = [1, 8, 32];

/** Every device there may be. */
const allDevices = ["gpu", "software", "cpu"] as const;

/** `bench`: how long evaluations take on each device. */
export async function run({ operands, options }: Invocation): Promise<number> {
  const { seconds = 2, json = false, kernels = false } = options;
  const systems = await systemsOf(operands[0], options);
  const model = resolve(await obtainModel(options));
  const header = await headerOf(model, seconds);
  const status = new StatusLine();
  const started = performance.now();
  let devices: readonly (typeof allDevices[number] | "auto")[] = options.device ? [options.device] : allDevices;
  const reports: SystemReport[] = [];
  if (!json) printHeader(header);
  for (const [k, system] of systems.entries()) {
    const missing: string[] = [];
    const report = await measureSystem(system, {
      model,
      devices,
      calculator: calculatorOptions(options),
      seconds,
      kernels,
      ...(options.device === undefined && {
        onMissing: (device, reason) => {
          missing.push(device);
          status.print(`not measured: ${device}. ${reason}`);
        },
      }),
      onProgress: (activity) => {
        const bar = progressBar(k, systems.length, (performance.now() - started) / 1000, "systems");
        status.update(() => `${bar} · ${activity}`);
      },
    });
    devices = devices.filter((device) => !missing.includes(device));
    reports.push(report);
    status.end();
    if (!json) console.log(`${k === 0 ? `\n${tableHead()}\n` : ""}${tableRows(report)}`);
  }
  if (json) console.log(JSON.stringify({ ...header, systems: reports } satisfies BenchReport, null, 2));
  else printFooter(reports);
  return 0;
}

async function systemsOf(path: string | undefined, options: Options): Promise<BenchSystem[]> {
  const { sizes, batch } = options;
  if (path !== undefined) {
    if (sizes !== undefined) throw new UsageError("Expected either FILE or --sizes but found both");
    const structure = structureFor(await firstFrame(path), options);
    return (batch ?? [1]).map((copies) => ({ name: basename(path), structure, copies }));
  }
  const odd = sizes?.find((atoms) => atoms % 3 !== 0);
  if (odd !== undefined) {
    throw new UsageError(`Expected multiples of 3 after --sizes, the atoms of whole water molecules, but found ${odd}`);
  }
  const isBoth = sizes === undefined && batch === undefined;
  return [
    ...(sizes ?? (isBoth ? defaultSizes : [])).map((atoms) => ({
      name: "water",
      structure: waterCluster(atoms),
      copies: 1,
    })),
    ...(batch ?? (isBoth ? defaultBatches : [])).map((copies) => ({
      name: "Zundel cation",
      structure: zundelCation,
      copies,
    })),
  ];
}

async function headerOf(path: string, seconds: number): Promise<Omit<BenchReport, "systems">> {
  const { name, hyperparameters: { features, modules } } = await loadModel(path);
  const { deno, v8 } = Deno.version;
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processor: cpus()[0]?.model.trim() || Deno.build.arch,
      processors: navigator.hardwareConcurrency,
      system: `${Deno.build.os} ${Deno.osRelease()}`,
    },
    versions: { deno, v8, mesa: await mesaVersion() },
    model: { name, path, features, modules },
    seconds,
  };
}

function printHeader({ date, machine, versions, model, seconds }: Omit<BenchReport, "systems">) {
  printRows([
    ["date", date],
    ["machine", `${machine.processor}, ${machine.processors} processors, ${machine.system}`],
    ["versions", `Deno ${versions.deno}, V8 ${versions.v8}, Mesa ${versions.mesa ?? "not installed"}`],
    ["model", `${model.name}: ${model.features} features, ${model.modules} modules`],
    ["measured", `energy, forces and virial, ${seconds} s each`],
  ]);
}

/** What the rows cannot say: the meaning of the columns, the devices' names, whether they agree, and the kernels. */
function printFooter(reports: readonly SystemReport[]) {
  console.log(`\n${legend}\n`);
  const uses = new Map<string, string[]>();
  for (const { devices, ...system } of reports) {
    for (const { device, description } of devices) {
      const { driver } = description;
      const words = `${device}: ${describeDevice(description)}${driver === "" ? "" : `, ${driver}`}`;
      uses.set(words, [...uses.get(words) ?? [], describeSystem(system)]);
    }
  }
  // Some settings of a device depend on the size of the system.
  for (const [device, systems] of uses) {
    console.log(systems.length < reports.length ? `${device}: ${systems.join("; ")}` : device);
  }
  if (reports.some(({ devices }) => devices.length > 1)) {
    const difference = Math.max(...reports.map(energyDifference)).toPrecision(2);
    console.log(`The devices' energies of the same structures differ by up to ${difference} meV an atom.`);
  }
  for (const report of reports) {
    const tables = kernelTables(report);
    if (tables !== "") console.log(`\n${tables}`);
  }
}

/** By how much the devices' energies of one structure differ, meV an atom. */
function energyDifference({ atoms, devices }: SystemReport): number {
  const energies = devices.map(({ energy }) => energy);
  return 1000 * (Math.max(...energies) - Math.min(...energies)) / atoms;
}
