import { deepEqual, equal } from "node:assert/strict";
import { withEnvironment } from "../../tests/fixtures/environment.ts";
import { cacheFolder, modelFolder, modelFolders } from "./model_folders.ts";

const nowhere = { SPOOKYNET_MODELS: "", XDG_DATA_HOME: "", XDG_CACHE_HOME: "", HOME: "" };

Deno.test("modelFolder() follows SPOOKYNET_MODELS, then XDG_DATA_HOME, then HOME, and does without any", async () => {
  const set = { SPOOKYNET_MODELS: "/a", XDG_DATA_HOME: "/b", HOME: "/c" };
  await withEnvironment(set, () => equal(modelFolder(), "/a"));
  await withEnvironment({ ...set, SPOOKYNET_MODELS: "" }, () => equal(modelFolder(), "/b/spookynet/models"));
  await withEnvironment({ ...nowhere, HOME: "/c" }, () => equal(modelFolder(), "/c/.local/share/spookynet/models"));
  await withEnvironment(nowhere, () => equal(modelFolder().endsWith("/.cache/models"), true));
});

Deno.test("cacheFolder() follows XDG_CACHE_HOME, then HOME, and does without any", async () => {
  await withEnvironment({ XDG_CACHE_HOME: "/b", HOME: "/c" }, () => equal(cacheFolder(), "/b/spookynet/models"));
  await withEnvironment({ ...nowhere, HOME: "/c" }, () => equal(cacheFolder(), "/c/.cache/spookynet/models"));
  await withEnvironment(nowhere, () => {
    equal(cacheFolder().endsWith("/.cache/models"), true);
    deepEqual(modelFolders().own, modelFolders().cache);
  });
});
