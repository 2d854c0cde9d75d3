import assert from "node:assert/strict";
import { encodeExtras } from "./extras.ts";
import { ProtocolError } from "./protocol_error.ts";

Deno.test("encodeExtras writes one JSON object that gives every double back", () => {
  const charges = Float64Array.of(0.1, -1 / 3, 1e-300, 1e21, -0);
  const text = encodeExtras({ charges, dipole: [1, [2.5, Float32Array.of(0.5)]], model: 'a "b"', ok: true });
  const read = JSON.parse(text);
  assert.deepEqual(read.charges, [0.1, -1 / 3, 1e-300, 1e21, 0]); // JSON has one zero
  assert.deepEqual(read.dipole, [1, [2.5, [0.5]]]);
  assert.deepEqual([read.model, read.ok], ['a "b"', true]);
});

Deno.test("encodeExtras gives no text for no extras", () => {
  assert.equal(encodeExtras(undefined), "");
  assert.equal(encodeExtras({}), "");
});

Deno.test("encodeExtras refuses what i-PI dies of", () => {
  for (const value of [NaN, [1, Infinity], Float64Array.of(NaN), null, undefined, { a: 1 }, 1n]) {
    assert.throws(() => encodeExtras({ value }), ProtocolError);
  }
  assert.throws(() => encodeExtras({ raw: 1 }), ProtocolError);
});
