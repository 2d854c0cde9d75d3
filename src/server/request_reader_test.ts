import { deepEqual, equal, throws } from "node:assert/strict";
import { computeBody, helloBody, join, message, systemBody } from "./fake_client.ts";
import { Refusal } from "./refusal.ts";
import { type Request, RequestReader } from "./request_reader.ts";
import { createRandom } from "../structure/random.ts";
import { requestKinds } from "./wire.ts";

const { hello, system, compute, goodbye } = requestKinds;

const positions = Array.from({ length: 18 }, (_, k) => k + 0.5);
const cells = Array.from({ length: 18 }, (_, k) => k * 1.5);

/** One of each request, and what it must be read as. */
const conversation = join([
  message(hello, helloBody("sésame", "a client"), 1),
  message(system, systemBody([8, 1, 1], -1.5, 3), 2),
  message(compute, computeBody({ wanted: 33, axes: 5, count: 2, cells, positions }), 3),
  message(compute, computeBody({ wanted: 0, positions: positions.slice(9) }), 4),
  message(goodbye, new Uint8Array(0), 5),
]);

/** Feeds bytes in the pieces given; gives all requests, their views copied. */
function readAll(bytes: Uint8Array, pieces: Iterable<number>, longestBody = 1 << 20): Request[] {
  const reader = new RequestReader(longestBody);
  const requests: Request[] = [];
  let at = 0;
  for (const piece of pieces) {
    for (const end = Math.min(bytes.length, at + piece); at < end;) {
      const space = reader.space();
      if (space === null) throw new Error("Expected room for more bytes but found none");
      const count = Math.min(space.length, end - at);
      space.set(bytes.subarray(at, at + count));
      reader.advance(count);
      at += count;
      for (let request = reader.next(); request !== undefined; request = reader.next()) {
        requests.push("values" in request ? { ...request, values: request.values.slice() } : request);
        reader.release();
      }
    }
  }
  return requests;
}

/** Pieces of one length. */
function pieces(length: number, bytes: Uint8Array): number[] {
  return new Array(Math.ceil(bytes.length / length)).fill(length);
}

function read(bytes: Uint8Array, longestBody?: number): Request[] {
  return readAll(bytes, [bytes.length], longestBody);
}

Deno.test("RequestReader reads every request as docs/protocol.md writes it", () => {
  deepEqual(read(conversation), [
    { kind: "hello", version: 1, token: new TextEncoder().encode("sésame"), name: "a client" },
    { kind: "system", numbers: Uint8Array.of(8, 1, 1), charge: -1.5, unpaired: 3 },
    {
      kind: "compute",
      count: 2,
      wanted: 33,
      periodic: [true, false, true],
      values: Float64Array.from([...cells, ...positions]),
    },
    {
      kind: "compute",
      count: 1,
      wanted: 0,
      periodic: [false, false, false],
      values: Float64Array.from(positions.slice(9)),
    },
    { kind: "goodbye" },
  ]);
});

Deno.test("RequestReader reads the same wherever the bytes are cut", () => {
  const whole = read(conversation);
  for (let cut = 0; cut <= conversation.length; cut++) {
    deepEqual(readAll(conversation, [cut, conversation.length]), whole, `cut at byte ${cut}`);
  }
  for (const length of [1, 3, 7, 17]) {
    deepEqual(readAll(conversation, pieces(length, conversation)), whole, `pieces of ${length}`);
  }
});

Deno.test("RequestReader grows with what it receives, up to the longest body", () => {
  const many = Array.from({ length: 30_000 }, (_, k) => k);
  const bytes = message(compute, computeBody({ positions: many, count: 100 }), 7);
  const [request] = readAll(join([conversation, bytes]), new Array(200).fill(4096)).slice(-1);
  deepEqual(request, {
    kind: "compute",
    count: 100,
    wanted: 31,
    periodic: [false, false, false],
    values: Float64Array.from(many),
  });
  // A header that announces the longest body allowed costs no room before that body has come.
  const reader = new RequestReader(2 ** 30);
  const header = message(compute, new Uint8Array(0), 1);
  new DataView(header.buffer).setUint32(8, 2 ** 30, true);
  reader.space()!.set(header);
  reader.advance(16);
  equal(reader.next(), undefined);
  equal(reader.space()!.buffer.byteLength < 2 ** 16, true);
});

Deno.test("RequestReader keeps a request's numbers as they are until it is released, whatever comes meanwhile", () => {
  const reader = new RequestReader(1 << 20);
  const first = message(compute, computeBody({ positions }), 1);
  reader.space()!.set(first);
  reader.advance(first.length);
  const request = reader.next();
  equal(request?.kind, "compute");
  let room = reader.space();
  for (let k = 0; room !== null; k++) {
    room.fill(k);
    reader.advance(Math.min(room.length, 1000));
    room = reader.space();
  }
  deepEqual((request as { values: Float64Array }).values, Float64Array.from(positions));
  reader.release();
  throws(() => reader.next(), Refusal);
});

Deno.test("RequestReader refuses what is malformed, and says what it found", () => {
  const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
    [new TextEncoder().encode("GET / HTTP/1.1\r\n"), 1, /begins with SPK1 but found the bytes 47/],
    [new TextEncoder().encode("SPK2"), 1, /53 50 4b 32/],
    [message(0, new Uint8Array(0), 1), 1, /kind 1 to 4 but found kind 0/],
    [message(101, new Uint8Array(0), 1), 1, /found kind 101/],
    [withLength(message(goodbye, new Uint8Array(0), 1), 12), 1, /multiple of 8 bytes/],
    [
      withLength(message(compute, new Uint8Array(0), 1), 0xfffffff8),
      4,
      /at most 1048576 bytes but found a length of 4294967288/,
    ],
    [message(goodbye, new Uint8Array(8), 1), 1, /empty body of GOODBYE/],
    [message(hello, new Uint8Array(8), 1), 1, /at least 16 bytes in HELLO/],
    [message(hello, bytesOf(1, 0, 0xffffffff, 0), 1), 1, /in the token of HELLO but found 4294967295/],
    [message(hello, bytesOf(1, 0, 0, 9, 0, 0), 1), 1, /at most 8 bytes in the name of HELLO but found 9/],
    [message(hello, bytesOf(1, 0, 0, 0, 0, 0), 1), 1, /Expected 16 bytes in HELLO but found 24/],
    [message(system, bytesOf(0xffffffff, 0, 0, 0), 1), 1, /4294967295 atoms but found 16/],
    [message(system, new Uint8Array(0), 1), 1, /in SYSTEM/],
    [message(compute, new Uint8Array(8), 1), 1, /at least 16 bytes in COMPUTE/],
    [message(compute, bytesOf(0, 1, 0, 0), 1), 1, /one structure or more/],
    [message(compute, bytesOf(1, 64, 0, 0), 1), 1, /what is wanted but found 64/],
    [message(compute, bytesOf(1, 1, 8, 0), 1), 1, /periodic axes but found 8/],
  ];
  for (const [bytes, code, text] of cases) {
    throws(
      () => read(bytes),
      (error) => error instanceof Refusal && error.code === code && error.closes && text.test(error.message),
      String(text),
    );
  }
  // The first wrong byte is enough.
  throws(() => read(Uint8Array.of(0x53, 0x51)), /53 51/);
});

Deno.test("RequestReader reads or refuses random bytes, and never fails otherwise", () => {
  const random = createRandom(7);
  for (let round = 0; round < 3000; round++) {
    const bytes = conversation.slice();
    // Half of the rounds damage a conversation, the others follow a good header by garbage.
    if (round % 2 === 0) {
      for (let k = 0; k < 3; k++) bytes[Math.floor(random() * bytes.length)] = Math.floor(256 * random());
    } else {
      for (let k = 16; k < bytes.length; k++) bytes[k] = Math.floor(256 * random());
    }
    try {
      readAll(bytes, pieces(1 + Math.floor(random() * 99), bytes));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
});

function withLength(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array {
  new DataView(bytes.buffer).setUint32(8, length, true);
  return bytes;
}

function bytesOf(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
