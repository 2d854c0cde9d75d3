import assert from "node:assert/strict";
import { assertRefused, assertRefusesEveryCut, assertSurvivesDamage } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { Global, Ordered, Persistent, Reduce, writePickle } from "../../tests/fixtures/write_pickle.ts";
import { storage, strided, writeArchive, writeTorchCheckpoint } from "../../tests/fixtures/write_torch_checkpoint.ts";
import { writeZip } from "../../tests/fixtures/write_zip.ts";
import { encodeElements } from "./element_bytes.ts";
import { writeHyperparameters } from "./hyperparameter_dictionary.ts";
import type { Model } from "./model.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";

const settings = writeHyperparameters(tinyModel({ modules: 1, zblRepulsion: false, dispersion: false }));

/** What a checkpoint with these tensors contains. */
function contentWith(tensors: Record<string, unknown>): Map<string, unknown> {
  return new Map<string, unknown>([
    ["state_dict", new Ordered(new Map(Object.entries(tensors)), new Map())],
    ...settings,
  ]);
}

function read(bytes: Uint8Array): Model {
  return readTorchCheckpoint(bytes, "test");
}

/** Reads a checkpoint with one tensor `weight` of one storage `0` with the numbers 0 … 11. */
function readTensor(tensor: unknown, dtype: "float32" | "float64" | "int64" = "float32"): Model {
  const numbers = encodeElements(Float64Array.from({ length: 12 }, (_, index) => index), dtype);
  return read(writeArchive(contentWith({ weight: tensor }), new Map([["0", numbers]])));
}

const twelve = storage("float32", "0", 12);

Deno.test("readTorchCheckpoint reads back a model however it was written", () => {
  const model = tinyModel();
  const ways = [
    {},
    { protocol: 4, root: "some model" },
    { zip64: true, byteOrder: "little" },
    { location: "cuda:0", parameters: true },
  ] as const;
  for (const options of ways) {
    assert.deepEqual(readTorchCheckpoint(writeTorchCheckpoint(model, options), model.name), model);
  }
});

Deno.test("readTorchCheckpoint reads strided, shifted and shared views of a storage", () => {
  const transposed = strided(twelve, 0, { shape: [4, 3] }, [1, 4]);
  assert.deepEqual([...readTensor(transposed).tensors.get("weight")!.data], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
  const everyOther = strided(twelve, 1, { shape: [2, 3] }, [6, 2]);
  assert.deepEqual([...readTensor(everyOther).tensors.get("weight")!.data], [1, 3, 5, 7, 9, 11]);
  const scalar = readTensor(strided(twelve, 11, { shape: [] })).tensors.get("weight")!;
  assert.deepEqual(scalar, { shape: [], dtype: "float32", data: Float64Array.of(11) });
  const empty = readTensor(strided(twelve, 0, { shape: [0] })).tensors.get("weight")!;
  assert.deepEqual(empty, { shape: [0], dtype: "float32", data: new Float64Array() });
  const shared = read(writeArchive(
    contentWith({ a: strided(twelve, 0, { shape: [12] }), b: strided(twelve, 4, { shape: [2, 2] }) }),
    new Map([["0", encodeElements(new Float64Array(12).fill(0.5), "float32")]]),
  ));
  assert.deepEqual([...shared.tensors.get("b")!.data], [0.5, 0.5, 0.5, 0.5]);
});

Deno.test("readTorchCheckpoint keeps float32, float64 and int64 values exactly", () => {
  const values = { float32: Math.fround(0.1), float64: 0.1, int64: -(2 ** 53 - 1) } as const;
  for (const [dtype, value] of Object.entries(values) as [keyof typeof values, number][]) {
    const tensor = strided(storage(dtype, "0", 1), 0, { shape: [1] });
    const bytes = writeArchive(
      contentWith({ weight: tensor }),
      new Map([["0", encodeElements(Float64Array.of(value), dtype)]]),
    );
    assert.deepEqual(read(bytes).tensors.get("weight"), { shape: [1], dtype, data: Float64Array.of(value) });
  }
  const large = new Uint8Array(BigInt64Array.of(2n ** 53n).buffer);
  const tensor = strided(storage("int64", "0", 1), 0, { shape: [1] });
  assertRefused(
    () => read(writeArchive(contentWith({ weight: tensor }), new Map([["0", large]]))),
    /integers below 2\^53 but found 9007199254740992 .*offset/,
  );
});

Deno.test("readTorchCheckpoint refuses views that leave their storage, before it allocates anything", () => {
  const views: [number, number[], number[]][] = [
    [0, [13], [1]],
    [1, [12], [1]],
    [0, [2], [12]],
    [12, [1], [1]],
    [0, [2 ** 40], [0]],
    [0, [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30], [0, 0, 0, 0]],
    [2 ** 52, [1], [1]],
    [0, [3, 3], [2 ** 50, 1]],
  ];
  for (const [offset, shape, strides] of views) {
    assertRefused(() => readTensor(strided(twelve, offset, { shape }, strides)), /inside its storage of 12 elements/);
  }
});

Deno.test("readTorchCheckpoint refuses shapes, strides and offsets that are none", () => {
  const views: [unknown, unknown, unknown][] = [
    [-1, [1], [1]],
    [0, [-1], [1]],
    [0, [1], [-1]],
    [0, [0.5], [1]],
    [0, [1, 1], [1]],
    [0, 12, 1],
    [null, [1], [1]],
    [0, ["1"], [1]],
    [0, Array(9).fill(1), Array(9).fill(1)],
  ];
  const rebuild = new Global("torch._utils", "_rebuild_tensor_v2");
  for (const view of views) {
    assertRefused(() => readTensor(new Reduce(rebuild, [twelve, ...view])), /storage, an offset, a shape and strides/);
  }
  assertRefused(() => readTensor(new Reduce(rebuild, [])), /storage, an offset, a shape and strides .* found \(\)/);
  assertRefused(() => readTensor(new Reduce(rebuild, [0, 0, [1], [1]])), /storage, an offset, a shape and strides/);
  const parameter = new Global("torch._utils", "_rebuild_parameter");
  assertRefused(() => readTensor(new Reduce(parameter, [1, true, []])), /tensor as parameter but found 1/);
});

Deno.test("readTorchCheckpoint refuses storages it does not know by name", () => {
  for (const type of ["HalfStorage", "BFloat16Storage", "IntStorage", "ComplexFloatStorage"]) {
    const other = new Persistent(["storage", new Global("torch", type), "0", "cpu", 12]);
    assertRefused(() => readTensor(strided(other, 0, { shape: [12] })), new RegExp(`global torch\\.${type}`));
  }
  const version3 = new Reduce(new Global("torch._utils", "_rebuild_tensor_v3"), [twelve, 0, [12], [1]]);
  assertRefused(() => readTensor(version3), /global torch\._utils\._rebuild_tensor_v3/);
});

Deno.test("readTorchCheckpoint refuses storages that are missing, of another length or badly named", () => {
  const view = (of: Persistent) => strided(of, 0, { shape: [1] });
  assertRefused(() => readTensor(view(storage("float32", "1", 12))), /archive entry for the storage 1 but found none/);
  assertRefused(
    () => readTensor(view(storage("float32", "../version", 12))),
    /archive entry for the storage \.\.\/version/,
  );
  assertRefused(
    () => readTensor(view(storage("float64", "0", 12))),
    /12 float64 numbers in archive\/data\/0 but found 48/,
  );
  assertRefused(() => readTensor(view(storage("float32", "0", 2 ** 50))), /float32 numbers .* found 48 bytes/);
  assertRefused(() => readTensor(view(storage("float32", "0", 12.5))), /12\.5 float32 numbers .* found 48 bytes/);
  for (const identifier of [null, [], ["storage"], ["module", new Global("torch", "FloatStorage"), "0", "cpu", 12]]) {
    assertRefused(() => readTensor(view(new Persistent(identifier))), /as a storage's identifier/);
  }
});

Deno.test("readTorchCheckpoint refuses many large views of one small storage", () => {
  const tensors = Object.fromEntries(
    Array.from(
      { length: 60 },
      (_, index) => [`t${index}`, strided(storage("float32", "0", 5000), 0, { shape: [5000] })],
    ),
  );
  const numbers = new Map([["0", new Uint8Array(20000)]]);
  assertRefused(() => read(writeArchive(contentWith(tensors), numbers)), /elements in all tensors .*\(tensor t\d+\)/);
});

Deno.test("readTorchCheckpoint refuses checkpoints that are none of SpookyNet's", () => {
  const none = new Map<string, Uint8Array>();
  assertRefused(() => read(writeArchive(null, none)), /'state_dict' .* but found None/);
  assertRefused(() => read(writeArchive(new Map([["model", 1]]), none)), /found one with the keys model/);
  assertRefused(() => read(writeArchive(new Map([["state_dict", 1]]), none)), /found one with the keys state_dict/);
  assertRefused(() => readTensor(1), /only tensors in the state_dict but found 1 \(tensor weight\)/);
  assertRefused(() => read(writeZip(new Map([["readme.txt", new Uint8Array(3)]]))), /one data\.pkl .* found 0/);
  const two = new Map([["a/data.pkl", writePickle(null)], ["b/data.pkl", writePickle(null)]]);
  assertRefused(() => read(writeZip(two)), /one data\.pkl .* found 2/);
});

Deno.test("readTorchCheckpoint refuses big-endian storages", () => {
  assertRefused(() => read(writeTorchCheckpoint(tinyModel(), { byteOrder: "big" })), /little-endian .* found 'big'/);
});

Deno.test("readTorchCheckpoint refuses a checkpoint that runs a command, and does not run it", () => {
  const attack = contentWith({ weight: new Reduce(new Global("os", "system"), ["touch owned"]) });
  assertRefused(() => read(writeArchive(attack, new Map())), /global os\.system; nothing of it was executed/);
});

const small = contentWith({
  weight: strided(storage("float32", "0", 12), 0, { shape: [4, 3] }, [1, 4]),
  index: strided(storage("int64", "1", 2), 1, { shape: [1] }),
});
const smallStorages = new Map([
  ["0", encodeElements(new Float64Array(12).fill(0.25), "float32")],
  ["1", encodeElements(Float64Array.of(1, 2), "int64")],
]);

Deno.test("readTorchCheckpoint refuses a checkpoint cut short at any byte", () => {
  assertRefusesEveryCut(read, writeArchive(small, smallStorages));
});

Deno.test("readTorchCheckpoint takes or refuses damaged pickles and never fails otherwise", () => {
  const storages: [string, Uint8Array][] = [...smallStorages].map(([key, bytes]) => [`archive/data/${key}`, bytes]);
  for (const protocol of [2, 4] as const) {
    // The archive around the damaged pickle is sound, so that the checksum does not hide what the reader makes of it.
    assertSurvivesDamage(
      (bytes) => read(writeZip(new Map([["archive/data.pkl", bytes], ...storages]))),
      writePickle(small, protocol),
    );
  }
});
