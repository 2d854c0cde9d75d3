const inCI = Deno.env.get("CI") === "true";

/**
 * Installs Debian packages that tests need, in CI and as root only: nobody else's machine is changed.
 *
 * @param packages Their names.
 * @returns Whether they were installed; the reason is on stderr where apt-get could not.
 */
export async function installDebianPackages(packages: readonly string[]): Promise<boolean> {
  if (!inCI || Deno.uid() !== 0) return false;
  console.warn(`installing ${packages.join(" ")} (once)`);
  const install = () => aptGet("install", "-y", "--no-install-recommends", ...packages);
  return await install() || await aptGet("update") && await install();
}

async function aptGet(...args: readonly string[]): Promise<boolean> {
  try {
    const { success, stderr } = await new Deno.Command("apt-get", {
      args: ["-qq", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) console.warn(new TextDecoder().decode(stderr).trim());
    return success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}
