import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assertRefused } from "../../tests/fixtures/damage.ts";
import { Random } from "../../tests/fixtures/random.ts";
import { tinyModel, tinyModelFile } from "../../tests/fixtures/tiny_model.ts";
import { writeTorchCheckpoint } from "../../tests/fixtures/write_torch_checkpoint.ts";
import { loadModel, parseModel } from "./load_model.ts";
import { ModelFileError } from "./model_file_error.ts";
import { writeSafetensors } from "./safetensors.ts";

/** Runs with a folder that is gone afterwards. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("parseModel tells checkpoints and safetensors apart by content", () => {
  const model = tinyModel();
  assert.deepEqual(parseModel(writeTorchCheckpoint(model), "tiny"), model);
  assert.deepEqual(parseModel(writeSafetensors(model), "tiny"), model);
});

Deno.test("parseModel refuses files of other kinds", () => {
  for (const text of ["", "PK", "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "#!/bin/sh\n", "{}"]) {
    assertRefused(() => parseModel(Uint8Array.from(text, (c) => c.charCodeAt(0)), "x"), /zip archive\) or safetensors/);
  }
});

Deno.test("parseModel refuses a file whose hyperparameters and tensors do not fit", () => {
  const model = tinyModel();
  const other = { ...model, hyperparameters: { ...model.hyperparameters, features: 16 } };
  for (const bytes of [writeSafetensors(other), writeTorchCheckpoint(other)]) {
    assertRefused(() => parseModel(bytes, "x"), /Expected shape \[18, 16\] but found \[18, 8\] \(tensor .*embedding\)/);
  }
});

Deno.test("loadModel calls a model as its file is called", async () => {
  assert.equal((await loadModel(tinyModelFile)).name, "tiny");
  await inFolder(async (folder) => {
    for (
      const [file, name] of [["my model.v2.pth", "my model.v2"], [".hidden", ".hidden"], ["plain", "plain"]] as const
    ) {
      const path = join(folder, file);
      await Deno.writeFile(path, writeSafetensors(tinyModel()));
      assert.equal((await loadModel(path)).name, name);
      assert.equal((await loadModel(pathToFileURL(path))).name, name);
    }
  });
});

Deno.test("loadModel refuses what is no file of a sensible size, naming the path", async () => {
  await inFolder(async (folder) => {
    const large = join(folder, "large.pth");
    await Deno.writeFile(large, new Uint8Array());
    await Deno.truncate(large, 2 ** 29 + 1);
    const refused: [string, RegExp][] = [
      [join(folder, "none.pth"), /none\.pth: Expected a model file but found nothing/],
      [folder, /: Expected a model file but found something that is no file/],
      [large, /large\.pth: Expected a model file of at most 536870912 bytes but found 536870913/],
    ];
    for (const [path, expected] of refused) {
      await assert.rejects(loadModel(path), (error) => error instanceof ModelFileError && expected.test(error.message));
    }
  });
});

Deno.test("loadModel keeps tensor and offset of what it refuses", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "cut.safetensors");
    await Deno.writeFile(path, writeSafetensors(tinyModel()).slice(0, -4));
    await assert.rejects(loadModel(path), (error) => {
      assert.ok(error instanceof ModelFileError);
      assert.equal(typeof error.tensor, "string");
      assert.equal(typeof error.offset, "number");
      assert.ok(error.message.startsWith(`${path}: Expected `));
      return true;
    });
  });
});

Deno.test("parseModel takes or refuses a damaged model and never fails otherwise", () => {
  const random = new Random(5);
  const whole = writeSafetensors(tinyModel());
  for (let trial = 0; trial < 200; trial++) {
    // Most of what can go wrong stands in the header, the first half of the file.
    const position = random.integer(whole.length / 2);
    try {
      parseModel(whole.with(position, random.integer(256)), "x");
    } catch (error) {
      if (!(error instanceof ModelFileError)) throw error;
    }
  }
});
