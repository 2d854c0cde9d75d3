import type { FixExternal } from "./fix_external.ts";
import type { Lammps } from "./lammps.ts";
import { externalFixes, resume, stopVariable, withStops } from "./script.ts";

/**
 * Runs an input script with a fix external served by a calculator. Where the script's top level makes no fix external
 * itself, the fix is made before its first other fix, or its first run.
 *
 * @param lammps Runs the script on a thread of its own.
 * @param script The script's text; relative paths in it start at the current folder, as ever with LAMMPS.
 * @param fix Made for this `lammps`.
 * @throws {LammpsError} What LAMMPS reports, where it does not end the process.
 * @throws {Error} What a callback threw; and where the script never asked for forces.
 */
export async function runScript(lammps: Lammps, script: string, fix: FixExternal): Promise<void> {
  const makesFix = externalFixes(script).length === 0;
  const path = await Deno.makeTempFile({ prefix: "spookynet-", suffix: ".lammps" });
  try {
    await Deno.writeTextFile(path, withStops(script));
    for (let place = "start"; place !== "end"; place = lammps.variable(stopVariable)) {
      if (place !== "start") serve(lammps, fix, makesFix);
      lammps.command(resume(place));
      await lammps.file(path);
    }
  } finally {
    await Deno.remove(path);
  }
  if (fix.evaluations === 0) {
    throw new Error("Expected the script to run or minimise but it never asked for forces: put run at its top level");
  }
}

function serve(lammps: Lammps, fix: FixExternal, makesFix: boolean): void {
  if (lammps.setting("box_exist") !== 1) return;
  if (makesFix && !fix.exists) fix.create();
  if (fix.exists) fix.attach();
}
