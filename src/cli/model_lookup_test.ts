import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { findModel, findModels, modelFolder } from "./model_lookup.ts";

async function withEnvironment(values: Record<string, string>, body: (folder: string) => Promise<void> | void) {
  const names = ["SPOOKYNET_MODELS", "XDG_DATA_HOME", "HOME"];
  const before = names.map((name) => Deno.env.get(name));
  const folder = await Deno.makeTempDir();
  try {
    for (const name of names) Deno.env.set(name, (values[name] ?? "").replace("FOLDER", folder));
    await body(folder);
  } finally {
    names.forEach((name, k) => before[k] === undefined ? Deno.env.delete(name) : Deno.env.set(name, before[k]));
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("modelFolder() follows SPOOKYNET_MODELS, then XDG_DATA_HOME, then HOME, and does without any", async () => {
  await withEnvironment({ SPOOKYNET_MODELS: "/a", XDG_DATA_HOME: "/b", HOME: "/c" }, () => equal(modelFolder(), "/a"));
  await withEnvironment({ XDG_DATA_HOME: "/b", HOME: "/c" }, () => equal(modelFolder(), "/b/spookynet/models"));
  await withEnvironment({ HOME: "/c" }, () => equal(modelFolder(), "/c/.local/share/spookynet/models"));
  await withEnvironment({}, () => equal(modelFolder().endsWith("/.cache/models"), true));
});

Deno.test("findModel() finds a file, and a name in the model folder, safetensors first", async () => {
  await withEnvironment({ SPOOKYNET_MODELS: "FOLDER" }, async (folder) => {
    await Deno.writeTextFile(join(folder, "water.pth"), "");
    equal(await findModel(join(folder, "water.pth")), join(folder, "water.pth"));
    equal(await findModel("water"), join(folder, "water.pth"));
    await Deno.writeTextFile(join(folder, "water.safetensors"), "");
    equal(await findModel("water"), join(folder, "water.safetensors"));
  });
});

Deno.test("findModel() says where it looked", async () => {
  await withEnvironment({ SPOOKYNET_MODELS: "FOLDER" }, async (folder) => {
    await rejects(findModel("./water.pth"), /Expected a model file \.\/water\.pth but there is none/);
    await rejects(findModel("water"), new RegExp(`found neither .*water\\.pth in ${folder}`));
  });
});

Deno.test("findModels() finds one model, or several with commas, each once", async () => {
  await withEnvironment({ SPOOKYNET_MODELS: "FOLDER" }, async (folder) => {
    const paths = ["a", "b"].map((name) => join(folder, `${name}.pth`));
    for (const path of paths) await Deno.writeTextFile(path, "");
    deepEqual(await findModels("b"), [paths[1]]);
    deepEqual(await findModels(`a, ${paths[1]}`), paths);
    await rejects(findModels("a,b,a"), /Expected different models but found "a" twice/);
    await rejects(findModels("a,c"), /Expected a model c but found neither/);
  });
});
