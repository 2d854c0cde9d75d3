import { loadModel } from "../model/load_model.ts";
import { parseAddress } from "../protocol/address.ts";
import type { DriverStep } from "../protocol/driver.ts";
import { connect } from "../server/connect.ts";
import { checkElectrons, electronsOf } from "../structure/electrons.ts";
import { atomicNumber } from "../structure/elements.ts";
import { readFrames } from "../structure/extended_xyz.ts";
import type { Frame } from "../structure/frame.ts";
import type { Structure } from "../structure/structure.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, openCalculator, periodicity, periodicityNotice, structureFor } from "./compute_options.ts";
import { openInput } from "./input_file.ts";
import { findModel } from "./model_lookup.ts";
import type { Options } from "./options.ts";
import { EndSignals } from "./signals.ts";
import { StatusLine } from "./status_line.ts";
import { UsageError } from "./usage_error.ts";

/** What is known about the host's structures before it sends any. */
interface Template {
  readonly atoms: Pick<Structure, "numbers" | "charge" | "unpaired">;
  readonly periodic: Structure["periodic"];
  readonly notice: string | null;
}

/** `connect`: the driver of a host, until that has finished. */
export async function run({ options }: Invocation): Promise<number> {
  const { to, prefix, init, retry, shm, clients, extras } = options;
  if (to === undefined) throw new UsageError("Expected --to ADDRESS but found none: see ./spookynet connect --help");
  checkAddress(to, prefix);
  const { atoms, periodic, notice } = await templateOf(options);
  const model = await loadModel(await findModel(options.model));
  const status = new StatusLine();
  await using calculator = await openCalculator(model, options, (clients ?? 1) * atoms.numbers.length);
  if (notice !== null) status.print(notice);
  const system = `${describeAtoms(atoms)}, ${periodic.includes(true) ? `periodic along ${axes(periodic)}` : "cluster"}`;
  status.print(`${model.name} on ${describeDevice(calculator.device)}: ${system}`);
  const speed = new Speed();
  const driver = connect({
    to,
    calculator,
    atoms,
    periodic,
    ...(prefix !== undefined && { prefix }),
    ...(init !== undefined && { init }),
    ...(retry !== undefined && { retrySeconds: retry }),
    ...(shm !== undefined && { shm }),
    ...(clients !== undefined && { clients }),
    ...(extras !== undefined && { extras }),
    onLog: (line) => status.print(line),
    onStep: (step) => {
      speed.add(step);
      status.update(() => speed.toString());
    },
  });
  // The host gives its work to another driver when this one leaves in order.
  using signals = new EndSignals(() => driver.close());
  const summary = await driver.closed;
  status.end(speed.toString());
  if (summary.error !== undefined) throw summary.error;
  return signals.exitCode;
}

function checkAddress(to: string, prefix: string | undefined) {
  try {
    parseAddress(to, prefix);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

async function templateOf(options: Options): Promise<Template> {
  const { template, elements } = options;
  if ((template === undefined) === (elements === undefined)) {
    const found = template === undefined ? "neither" : "both";
    throw new UsageError(`Expected either --template FILE or --elements O,H,H,... but found ${found}`);
  }
  if (elements !== undefined) {
    const numbers = parseElements(elements);
    const atoms = { numbers, ...electronsOf(new Map(), options) };
    if (options["no-electron-check"] !== true) checkElectrons(numbers, atoms);
    return { atoms, periodic: options.pbc === "xyz" ? [true, true, true] : [false, false, false], notice: null };
  }
  const frame = await firstFrame(template!);
  return {
    atoms: structureFor(frame, { ...options, pbc: "none" }),
    periodic: periodicity(frame, options),
    notice: periodicityNotice(frame, options),
  };
}

/** Atomic numbers of `O,H,H` or `O,2*H`. */
function parseElements(list: string): Uint8Array {
  const numbers = list.split(",").flatMap((word) => {
    const [, count = "1", label] = /^\s*(?:(\d{1,7})\s*\*)?\s*(\S+)\s*$/.exec(word) ?? [];
    if (label === undefined) throw new UsageError(`Expected elements like O,H,H or O,2*H but found "${list}"`);
    return new Array<number>(Number(count)).fill(atomicNumber(label));
  });
  return Uint8Array.from(numbers);
}

async function firstFrame(path: string): Promise<Frame> {
  using input = await openInput(path);
  for await (const frame of readFrames(input.readable, path)) return frame;
  throw new Error(`Expected a structure in ${path} but found none`);
}

function describeAtoms({ numbers, charge, unpaired }: Template["atoms"]): string {
  const spin = unpaired === 0 ? "" : `, ${unpaired} unpaired`;
  return `${numbers.length} ${numbers.length === 1 ? "atom" : "atoms"}, charge ${charge}${spin}`;
}

function axes(periodic: Structure["periodic"]): string {
  return ["a", "b", "c"].filter((_, axis) => periodic[axis]).join(", ");
}

/** Counts and the time of an evaluation; the first one, which compiles kernels, is left out of the mean. */
class Speed {
  #last: DriverStep | null = null;
  #timed = 0;
  #milliseconds = 0;

  add(step: DriverStep) {
    if (this.#last !== null) {
      this.#timed++;
      this.#milliseconds += step.milliseconds;
    }
    this.#last = step;
  }

  toString(): string {
    if (this.#last === null) return "nothing computed";
    const { evaluation, frames, milliseconds, host } = this.#last;
    const mean = this.#timed > 0 ? this.#milliseconds / this.#timed : milliseconds;
    return `${host ?? "host"}: ${evaluation} ${evaluation === 1 ? "evaluation" : "evaluations"}, ${
      mean.toFixed(2)
    } ms each, ` +
      `${frames} ${frames === 1 ? "structure" : "structures"} at a time`;
  }
}
