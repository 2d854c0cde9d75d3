import assert from "node:assert/strict";
import { assertRefused, assertRefusesEveryCut, assertSurvivesDamage } from "../../tests/fixtures/damage.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import type { Model, Tensor } from "./model.ts";
import { isSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";

/** A model of three tensors, one of each type, with values at the edges of what the types hold. */
const small: Model = {
  ...tinyModel({ zblRepulsion: false, dispersion: false }),
  name: "small",
  tensors: new Map<string, Tensor>([
    ["weight", {
      shape: [2, 2],
      dtype: "float32",
      data: Float64Array.of(Math.fround(0.1), -0, 2 ** -149, 3.4028234663852886e38),
    }],
    ["omega", { shape: [0], dtype: "float64", data: new Float64Array() }],
    ["scalar", { shape: [], dtype: "float64", data: Float64Array.of(5e-324) }],
    ["index", { shape: [1, 2], dtype: "int64", data: Float64Array.of(2 ** 53 - 1, -1) }],
  ]),
};

function read(bytes: Uint8Array): Model {
  return readSafetensors(bytes, "small");
}

const metadata = JSON.parse(headerText(writeSafetensors(small))).__metadata__;

function headerText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(8, 8 + new DataView(bytes.buffer).getUint32(0, true)));
}

/** A file with that header, as text or with the small model's metadata, and zeros behind it. */
function fileWith(header: string | Record<string, unknown>, dataLength: number): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify({ __metadata__: metadata, ...header });
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + encoded.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  return bytes;
}

function entry(dtype: unknown, shape: unknown, offsets: unknown): Record<string, unknown> {
  return { dtype, shape, data_offsets: offsets };
}

Deno.test("writeSafetensors and readSafetensors lose nothing of a model", () => {
  for (const model of [small, { ...tinyModel({ dtype: "float64", longRangeCutoff: 9.5 }), name: "small" }]) {
    const bytes = writeSafetensors(model);
    assert.ok(isSafetensors(bytes));
    const back = read(bytes);
    assert.deepEqual(back, model);
    assert.deepEqual([...back.tensors.keys()], [...model.tensors.keys()]);
    assert.ok(Object.is(read(writeSafetensors(small)).tensors.get("weight")!.data[1], -0));
  }
});

Deno.test("writeSafetensors keeps what the file says besides", () => {
  const extras = { module_keep_prob: 0.9, compute_d4_atomic: false, comment: "trained on “water” Å\n", nothing: null };
  assert.deepEqual(read(writeSafetensors({ ...small, extras })).extras, extras);
});

Deno.test("writeSafetensors aligns every number to its size", () => {
  const bytes = writeSafetensors(small);
  const start = 8 + headerText(bytes).length;
  assert.equal(start % 8, 0);
  const header: Record<string, { dtype: string; data_offsets: number[] }> = JSON.parse(headerText(bytes));
  for (const name of small.tensors.keys()) {
    assert.equal(header[name]!.data_offsets[0]! % (header[name]!.dtype === "F32" ? 4 : 8), 0);
  }
});

Deno.test("writeSafetensors refuses to round a value", () => {
  for (const [dtype, value] of [["float32", 0.1], ["int64", 0.5]] as const) {
    const tensors = new Map([["weight", { shape: [], dtype, data: Float64Array.of(value) }]]);
    assert.throws(() => writeSafetensors({ ...small, tensors }), RangeError);
  }
});

Deno.test("readSafetensors refuses types it does not know by name", () => {
  for (const dtype of ["F16", "BF16", "I32", "F8_E4M3", "toString", 7, undefined]) {
    const file = fileWith({ weight: entry(dtype, [1], [0, 4]) }, 4);
    assertRefused(() => read(file), new RegExp(`dtype F32, F64, I64 but found ${dtype} \\(tensor weight\\)`));
  }
});

Deno.test("readSafetensors refuses overlaps, holes and tensors past the end, naming tensor and offset", () => {
  const first = entry("F32", [2], [0, 8]);
  const overlap = fileWith({ first, weight: entry("F32", [2], [4, 12]) }, 12);
  assertRefused(() => read(overlap), /overlapping the one before it \(tensor weight, offset \d+\)/);
  const same = fileWith({ first, weight: entry("F32", [2], [0, 8]) }, 8);
  assertRefused(() => read(same), /overlapping the one before it \(tensor weight, offset \d+\)/);
  const hole = fileWith({ first, weight: entry("F32", [1], [12, 16]) }, 16);
  assertRefused(() => read(hole), /hole of 4 bytes \(tensor weight, offset \d+\)/);
  const end = fileWith({ first, weight: entry("F32", [2], [8, 16]) }, 12);
  assertRefused(() => read(end), /end inside the file .* \(tensor weight, offset \d+\)/);
  assertRefused(() => read(fileWith({ first }, 9)), /last tensor but found 1 bytes more \(offset \d+\)/);
});

Deno.test("readSafetensors refuses shapes that do not fit or are none, before it allocates anything", () => {
  assertRefused(
    () => read(fileWith({ weight: entry("F32", [3], [0, 8]) }, 8)),
    /12 bytes for shape \[3\] of float32 but found 8/,
  );
  assertRefused(() => read(fileWith({ weight: entry("F32", [2 ** 50], [0, 2 ** 52]) }, 8)), /end inside the file/);
  assertRefused(
    () => read(fileWith({ weight: entry("F32", [2 ** 53 - 1, 2 ** 53 - 1], [0, 8]) }, 8)),
    /bytes for shape/,
  );
  const wrong: [unknown, unknown][] = [
    [[-1], [0, 4]],
    [[0.5], [0, 2]],
    [["1"], [0, 4]],
    ["1", [0, 4]],
    [[1], [0]],
    [[1], [-4, 0]],
    [[1], [0, 2 ** 60]],
    [[1], null],
    [null, [0, 4]],
    [Array(9).fill(1), [0, 4]],
  ];
  for (const [shape, offsets] of wrong) {
    assertRefused(() => read(fileWith({ weight: entry("F32", shape, offsets) }, 4)), /tensor weight/);
  }
  assertRefused(() => read(fileWith({ weight: null }, 0)), /found undefined \(tensor weight\)/);
});

Deno.test("readSafetensors refuses headers that are none", () => {
  assertRefused(() => read(new Uint8Array(3)), /length in 8 bytes but found 3/);
  const huge = fileWith({}, 0);
  new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);
  assertRefused(() => read(huge), /at most \d+ bytes but found the length 9223372036854775808/);
  assertRefused(() => read(fileWith("{", 0)), /header in JSON/);
  assertRefused(() => read(fileWith('{"a":1}\n garbage', 0)), /header in JSON/);
  assertRefused(() => read(fileWith("[]", 0)), /object as JSON header/);
  assertRefused(() => read(fileWith("[".repeat(2 ** 22), 0)), /header/);
  assertRefused(() => read(fileWith("[".repeat(2 ** 22 + 1), 0)), /at most 4194304 bytes/);
  const notText = fileWith("{}", 0);
  notText[9] = 0xff;
  assertRefused(() => read(notText), /header in JSON/);
});

Deno.test("readSafetensors refuses files without a model's hyperparameters", () => {
  assertRefused(() => read(fileWith("{}", 0)), /hyperparameters as text .* no model that `convert` wrote/);
  for (
    const [text, expected] of [["{", /hyperparameters in JSON/], ["3", /object with the hyperparameters/]] as const
  ) {
    assertRefused(() => read(fileWith({ __metadata__: { hyperparameters: text } }, 0)), expected);
  }
  assertRefused(() => read(fileWith({ __metadata__: { hyperparameters: "{}" } }, 0)), /hyperparameter .* no such key/);
  assertRefused(() => read(fileWith({ __metadata__: { hyperparameters: 1 } }, 0)), /hyperparameters as text/);
});

Deno.test("readSafetensors takes names that mean something to JavaScript as names", () => {
  const names = ["__proto__", "constructor", "toString"];
  const text = JSON.stringify({ __metadata__: metadata }).slice(0, -1) +
    names.map((name, index) => `,"${name}":{"dtype":"F32","shape":[1],"data_offsets":[${4 * index},${4 * index + 4}]}`)
      .join("") +
    "}";
  assert.deepEqual([...read(fileWith(text, 12)).tensors.keys()], names);
});

Deno.test("readSafetensors refuses a file cut short at any byte", () => {
  assertRefusesEveryCut(read, writeSafetensors(small));
});

Deno.test("readSafetensors takes or refuses damaged files and never fails otherwise", () => {
  assertSurvivesDamage(read, writeSafetensors(small));
});
