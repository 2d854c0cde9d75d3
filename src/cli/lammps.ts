import { FixExternal } from "../../adapters/lammps/fix_external.ts";
import { Lammps } from "../../adapters/lammps/lammps.ts";
import { runScript } from "../../adapters/lammps/run_script.ts";
import { type ExternalFix, externalFixes } from "../../adapters/lammps/script.ts";
import { loadModel } from "../model/load_model.ts";
import { electronsOf } from "../structure/electrons.ts";
import { atomicNumber, symbolOf } from "../structure/elements.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, openCalculator } from "./compute_options.ts";
import { obtainModel } from "./obtain_model.ts";
import type { Options } from "./options.ts";
import { EndSignals } from "./signals.ts";
import { UsageError } from "./usage_error.ts";

/** How many atoms there are, only the script's commands will say. */
const expectedAtoms = 100;

/** `lammps`: a LAMMPS input script with the model as an external force, in this process. */
export async function run({ operands, options }: Invocation): Promise<number> {
  const [input] = operands;
  const elements = elementsOf(options);
  const script = await Deno.readTextFile(input!);
  const { id, group } = fixOf(externalFixes(script), options);
  const model = await loadModel(await obtainModel(options));
  await using calculator = await openCalculator(model, options, expectedAtoms);
  if (calculator.device.readBack === "awaited") {
    throw new Error(
      "Expected a runtime that reads back synchronously, which LAMMPS needs: use Deno 2.9 or --device cpu",
    );
  }
  const types = elements.map((number, k) => `${k + 1} ${symbolOf(number)}`).join(", ");
  console.error(`${model.name} on ${describeDevice(calculator.device)}: fix ${id}, group ${group}, types ${types}`);
  using lammps = new Lammps(argumentsOf(options), options.library);
  const electronCheck = options["no-electron-check"] !== true;
  const electrons = electronsOf(new Map(), options);
  const fix = new FixExternal(lammps, { calculator, elements, id, group, ...electrons, electronCheck });
  let asked = 0;
  using signals = new EndSignals(() => {
    // LAMMPS ends its step first; asked twice, nothing is waited for.
    if (asked++ > 0) Deno.exit(signals.exitCode);
    lammps.stop(new Error("Expected to run to the end but was interrupted"));
  });
  try {
    await runScript(lammps, script, fix);
  } catch (error) {
    if (signals.exitCode === 0) throw error;
  }
  return signals.exitCode;
}

/** Atomic numbers of the atom types. */
function elementsOf({ elements }: Options): number[] {
  if (elements === undefined) {
    throw new UsageError("Expected --elements O,H,..., the element of each atom type of the script, but found none");
  }
  return elements.split(",").map((label) => atomicNumber(label.trim()));
}

/** The script's own fix external where it has one, else the one to be made; options win. */
function fixOf(own: readonly ExternalFix[], options: Options): ExternalFix {
  const id = options["fix-id"] ?? own[0]?.id ?? "spookynet";
  const found = own.find((fix) => fix.id === id);
  const group = options.group ?? found?.group ?? "all";
  if (own.length > 0 && found === undefined) {
    const ids = own.map((fix) => fix.id).join(", ");
    throw new UsageError(`Expected the script's fix ${ids} after --fix-id but found ${id}`);
  }
  if (found !== undefined && found.group !== group) {
    throw new UsageError(`Expected --group ${found.group}, that of the script's fix ${id}, but found ${group}`);
  }
  return { id, group };
}

/** LAMMPS' own options, as one would type them after `lmp`. */
function argumentsOf({ "lammps-args": words = "" }: Options): string[] {
  return words.split(/\s+/).filter((word) => word !== "");
}
