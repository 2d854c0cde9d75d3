import assert from "node:assert/strict";
import { float64, header, int32, join, text } from "./host_messages.ts";
import { MessageWriter } from "./message_writer.ts";
import { bohr, hartree, hartreePerBohr } from "./units.ts";

// Numbers of eV and eV/Å that are exact in atomic units, so that bytes can be compared.
const first = {
  energy: -2 * hartree,
  forces: Float64Array.of(1, 2, 3, -1, -2, -3).map((force) => force * hartreePerBohr),
  virial: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9).map((virial) => virial * hartree),
};
const second = { ...first, energy: 4 * hartree };
/** Off-diagonal entries are means: (2 + 4) / 2, (3 + 7) / 2, (6 + 8) / 2. */
const symmetric = [1, 3, 5, 3, 5, 7, 5, 7, 9];

Deno.test("MessageWriter.forceReady writes i-PI's layout in atomic units, the virial symmetric", () => {
  const expected = join(
    header("FORCEREADY"),
    float64([-2]),
    int32(2),
    float64([1, 2, 3, -1, -2, -3]),
    float64(symmetric),
    int32(0),
  );
  assert.deepEqual(new MessageWriter(2).forceReady([first], 1), expected);
});

Deno.test("MessageWriter.forceReady fills a batch up with its last result", () => {
  const forces = float64([1, 2, 3, -1, -2, -3]);
  const virial = float64(symmetric);
  const expected = join(
    header("FORCEREADY"),
    float64([-2, 4, 4]),
    int32(2),
    ...[forces, forces, forces, virial, virial, virial],
    int32(0, 0, 0),
  );
  assert.deepEqual(new MessageWriter(2).forceReady([first, second], 3), expected);
});

Deno.test("MessageWriter.forceReady counts extras in bytes of UTF-8", () => {
  const reply = new MessageWriter(2).forceReady([{ ...first, extras: { unit: "Å" } }], 1);
  const json = text('{"unit":"Å"}');
  assert.equal(json.length, 13);
  assert.deepEqual(reply.subarray(-17), join(int32(13), json));
});

Deno.test("MessageWriter.sharedForceReady sends the header and each structure's extras only", () => {
  const reply = new MessageWriter(2).sharedForceReady([{ ...first, extras: { a: 1 } }], 2);
  const extras = join(int32(7), text('{"a":1}'));
  assert.deepEqual(reply, join(header("FORCEREADY"), extras, extras));
});

Deno.test("MessageWriter.forceReady uses one buffer for replies of the same size", () => {
  const writer = new MessageWriter(2);
  assert.equal(writer.forceReady([first], 1).buffer, writer.forceReady([second], 1).buffer);
});

Deno.test("units are CODATA 2018: 1 hartree/bohr = 51.4220674763 eV/Å", () => {
  assert.ok(Math.abs(hartreePerBohr - 51.4220674763) < 1e-9);
  assert.ok(Math.abs(hartree * bohr - 14.3996454785) < 1e-9); // e²/4πε₀ in eV Å
});
