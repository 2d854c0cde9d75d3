import { equal, match } from "node:assert/strict";
import { join } from "node:path";
import { acceptanceTest } from "./hosts/acceptance_test_case.ts";
import { launcher, project, spookynet } from "./spookynet_process.ts";

const results = join(project, "results");

function resultFolders(): Set<string> {
  try {
    return new Set([...Deno.readDirSync(results)].map(({ name }) => join(results, name)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Set();
    throw error;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Waits, for a minute at most, until there is something. */
async function eventually<T>(look: () => T | null): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("Expected something to happen within a minute but it did not");
}

/** Processes that work in a folder, as Linux tells. */
function processesIn(folder: string): number {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => {
    try {
      return /^\d+$/.test(name) && Deno.readLinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false;
    }
  }).length;
}

acceptanceTest("demo leaves properties, trajectories and a plot, and says where", async () => {
  const before = resultFolders();
  const { code, stdout, stderr } = await spookynet(["demo", "--steps", "4"], { cwd: project });
  const [folder] = resultFolders().difference(before);
  equal(code, 0, stderr);
  try {
    match(stdout, /^temperature +[▁▂▃▄▅▆▇█]{5} +\d+ K on average$/m);
    match(stdout, /^speed +[\d.]+ ms a step/m);
    equal(stdout.includes(folder!.slice(project.length)), true);
    const names = new Set([...Deno.readDirSync(folder!)].map(({ name }) => name));
    for (const name of ["simulation.out", "simulation.pos_15.xyz", "plot.svg", "i-pi.log"]) {
      equal(names.has(name), true);
    }
  } finally {
    await Deno.remove(folder!, { recursive: true });
  }
});

acceptanceTest("demo takes its i-PI along when it is interrupted", async () => {
  const before = resultFolders();
  const args = ["demo", "--steps", "100000"];
  const child = new Deno.Command(launcher, { args, stdout: "null", stderr: "null" }).spawn();
  const folder = await eventually(() => {
    const [folder] = resultFolders().difference(before);
    return folder !== undefined && isFile(join(folder, "simulation.out")) ? folder : null;
  });
  try {
    equal(processesIn(folder), 1);
    child.kill("SIGINT");
    equal((await child.status).code, 130);
    equal(processesIn(folder), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
