import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runDriver } from "../../src/protocol/driver.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { debianPython, hasDebianAse } from "./debian_ase.ts";
import { pythonTest } from "./python_test_case.ts";
import { evaluateSoftSpheres } from "./soft_spheres.ts";

/** What the tasks of `ase_host.py` print. */
interface AseResults {
  cluster: { before: number; after: number; converged: boolean };
  /** Stresses in eV/Å³, Voigt order. */
  crystal: { stress: number[]; numerical: number[] };
  slab: { energy: number; forces: number[][] };
}

/** Runs a task of `ase_host.py` with a driver in this process; returns its result and the last frame it sent. */
async function serveAse<Task extends keyof AseResults>(
  python: string,
  transport: "unix" | "tcp",
  task: Task,
  atomCount: number,
): Promise<[AseResults[Task], Frame]> {
  const script = fileURLToPath(new URL("./ase_host.py", import.meta.url));
  const where = transport === "unix" ? `spookynet-test-${Deno.pid}-${task}` : String(freePort());
  let last: Frame | undefined;
  const driver = runDriver({
    to: transport === "unix" ? `unix:${where}` : `tcp:localhost:${where}`,
    atomCount,
    evaluate(frames) {
      last = { cell: frames[0]!.cell.slice(), positions: frames[0]!.positions.slice() };
      return evaluateSoftSpheres(frames);
    },
  });
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, transport, where, task] })
    .output();
  const text = new TextDecoder();
  if (!success) driver.close();
  const { ended, error, host } = await driver.closed;
  assert.ok(success, `${error?.message}\n${text.decode(stderr)}`);
  assert.deepEqual([ended, host], ["eof", "ASE"]);
  return [JSON.parse(text.decode(stdout)), last!];
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** An optimisation, a stress, and a slab, each against what it must be. */
async function checkAse(python: string, transport: "unix" | "tcp"): Promise<void> {
  const [cluster] = await serveAse(python, transport, "cluster", 4);
  assert.ok(cluster.converged && cluster.after < cluster.before - 0.1, JSON.stringify(cluster));

  const [{ stress, numerical }] = await serveAse(python, transport, "crystal", 4);
  // Central differences with strains of 1e-3 are good to their square, times a stress of the order of 0.01 eV/Å³.
  for (const [i, value] of stress.entries()) {
    assert.ok(Math.abs(value - numerical[i]!) < 1e-7, `${stress} against ${numerical}`);
  }
  assert.ok(stress.every((value) => Math.abs(value) > 1e-5), `${stress}`);

  const [slab, frame] = await serveAse(python, transport, "slab", 3);
  // ASE's bohr is that of CODATA 2014: relative 1.3e-10.
  for (const [i, value] of [3.6, 0, 0, 0.5, 3.7, 0, 0, 0, 0].entries()) {
    assert.ok(Math.abs(frame.cell[i]! - value) < 1e-8, `${frame.cell}`);
  }
  const [expected] = evaluateSoftSpheres([frame]);
  assert.ok(Math.abs(slab.energy - expected!.energy) < 1e-7);
  for (const [i, force] of slab.forces.flat().entries()) assert.ok(Math.abs(force - expected!.forces[i]!) < 1e-7);
}

for (const transport of ["unix", "tcp"] as const) {
  pythonTest(
    `ASE optimises, finds its own numerical stress, and sends a slab's missing vector as zeros, over ${transport}`,
    async ({ python }) => await checkAse(python, transport),
  );
}

Deno.test({
  name: "ASE as Debian has it (3.22, which crashes on extras of several bytes) is served, too",
  ignore: !hasDebianAse,
  async fn() {
    await checkAse(debianPython, "unix");
  },
});
