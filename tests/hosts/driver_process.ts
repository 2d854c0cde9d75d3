/**
 * A driver in a process of its own, for tests that kill one: `driver_process.ts ADDRESS ATOM_COUNT MILLISECONDS`. It
 * blocks for the given time in each evaluation, as an engine that waits for its GPU does.
 */
import { runDriver } from "../../src/protocol/driver.ts";
import { evaluateCluster } from "./soft_spheres.ts";

const [to, atomCount, milliseconds] = Deno.args;
const driver = runDriver({
  to: to!,
  atomCount: Number(atomCount),
  evaluate(frames) {
    const end = performance.now() + Number(milliseconds);
    while (performance.now() < end);
    return evaluateCluster(frames);
  },
});
const { ended, error, answers } = await driver.closed;
console.log(JSON.stringify({ ended, error: error?.message, answers }));
