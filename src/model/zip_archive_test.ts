import assert from "node:assert/strict";
import { assertRefused, assertRefusesEveryCut, assertSurvivesDamage } from "../../tests/fixtures/damage.ts";
import { writeZip } from "../../tests/fixtures/write_zip.ts";
import { crc32 } from "./crc32.ts";
import { isZipArchive, readZipArchive } from "./zip_archive.ts";

const text = new TextEncoder().encode("charge and spin");
const entries = new Map([["a/one", text], ["a/empty", new Uint8Array()], ["a/two", Uint8Array.of(1, 2, 3)]]);

Deno.test("crc32 gives the check value of the standard", () => {
  // The CRC catalogue's check value for CRC-32/ISO-HDLC.
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

Deno.test("readZipArchive gives every stored entry with its place, with and without zip64 records", () => {
  for (const zip64 of [false, true]) {
    const bytes = writeZip(entries, { zip64 });
    assert.ok(isZipArchive(bytes));
    const archive = readZipArchive(bytes);
    assert.deepEqual([...archive.keys()], [...entries.keys()]);
    for (const [name, content] of entries) {
      const entry = archive.get(name)!;
      assert.deepEqual(entry.bytes.slice(), content);
      assert.deepEqual(bytes.slice(entry.offset, entry.offset + content.length), content);
    }
  }
});

Deno.test("readZipArchive reads from a view into a larger buffer", () => {
  const bytes = writeZip(entries);
  const buffer = new Uint8Array(bytes.length + 10).fill(0xaa);
  buffer.set(bytes, 5);
  assert.deepEqual(readZipArchive(buffer.subarray(5, 5 + bytes.length)).get("a/one")!.bytes.slice(), text);
});

Deno.test("readZipArchive refuses compressed entries by their method", () => {
  const error = assertRefused(
    () => readZipArchive(writeZip(entries, { method: 8 })),
    /compression method 8 for a\/one/,
  );
  assert.ok(error.offset! > 0);
});

Deno.test("readZipArchive refuses content that its checksum does not fit", () => {
  const bytes = writeZip(entries);
  const { offset } = readZipArchive(bytes).get("a/one")!;
  const error = assertRefused(() => readZipArchive(bytes.with(offset + 3, 0)), /a\/one.*CRC-32.*damaged/);
  assert.equal(error.offset, offset);
});

Deno.test("readZipArchive refuses two entries in the same bytes", () => {
  const bytes = writeZip(entries);
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  // The second header is made a copy of the first but for its name, in the directory and in front of the content.
  const second = directory + 46 + "a/one".length;
  view.setUint32(second + 42, view.getUint32(directory + 42, true), true);
  assertRefused(() => readZipArchive(bytes), /own name to be a\/empty as in the directory but found a\/one/);
  const twins = writeZip(new Map([["a/one", text], ["a/two", text]]));
  const twinView = new DataView(twins.buffer);
  const [first, next] = [0, 30 + 5 + text.length];
  // The first entry's size is enlarged so that it covers the second.
  const twinDirectory = twinView.getUint32(twins.length - 6, true);
  assert.equal(twinView.getUint32(next, true), twinView.getUint32(first, true));
  for (const field of [20, 24]) twinView.setUint32(twinDirectory + field, text.length + 10, true);
  assertRefused(() => readZipArchive(twins), /a\/one and a\/two overlapping/);
});

Deno.test("readZipArchive refuses entries outside the file", () => {
  const bytes = writeZip(entries);
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  for (const field of [20, 24]) view.setUint32(directory + field, 0x7fffffff, true);
  assertRefused(() => readZipArchive(bytes), /a\/one to end before offset/);
});

Deno.test("readZipArchive refuses sizes beyond 2^53 in zip64 records", () => {
  const bytes = writeZip(entries, { zip64: true });
  const view = new DataView(bytes.buffer);
  const end64 = bytes.length - 22 - 20 - 56;
  for (const field of [32, 40, 48]) {
    const copy = bytes.slice();
    new DataView(copy.buffer).setBigUint64(end64 + field, 0xffffffffffffffffn, true);
    assertRefused(() => readZipArchive(copy), /zip directory/);
  }
  const extra = Number(view.getBigUint64(end64 + 48, true)) + 46 + "a/one".length;
  view.setBigUint64(extra + 20, 0xffffffffffffffffn, true);
  assertRefused(() => readZipArchive(bytes), /the header of zip entry a\/one/);
});

Deno.test("readZipArchive refuses the same name twice", () => {
  const bytes = writeZip(new Map([["a/one", text], ["a/two", text]]));
  const renamed = new Uint8Array(bytes);
  const name = new TextEncoder().encode("two");
  for (let position = 0; position + 3 <= renamed.length; position++) {
    if (name.every((byte, index) => renamed[position + index] === byte)) {
      renamed.set(new TextEncoder().encode("one"), position);
    }
  }
  assertRefused(() => readZipArchive(renamed), /different names but found a\/one twice/);
});

Deno.test("readZipArchive refuses an archive cut short at any byte", () => {
  assertRefusesEveryCut(readZipArchive, writeZip(entries));
  assertRefusesEveryCut(readZipArchive, writeZip(entries, { zip64: true }));
});

Deno.test("readZipArchive takes or refuses damaged archives and never fails otherwise", () => {
  assertSurvivesDamage(readZipArchive, writeZip(entries));
  assertSurvivesDamage(readZipArchive, writeZip(entries, { zip64: true }));
});
