import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { IpiProcess } from "../../src/cli/ipi_process.ts";
import { inTemporaryFolder, launcher, project } from "../spookynet_process.ts";
import { type Acceptance, acceptanceTest } from "./acceptance_test_case.ts";
import { installDebianPackage } from "./debian_packages.ts";
import { skipping } from "../skipping.ts";

const example = join(project, "examples", "ipi", "cluster");
const inCI = Deno.env.get("CI") === "true";
const ownNamespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Why there can be no cluster of network namespaces here; `null` where there can. */
async function obstacle(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root on Linux can make network namespaces";
  if (!(await succeeds("ip", ["-Version"])) && !(inCI && await installDebianPackage("iproute2"))) {
    return "iproute2 is missing (Debian: apt-get install iproute2)";
  }
  const trial = "mount -t tmpfs none /run && mkdir /run/netns && ip netns add node && ip link add trial type bridge";
  if (await succeeds("unshare", [...ownNamespaces, "sh", "-c", trial])) return null;
  return "this machine does not let root make network namespaces";
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, { args: [...args], ...quiet }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A running job of the example on a cluster of network namespaces; all of it ends with this. */
class Cluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  #hasEnded = false;

  constructor({ python, model }: Acceptance, folder: string) {
    this.#folder = folder;
    const args = [...ownNamespaces, "sh", join(project, "tests", "hosts", "cluster.sh"), "--device", "software"];
    this.#child = new Deno.Command("unshare", {
      args: [...args, "--model", model],
      cwd: folder,
      env: { PATH: `${dirname(python.ipi)}:${Deno.env.get("PATH")}`, SPOOKYNET: launcher },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#child.status.then(() => this.#hasEnded = true);
  }

  /** Kills the driver of a node. */
  async killDriver(node: string): Promise<void> {
    await this.#commands.write(new TextEncoder().encode(`${node}\n`));
  }

  /** Waits for the job's end, a minute at most; throws with what it wrote when it has failed. */
  async finished(): Promise<void> {
    await this.#commands.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 60_000);
    const { code, stderr } = await this.#child.output();
    clearTimeout(timer);
    if (code === 0) return;
    const log = await Deno.readTextFile(join(this.#folder, "i-pi.log"));
    assert.fail(`Expected the job to end with 0 but found ${code}: ${new TextDecoder().decode(stderr)}\n${log}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill("SIGKILL");
    await this.#child.output();
  }
}

/** Copies what the job needs. */
async function copyExample(folder: string) {
  for (const name of ["input.xml", "init.xyz", "job.sh", "driver.sh"]) {
    await Deno.copyFile(join(example, name), join(folder, name));
  }
}

/** Properties, and the trajectories of all beads. */
async function outputs(folder: string): Promise<string[]> {
  const names = ["simulation.out", ...Array.from({ length: 8 }, (_, bead) => `simulation.pos_${bead}.xyz`)];
  return await Promise.all(names.map((name) => Deno.readTextFile(join(folder, name))));
}

/** What one driver on this machine makes of the same input. */
async function withoutCluster({ python, model }: Acceptance): Promise<string[]> {
  let files: string[] = [];
  await inTemporaryFolder(async (folder) => {
    await copyExample(folder);
    const input = await Deno.readTextFile(join(folder, "input.xml"));
    await Deno.writeTextFile(
      join(folder, "input.xml"),
      input.replace(`mode="inet"`, `mode="unix"`).replace(/<port>.*<\/port>/, ""),
    );
    await using host = await IpiProcess.start(python, folder);
    const args = ["--template", "init.xyz", "--charge", "1", "--pbc", "none", "--device", "software", "--model", model];
    const command = ["connect", "--to", "unix:HOST", "--prefix", host.prefix, ...args];
    const { success, stderr } = await new Deno.Command(launcher, { args: command, cwd: folder }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await host.finished();
    files = await outputs(folder);
  });
  return files;
}

/** Waits until i-PI has done a number of steps; throws when that takes a minute. */
async function stepReached(folder: string, step: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while ((await stepsDone(folder)) < step) {
    assert.ok(performance.now() < deadline, `Expected step ${step} within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stepsDone(folder: string): Promise<number> {
  try {
    const text = await Deno.readTextFile(join(folder, "simulation.out"));
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

const name = "examples/ipi/cluster gives the trajectory of one machine, though drivers are killed";
const reason = await obstacle();
if (reason !== null) {
  skipping("a cluster of several hosts", reason);
  Deno.test.ignore(name, () => {});
} else {
  acceptanceTest(name, async (acceptance) => {
    await inTemporaryFolder(async (folder) => {
      await copyExample(folder);
      await using cluster = new Cluster(acceptance, folder);
      await stepReached(folder, 20);
      await cluster.killDriver("node1");
      await stepReached(folder, 50);
      await cluster.killDriver("node2");
      await cluster.finished();

      for (const node of ["node0", "node1", "node2"]) {
        const log = await Deno.readTextFile(join(folder, `driver-${node}.log`));
        assert.match(log, /the host said EXIT\ni-PI: \d+ evaluations?, .*\n$/);
        assert.equal(log.includes("attempt 1 ended with 137"), node !== "node0", log);
      }
      assert.deepEqual(await outputs(folder), await withoutCluster(acceptance));
    });
  });
}
