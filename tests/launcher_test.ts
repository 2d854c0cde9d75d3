import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands } from "../src/cli/commands.ts";

const project = fileURLToPath(new URL("../", import.meta.url));

/** What the launcher itself calls. */
const tools = "sh dirname readlink mktemp mkdir mv rm tail cat touch chmod env uname id true".split(" ");

/**
 * A copy of the launcher in a folder of its own, with nothing on PATH but the tools above and the scripts given: what a
 * machine has or lacks can be chosen.
 */
class Machine implements AsyncDisposable {
  /** Variables of the environment besides PATH. */
  env: Readonly<Record<string, string>> = {};

  private constructor(readonly folder: string) {}

  static async create(scripts: Readonly<Record<string, string>>): Promise<Machine> {
    const machine = new Machine(await Deno.makeTempDir());
    await Deno.mkdir(machine.#path("bin"));
    for (const tool of tools) await Deno.symlink(await which(tool), machine.#path("bin", tool));
    for (const [name, script] of Object.entries(scripts)) await machine.add(name, script);
    await Deno.copyFile(join(project, "spookynet"), machine.#path("spookynet"));
    return machine;
  }

  #path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Puts a script on PATH, in the place of a tool of that name. */
  async add(name: string, script: string) {
    await Deno.remove(this.#path("bin", name)).catch(() => {});
    await Deno.writeTextFile(this.#path("bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  async run(...args: string[]) {
    const { code, stdout, stderr } = await new Deno.Command(this.#path("spookynet"), {
      args,
      clearEnv: true,
      env: { ...this.env, PATH: this.#path("bin"), FOLDER: this.folder },
    }).output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function which(tool: string): Promise<string> {
  for (const folder of Deno.env.get("PATH")!.split(":")) {
    const path = join(folder, tool);
    if ((await Deno.stat(path).catch(() => null))?.isFile) return path;
  }
  throw new Error(`Expected ${tool} on PATH but found none`);
}

/** A deno that prints what it is run with, and finds an adapter where there is a file of that name. */
function deno(version: string): string {
  return `case $1 in
  --version) echo 'deno ${version} (stable, release, x86_64-unknown-linux-gnu)' ;;
  eval) [ -e "$FOLDER/adapter" ] ;;
  run) echo "$@" ;;
esac`;
}

const installer = `echo "$0 $@" >>"$FOLDER/installations"
case $* in *install*) touch "$FOLDER/adapter" ;; esac`;

Deno.test("launcher gives every command its permissions, and runs mod.ts with the arguments as they are", async () => {
  await using machine = await Machine.create({ deno: deno("2.9.6") });
  await Deno.writeTextFile(join(machine.folder, "adapter"), "");
  const permissions: Record<string, readonly string[]> = {};
  for (const command of ["", ...Object.keys(commands)]) {
    const { stdout } = await machine.run(command, "--charge", "-1", "a b");
    match(stdout, new RegExp(`${machine.folder}/mod.ts ${command} --charge -1 a b\n$`));
    permissions[command] = stdout.split(" ").filter((word) => word.startsWith("--allow")).map((word) =>
      word.split("=")[0]!
    );
  }
  deepEqual(permissions, {
    "": [],
    "info": ["--allow-read", "--allow-env"],
    "models": ["--allow-read", "--allow-env"],
    "doctor": ["--allow-read", "--allow-env"],
    "convert": ["--allow-read", "--allow-write", "--allow-env"],
    "eval": ["--allow-read", "--allow-write", "--allow-env"],
    "connect": ["--allow-read", "--allow-write", "--allow-net", "--allow-env"],
    "lammps": ["--allow-read", "--allow-write", "--allow-ffi", "--allow-env"],
    "serve": ["--allow-read", "--allow-write", "--allow-net", "--allow-sys", "--allow-env"],
    "bench": ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-sys", "--allow-env"],
    "demo": ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env", "--allow-sys"],
    "test": ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env", "--allow-sys"],
  });
});

Deno.test("launcher lets commands reach the host of the published model, and no other, where they may download it", async () => {
  await using machine = await Machine.create({ deno: deno("2.9.6") });
  await Deno.writeTextFile(join(machine.folder, "adapter"), "");
  const netOf = async (...args: string[]) => {
    const { stdout } = await machine.run(...args);
    return stdout.split(" ").filter((word) => word.startsWith("--allow-net")).join(" ");
  };
  const host = "--allow-net=raw.githubusercontent.com";
  equal(await netOf("models", "pull", "published"), host);
  for (const model of [["--model", "published"], ["--model=published"], ["--model", "a,published"], ["--yes"]]) {
    equal(await netOf("eval", "x", ...model), host);
    equal(await netOf("lammps", "x", ...model), host);
    equal(await netOf("info", "x", ...model), "");
  }
  for (
    const args of [["eval", "x"], ["eval", "published.xyz"], ["eval", "x", "--model", "published.pth"], [
      "eval",
      "x",
      "--model",
      "own",
    ], ["models"]]
  ) {
    equal(await netOf(...args), "", args.join(" "));
  }
  for (
    const [url, expected] of [
      ["http://127.0.0.1:8080/mirror", "--allow-net=127.0.0.1:8080"],
      ["https://[::1]:8443", "--allow-net=[::1]:8443"],
      ["models.example", "--allow-net=models.example"],
    ] as const
  ) {
    machine.env = { SPOOKYNET_MODELS_URL: url };
    equal(await netOf("models", "pull", "published"), expected);
  }
  for (const url of ["https://a,b/", "https://a b/", "https://me@a/", "https://", "https://a$(id)/"]) {
    machine.env = { SPOOKYNET_MODELS_URL: url };
    const { code, stdout, stderr } = await machine.run("models", "pull", "published");
    equal(code, 1);
    equal(stdout, "");
    match(stderr, /^spookynet: Expected an address like https:\/\/HOST\/PATH in SPOOKYNET_MODELS_URL but found .*\n$/);
  }
});

Deno.test("launcher passes over a deno on PATH that is too old or too new", async () => {
  for (const version of ["1.46.3", "2.8.9", "3.0.0"]) {
    await using machine = await Machine.create({ deno: deno(version) });
    const own = join(machine.folder, ".cache", "deno-2.9.6");
    await Deno.mkdir(own, { recursive: true });
    await Deno.writeTextFile(join(own, "deno"), "#!/bin/sh\necho own", { mode: 0o755 });
    equal((await machine.run("--help")).stdout, "own\n");
    await machine.add("deno", deno("2.13.0"));
    match((await machine.run("--help")).stdout, /^run /);
  }
});

Deno.test("launcher installs Deno with npm, or else with pip, and says what to do when neither can", async () => {
  const fake = `#!/bin/sh\necho 'deno 2.9.6 (fake)'`;
  const npm = `folder=$3/node_modules/@deno/some-platform; mkdir -p "$folder"
printf '%s' "${fake}" >"$folder/deno"; chmod +x "$folder/deno"`;
  const python = `folder=$5/bin; mkdir -p "$folder"; printf '%s' "${fake}" >"$folder/deno"; chmod +x "$folder/deno"`;
  for (const scripts of [{ npm }, { npm: "echo no network >&2; exit 1", python3: python }, { python3: python }]) {
    await using machine = await Machine.create(scripts);
    const { code, stdout, stderr } = await machine.run("--help");
    match(stderr, /installing Deno 2\.9\.6 into .*\.cache/);
    equal(stdout, "deno 2.9.6 (fake)\n");
    equal(code, 0);
    deepEqual([...Deno.readDirSync(join(machine.folder, ".cache"))].map(({ name }) => name), ["deno-2.9.6"]);
    equal((await machine.run("--help")).stderr, "");
  }
  await using bare = await Machine.create({});
  const { code, stderr } = await bare.run("--help");
  equal(code, 1);
  match(stderr, /Expected Deno 2\.9 or later but found none.*neither is on PATH.*: put a deno on PATH/);
  await using offline = await Machine.create({ npm: "echo no network >&2; exit 1" });
  match((await offline.run("--help")).stderr, /could install version 2\.9\.6 \(no network\)/);
});

Deno.test("launcher installs a Vulkan driver as root, once, where the software driver is wanted and there is none", async () => {
  await using machine = await Machine.create({ "deno": deno("2.9.6"), "apt-get": installer, "id": "echo 0" });
  for (
    const args of [["info", "x"], ["eval", "x", "--device=cpu"], ["bench", "--device", "cpu"], ["doctor", "--help"]]
  ) equal((await machine.run(...args)).stderr, "");
  match((await machine.run("eval", "x", "--device", "software")).stderr, /installing the Debian package mesa-vulkan/);
  match(await Deno.readTextFile(join(machine.folder, "installations")), /install mesa-vulkan-drivers\n$/);
  equal((await machine.run("eval", "x", "--device=software")).stderr, "");
});

Deno.test("launcher goes on without an adapter, says so each time, and tries again for doctor only", async () => {
  const failing = `echo "$@" >>"$FOLDER/installations"; exit 1`;
  await using machine = await Machine.create({ "deno": deno("2.9.6"), "apt-get": failing, "id": "echo 0" });
  const first = await machine.run("eval", "x", "--device=software");
  match(first.stderr, /apt-get could not install mesa-vulkan-drivers\n.*WebGPU finds no adapter/);
  match(first.stdout, /eval x/);
  const second = await machine.run("eval", "x", "--device=software");
  equal(second.stderr.split("\n").length, 2);
  match(second.stderr, /WebGPU finds no adapter/);
  const attempts = (await Deno.readTextFile(join(machine.folder, "installations"))).length;
  await machine.run("doctor");
  equal((await Deno.readTextFile(join(machine.folder, "installations"))).length, 2 * attempts);
});

Deno.test("launcher installs nothing for a user who is not root and has no sudo", async () => {
  await using machine = await Machine.create({ "deno": deno("2.9.6"), "apt-get": installer, "id": "echo 1000" });
  match((await machine.run("doctor")).stderr, /^spookynet: WebGPU finds no adapter .*\n$/);
  equal(await Deno.stat(join(machine.folder, "installations")).catch(() => null), null);
  await machine.add("sudo", `shift; exec "$@"`);
  await machine.run("doctor");
  match(await Deno.readTextFile(join(machine.folder, "installations")), /mesa-vulkan-drivers/);
});

Deno.test("launcher works from any folder, through a symbolic link, with HOME empty or unset", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(join(project, "spookynet"), join(folder, "link"));
    for (const home of [{}, { HOME: "" }]) {
      const { code, stdout, stderr } = await new Deno.Command("./link", {
        args: ["--help"],
        cwd: folder,
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH")!, ...home },
      }).output();
      equal(new TextDecoder().decode(stderr), "");
      match(new TextDecoder().decode(stdout), /^SpookyNet/);
      equal(code, 0);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
