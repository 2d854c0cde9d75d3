import { checkElectrons, electronsOf } from "../structure/electrons.ts";
import { atomicNumber } from "../structure/elements.ts";
import { readFrames } from "../structure/extended_xyz.ts";
import type { Frame } from "../structure/frame.ts";
import type { Structure } from "../structure/structure.ts";
import { periodicity, periodicityNotice, structureFor } from "./compute_options.ts";
import { openInput } from "./input_file.ts";
import type { Options } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** What is known about the host's structures before it sends any. */
export interface Template {
  /** Elements in the host's order, charge and spin. */
  readonly atoms: Pick<Structure, "numbers" | "charge" | "unpaired">;
  /** Whether the host's box repeats along a, b, c. */
  readonly periodic: Structure["periodic"];
  /** What the user should know about how that was decided. */
  readonly notice: string | null;
}

/** The atoms of `--template` or `--elements`, of which there must be one. */
export async function templateOf(options: Options): Promise<Template> {
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

/** The first frame of a structure file. */
export async function firstFrame(path: string): Promise<Frame> {
  using input = await openInput(path);
  for await (const frame of readFrames(input.readable, path)) return frame;
  throw new Error(`Expected a structure in ${path} but found none`);
}

/** A template in words. */
export function describeTemplate({ atoms: { numbers, charge, unpaired }, periodic }: Omit<Template, "notice">): string {
  const spin = unpaired === 0 ? "" : `, ${unpaired} unpaired`;
  const lattice = periodic.includes(true) ? `periodic along ${axes(periodic)}` : "cluster";
  return `${numbers.length} ${numbers.length === 1 ? "atom" : "atoms"}, charge ${charge}${spin}, ${lattice}`;
}

function axes(periodic: Structure["periodic"]): string {
  return ["a", "b", "c"].filter((_, axis) => periodic[axis]).join(", ");
}
