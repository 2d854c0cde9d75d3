import { dirname, join } from "node:path";
import { type Ended, inTemporaryFolder, project } from "./spookynet_process.ts";

/** The program in a folder of its own, as who has just cloned it has it, and a new home. */
export interface BareProject {
  /** The folder, with `home` in it. */
  readonly folder: string;
  /** Where downloaded models are kept. */
  readonly cache: string;
  /** What the program's environment is. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs the program to its end, with additions to the environment. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
}

/** Runs `body` with a bare project, which is removed afterwards. */
export async function inBareProject(body: (bare: BareProject) => Promise<void>) {
  await inTemporaryFolder(async (temporary) => {
    // A folder further down: nothing is beside it, whatever else there is for temporary files.
    const folder = join(temporary, "project");
    await Deno.mkdir(folder);
    for (const name of ["spookynet", "deno.json", "deno.lock", "mod.ts"]) {
      await Deno.copyFile(join(project, name), join(folder, name));
    }
    for (const name of ["src", "kernels", "adapters", "models"]) {
      await Deno.symlink(join(project, name), join(folder, name));
    }
    const home = join(folder, "home");
    await Deno.mkdir(home);
    const env = {
      PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
      HOME: home,
      DENO_DIR: join(folder, "deno"),
    };
    await body({
      folder,
      env,
      cache: join(home, ".cache", "spookynet", "models"),
      async run(args, more = {}) {
        const { code, stdout, stderr } = await new Deno.Command(join(folder, "spookynet"), {
          args: [...args],
          clearEnv: true,
          env: { ...env, ...more },
          stdin: "null",
        }).output();
        return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
      },
    });
  });
}
