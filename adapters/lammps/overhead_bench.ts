/**
 * What hosting LAMMPS costs a step, the model left out: `deno run --allow-all adapters/lammps/overhead_bench.ts`. The
 * calculator is a stub that returns the same arrays ever again; LAMMPS integrates free atoms.
 */
import { FixExternal } from "./fix_external.ts";
import { Lammps } from "./lammps.ts";
import { runScript } from "./run_script.ts";

const steps = 20_000;

for (const atoms of [3, 100, 1000]) {
  const own = await timed(atoms, false);
  const blocking = await timed(atoms, true, "blocking");
  const script = await timed(atoms, true, "script");
  const microseconds = (milliseconds: number) => `${((milliseconds - own) * 1000 / steps).toFixed(1)} µs`;
  console.log(
    `${atoms} atoms: LAMMPS alone ${(own * 1000 / steps).toFixed(1)} µs a step; with the fix, Lammps.command() ` +
      `${microseconds(blocking)} more, runScript() (./spookynet lammps) ${microseconds(script)} more`,
  );
}

/** Milliseconds that all steps take. */
async function timed(atoms: number, hasFix: boolean, way: "blocking" | "script" = "blocking"): Promise<number> {
  using lammps = new Lammps(["-log", "none", "-screen", "none"]);
  const result = { energy: 0, forces: new Float64Array(3 * atoms), virial: new Float64Array(9) };
  let started = 0;
  const calculator = { computeSync: () => (started ||= performance.now(), [result]) };
  const setup = [
    "units metal\nboundary p p p\nregion box block 0 100 0 100 0 100\ncreate_box 1 box",
    `create_atoms 1 random ${atoms} 4711 NULL\nmass 1 16\nthermo 0\nneigh_modify delay 1000000\nfix move all nve`,
  ].join("\n");
  const fix = new FixExternal(lammps, { calculator, elements: [8], electronCheck: false });
  if (way === "script") {
    await runScript(lammps, `${setup}\nrun ${steps}`, fix);
    return performance.now() - started;
  }
  lammps.command(setup);
  if (hasFix) {
    fix.create();
    fix.attach();
  }
  started = performance.now();
  lammps.command(`run ${steps}`);
  return performance.now() - started;
}
