import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { withEnvironment } from "../../tests/fixtures/environment.ts";
import { inTemporaryFolder } from "../../tests/spookynet_process.ts";
import { FakeFileServer } from "../download/fake_file_server.ts";
import { knownModels } from "./known_models.ts";
import type { ModelFolders } from "./model_folders.ts";
import { obtain } from "./obtain_model.ts";

/** Runs without any model, and with a server that has none either: what it was asked is what was tried. */
async function withoutModels(body: (server: FakeFileServer, folders: ModelFolders) => Promise<void>) {
  await using server = new FakeFileServer(() => ({ head: ["HTTP/1.1 404 Not Found", "content-length: 0"] }));
  await inTemporaryFolder(async (folder) => {
    const folders = { own: folder, builtIn: folder, cache: folder, reference: folder };
    const values = { XDG_CACHE_HOME: folder, SPOOKYNET_MODELS_URL: `${server.url}mirror/` };
    await withEnvironment(values, () => body(server, folders));
  });
}

Deno.test("obtain() downloads a missing model only where the user wants it: by --yes, or asked on a terminal", async () => {
  await withoutModels(async (server, folders) => {
    const asked: string[] = [];
    const answering = (answer: string | null) => ({
      isInteractive: true,
      ask: (question: string) => {
        asked.push(question);
        return answer;
      },
    });
    const nobody = { isInteractive: false, ask: () => "y" };
    const missing = /Expected the model published but it is not here: \.\/spookynet models pull published downloads it/;
    for (const terminal of [nobody, answering("n\n"), answering("\n"), answering(null), answering("yonder\n")]) {
      await rejects(obtain("published", false, terminal, folders), missing);
    }
    deepEqual(server.requests, []);
    equal(asked.length, 4);
    match(
      asked[0]!,
      new RegExp(`Download it \\(2\\.4 MB, MIT licence\\) from ${server.url.host} into ${folders.cache}/`),
    );
    for (const [yes, terminal] of [[true, nobody], [false, answering("y\n")], [false, answering("Yes\n")]] as const) {
      await rejects(obtain("published", yes, terminal, folders), /found something else .*404 Not Found/);
    }
    const path = `/mirror/${knownModels[0]!.path}`;
    deepEqual(server.requests, [1, 2, 3].map(() => ({ path, range: null })));
  });
});

Deno.test("obtain() asks nobody about models that are here, or that nobody can download", async () => {
  await withoutModels(async (server, folders) => {
    const terminal = { isInteractive: true, ask: () => "y" };
    await Deno.writeTextFile(join(folders.own, "published.pth"), "");
    await Deno.writeTextFile(join(folders.own, "own.safetensors"), "");
    equal(await obtain("published", true, terminal, folders), join(folders.own, "published.pth"));
    equal(await obtain("own", true, terminal, folders), join(folders.own, "own.safetensors"));
    await rejects(obtain("other", true, terminal, folders), /Expected a model other but found neither/);
    deepEqual(server.requests, []);
  });
});
