import { type Calculator, type CalculatorOptions, createCalculator } from "../engine/calculator.ts";
import { createCommittee } from "../engine/committee.ts";
import type { DeviceDescription } from "../engine/device.ts";
import { loadModel } from "../model/load_model.ts";
import type { Model } from "../model/model.ts";
import { type Frame, structureOfFrame } from "../structure/frame.ts";
import type { Structure } from "../structure/structure.ts";
import { obtainModels } from "./obtain_model.ts";
import type { Options } from "./options.ts";

/** The model `--model` names, or the models, several with commas between them. */
export async function loadModels(options: Options): Promise<Model[]> {
  const models: Model[] = [];
  for (const path of await obtainModels(options)) models.push(await loadModel(path));
  return models;
}

/** Takes a line for the user; by default it goes to standard error. */
type Print = (line: string) => void;

/** The calculator the options ask for, for about so many atoms at a time. */
export function openCalculator(
  model: Model,
  options: Options,
  expectedAtoms: number,
  print?: Print,
): Promise<Calculator> {
  return createCalculator(model, { ...calculatorOptions(options, print), expectedAtoms });
}

/** The calculator of a model, or the committee of several. */
export function openCommittee(
  models: readonly Model[],
  options: Options,
  expectedAtoms: number,
  print?: Print,
): Promise<Calculator> {
  const [first, ...others] = models;
  if (others.length === 0) return openCalculator(first!, options, expectedAtoms, print);
  return createCommittee(models, { ...calculatorOptions(options, print), expectedAtoms });
}

/** How the options ask for a calculator. */
export function calculatorOptions(options: Options, print: Print = console.error): CalculatorOptions {
  const { device = "auto", "lr-cutoff": longRangeCutoff, strict = false, threads } = options;
  return {
    device,
    strict,
    onWarning: (line) => print(`warning: ${line} (--strict refuses it)`),
    ...(longRangeCutoff !== undefined && { longRangeCutoff }),
    ...(threads !== undefined && { threads }),
  };
}

/** A device in words, with the reason where it was chosen for one. */
export function describeDevice({ kind, name, reason }: DeviceDescription): string {
  const processor = { gpu: "GPU", software: "software driver on the CPU", cpu: "CPU" }[kind];
  return `${name} (${processor}${reason === undefined ? "" : `: ${reason}`})`;
}

/** The structure of a frame, with the options' charge, spin and periodicity in place of the frame's where given. */
export function structureFor(frame: Frame, options: Options): Structure {
  const { charge, unpaired, multiplicity } = options;
  const electronCheck = options["no-electron-check"] !== true;
  return structureOfFrame(frame, {
    charge,
    unpaired,
    multiplicity,
    electronCheck,
    periodic: periodicity(frame, options),
  });
}

/**
 * Whether a frame's cell is a crystal's: as `--pbc` says, else as the frame says. i-PI's own files never say: every one of
 * them has a box, a molecule's too, so that `auto` takes what they hold for a cluster.
 */
export function periodicity(frame: Frame, { pbc = "auto" }: Options): readonly [boolean, boolean, boolean] {
  if (pbc === "xyz") return [true, true, true];
  return pbc === "none" || frame.format === "i-pi" ? [false, false, false] : frame.periodic;
}

/** A notice where `auto` decided for a cluster although the frame has a cell; `null` where there was nothing to decide. */
export function periodicityNotice(frame: Frame, { pbc = "auto" }: Options): string | null {
  if (pbc !== "auto" || frame.format !== "i-pi" || frame.cell === null) return null;
  return `${frame.source} has a box but, as i-PI's files do, says nothing about periodicity: computing a cluster (--pbc none says so, --pbc xyz for a crystal)`;
}
