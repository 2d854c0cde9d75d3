import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../../tests/spookynet_process.ts";
import { builtInModel } from "../model/built_in_model.ts";
import type { ModelFolders } from "./model_folders.ts";
import { findModel, findModels, MissingModelError } from "./model_lookup.ts";

/** Runs with three folders of models, of which only the cache is there from the start. */
async function withFolders(body: (folders: ModelFolders, write: (path: string) => Promise<void>) => Promise<void>) {
  await inTemporaryFolder(async (folder) => {
    const folders = { own: join(folder, "own"), builtIn: join(folder, "built-in"), cache: join(folder, "cache") };
    const reference = join(folder, "reference");
    await Deno.mkdir(folders.cache);
    await body({ ...folders, reference }, async (path) => {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, "");
    });
  });
}

Deno.test("findModel() finds a file, and a name in the user's folder, then built in, then in the cache, safetensors first", async () => {
  await withFolders(async (folders, write) => {
    for (const folder of [folders.cache, folders.builtIn, folders.own]) {
      for (const extension of ["pth", "safetensors"]) {
        const path = join(folder, `water.${extension}`);
        await write(path);
        equal(await findModel(path), path);
        equal(await findModel("water", folders), path);
      }
    }
  });
});

Deno.test("findModel() takes the built-in model for the default, whatever else there is", async () => {
  await withFolders(async (folders, write) => {
    for (const folder of [folders.own, folders.builtIn]) await write(join(folder, "a.safetensors"));
    equal(await findModel(undefined, folders), fileURLToPath(builtInModel()));
  });
});

Deno.test("findModel() finds the published model beside the project, too", async () => {
  await withFolders(async (folders, write) => {
    await rejects(findModel("published", folders), (error) => (error as MissingModelError).known?.name === "published");
    await write(join(folders.reference, "published.pth"));
    equal(await findModel("published", folders), join(folders.reference, "published.pth"));
    await write(join(folders.own, "published.pth"));
    equal(await findModel("published", folders), join(folders.own, "published.pth"));
  });
});

Deno.test("findModel() says where it looked, and what to do", async () => {
  await withFolders(async (folders) => {
    await rejects(findModel("./water.pth", folders), /Expected a model file \.\/water\.pth but there is none/);
    await rejects(findModel("water", folders), (error) => {
      const isKnown = (error as MissingModelError).known !== null;
      return !isKnown && new RegExp(`found neither .*water\\.pth in ${folders.own}`).test((error as Error).message);
    });
  });
});

Deno.test("findModels() finds one model, or several with commas, each once", async () => {
  await withFolders(async (folders, write) => {
    const paths = ["a", "b"].map((name) => join(folders.cache, `${name}.pth`));
    for (const path of paths) await write(path);
    const find = (model?: string) => findModel(model, folders);
    deepEqual(await findModels("b", find), [paths[1]]);
    deepEqual(await findModels(`a, ${paths[1]}`, find), paths);
    await rejects(findModels("a,b,a", find), /Expected different models but found "a" twice/);
    await rejects(findModels("a,c", find), /Expected a model c but found neither/);
  });
});
