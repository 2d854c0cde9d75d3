import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { OutputFile, writeWholeFile } from "./output_file.ts";

async function inFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

Deno.test("OutputFile leaves the older file alone until it is finished, and keeps what was written", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "result.xyz");
    await Deno.writeTextFile(path, "old");
    const write = async () => {
      await using file = await OutputFile.create(path);
      await file.write(new TextEncoder().encode("half of it"));
      throw new Error("interrupted");
    };
    await rejects(write(), /interrupted/);
    equal(await Deno.readTextFile(path), "old");
    equal(await Deno.readTextFile(path + ".part"), "half of it");
  });
});

Deno.test("OutputFile leaves nothing behind when nothing was written", async () => {
  await inFolder(async (folder) => {
    await (await OutputFile.create(join(folder, "result.xyz")))[Symbol.asyncDispose]();
    deepEqual(filesOf(folder), []);
  });
});

Deno.test("writeWholeFile() replaces an older file, through a symbolic link too", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "real"), "old");
    await Deno.symlink("real", join(folder, "link"));
    await writeWholeFile(join(folder, "link"), new TextEncoder().encode("new"));
    equal(await Deno.readTextFile(join(folder, "real")), "new");
    equal((await Deno.lstat(join(folder, "link"))).isSymlink, true);
    deepEqual(filesOf(folder), ["link", "real"]);
  });
});

Deno.test("OutputFile refuses a folder, a device and a missing folder", async () => {
  await inFolder(async (folder) => {
    await rejects(OutputFile.create(folder), /it is a folder or a device/);
    await rejects(OutputFile.create("/dev/null"), /it is a folder or a device/);
    await rejects(OutputFile.create(join(folder, "missing", "result.xyz")), /missing does not exist/);
  });
});
