/**
 * A driver in a process of its own, for tests of one that dies: `driver_process.ts ADDRESS ATOM_COUNT MILLISECONDS [LAST]`.
 * It blocks for the given time in each evaluation, as an engine that waits for its GPU does, and kills itself in the middle
 * of the LASTth.
 */
import { runDriver } from "../../src/protocol/driver.ts";
import { evaluateCluster } from "./soft_spheres.ts";

const [to, atomCount, milliseconds, last] = Deno.args;
let evaluations = 0;
const driver = runDriver({
  to: to!,
  atomCount: Number(atomCount),
  evaluate(frames) {
    const end = performance.now() + Number(milliseconds);
    while (performance.now() < end);
    if (++evaluations === Number(last)) Deno.kill(Deno.pid, "SIGKILL");
    return evaluateCluster(frames);
  },
});
const { ended, error, answers } = await driver.closed;
console.log(JSON.stringify({ ended, error: error?.message, answers }));
