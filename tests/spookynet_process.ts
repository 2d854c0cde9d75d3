import { fileURLToPath } from "node:url";

/** The project's folder. */
export const project: string = fileURLToPath(new URL("../", import.meta.url));

/** The launcher. */
export const launcher = `${project}spookynet`;

/** How a run of the program has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `./spookynet` to its end, as a user would, in the folder given and with additions to the environment. */
export async function spookynet(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(launcher, { args: [...args], stdin: "null", ...options })
    .output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs `body` with a new folder, which is removed afterwards. */
export async function inTemporaryFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "spookynet-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
