import assert from "node:assert/strict";
import {
  batchedPositionData,
  float64,
  header,
  init,
  int32,
  join,
  positionData,
  text,
  wireStructure,
} from "./host_messages.ts";
import type { Message } from "./message.ts";
import { MessageReader } from "./message_reader.ts";
import { ProtocolError } from "./protocol_error.ts";
import { bohr } from "./units.ts";

/** Feeds bytes in the given pieces and returns a description of every message: frames are used again, so copied. */
function readAll(reader: MessageReader, ...pieces: readonly Uint8Array[]): unknown[] {
  const messages: unknown[] = [];
  for (const piece of pieces) {
    for (let done = 0; done < piece.length;) {
      const space = reader.space();
      const count = Math.min(space.length, piece.length - done);
      space.set(piece.subarray(done, done + count));
      reader.advance(count);
      done += count;
      for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(copy(message));
    }
  }
  return messages;
}

function copy(message: Message): unknown {
  if (message.kind === "init") return { kind: "init", ...message.initialisation, parameters: undefined };
  if (message.kind !== "posdata") return message;
  return {
    kind: "posdata",
    frames: message.frames.map(({ cell, positions }) => ({ cell: [...cell], positions: [...positions] })),
  };
}

/** What the wire structure is in Å: the wire has the cell's vectors in columns. */
function expectedFrame({ cell, positions }: ReturnType<typeof wireStructure>): unknown {
  const transposed = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => bohr * cell[i]!);
  return { cell: transposed, positions: positions.map((x) => bohr * x) };
}

const triclinic = { ...wireStructure(2), cell: [18.9, 7.1, 3.9, 0, 19.5, -1.4, 0, 0, 22.3] };

Deno.test("MessageReader transposes the cell: i-PI's upper triangle has the vectors in its columns", () => {
  const [message] = readAll(new MessageReader(2), positionData(triclinic)) as [{ frames: [{ cell: number[] }] }];
  const rows = [18.9, 0, 0, 7.1, 19.5, 0, 3.9, -1.4, 22.3].map((x) => bohr * x);
  assert.deepEqual(message.frames[0].cell, rows);
});

const dialogue = [
  header("STATUS"),
  init(7, " foo : 1 , "),
  header("STATUS", "\0"),
  positionData(triclinic),
  header("GETFORCE"),
  positionData(wireStructure(2, 1), "\0"),
  header("STATUS"),
  header("GETFORCE", "\0"),
  header("EXIT"),
];
const understood = [
  { kind: "status" },
  {
    kind: "init",
    requestId: 7,
    text: " foo : 1 , ",
    host: "i-PI",
    batchSize: 1,
    parameters: undefined,
  },
  { kind: "status" },
  { kind: "posdata", frames: [expectedFrame(triclinic)] },
  { kind: "getforce" },
  { kind: "posdata", frames: [expectedFrame(wireStructure(2, 1))] },
  { kind: "status" },
  { kind: "getforce" },
  { kind: "exit" },
];

Deno.test("MessageReader understands merged messages, and messages cut at every byte", () => {
  const bytes = join(...dialogue);
  assert.deepEqual(readAll(new MessageReader(2), bytes), understood);
  assert.deepEqual(readAll(new MessageReader(2), ...dialogue), understood);
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.deepEqual(readAll(new MessageReader(2), bytes.subarray(0, cut), bytes.subarray(cut)), understood);
  }
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  assert.deepEqual(readAll(new MessageReader(2), ...single), understood);
});

Deno.test("MessageReader reads batches after an INIT that announces them, each with its own cell", () => {
  const structures = [triclinic, wireStructure(2, 1), wireStructure(2, 2)];
  const batch = join(init(0, "  batch_size:3"), batchedPositionData(structures), header("GETFORCE"));
  const expected = { kind: "posdata", frames: structures.map(expectedFrame) };
  for (let cut = 1; cut < batch.length; cut++) {
    const messages = readAll(new MessageReader(2), batch.subarray(0, cut), batch.subarray(cut));
    assert.deepEqual(messages.slice(1), [expected, { kind: "getforce" }]);
  }
});

Deno.test("MessageReader goes back to single structures when INIT says so", () => {
  const reader = new MessageReader(2);
  readAll(reader, init(0, "  batch_size:3"), init(0, " "));
  assert.equal(reader.batchSize, 1);
  assert.deepEqual(readAll(reader, positionData(triclinic)), [{ kind: "posdata", frames: [expectedFrame(triclinic)] }]);
});

Deno.test("MessageReader reads the segments' names with the first POSDATA in shared memory, then only counts", () => {
  const names = ["pos", "h", "ih", "pot", "force", "vir"].map((kind) => `ipi_shm_1_2_${kind}`);
  const first = join(
    header("POSDATA"),
    int32(2),
    ...names.map((name) => join(int32(name.length), text(name))),
    header("GETFORCE"),
  );
  const bytes = join(first, header("POSDATA"), int32(2), header("GETFORCE"));
  const expected = [
    { kind: "shared posdata", segmentNames: names },
    { kind: "getforce" },
    { kind: "shared posdata" },
    { kind: "getforce" },
  ];
  for (let cut = 1; cut < bytes.length; cut++) {
    const messages = readAll(new MessageReader(2, true), bytes.subarray(0, cut), bytes.subarray(cut));
    assert.deepEqual(messages, expected);
  }
});

Deno.test("MessageReader uses the same arrays for every POSDATA", () => {
  const reader = new MessageReader(2);
  const seen = new Set<unknown>();
  for (let step = 0; step < 3; step++) {
    reader.space().set(positionData(wireStructure(2, step)));
    reader.advance(positionData(triclinic).length);
    const message = reader.next();
    assert.equal(message?.kind, "posdata");
    if (message?.kind === "posdata") seen.add(message.frames[0]!.positions);
  }
  assert.equal(seen.size, 1);
});

Deno.test("MessageReader refuses another atom count before the positions have come", () => {
  for (const count of [0, -1, 1, 3, 2 ** 31 - 1, -(2 ** 31)]) {
    const start = join(header("POSDATA"), float64(new Array(18).fill(0)), int32(count));
    assert.throws(() => readAll(new MessageReader(2), start), (error: Error) => {
      return error instanceof ProtocolError && error.message.startsWith(`Expected 2 atoms in the host's POSDATA but`);
    });
  }
});

Deno.test("MessageReader says what to do when the host uses another layout than it was told of", () => {
  const batch = batchedPositionData([wireStructure(2), wireStructure(2, 1)]);
  assert.throws(() => readAll(new MessageReader(2), batch), /batches, .* --init ask$/);
  const name = "ipi_shm_1234_15_pos";
  const names = join(...Array.from({ length: 6 }, () => join(int32(name.length), text(name))));
  const shared = join(header("POSDATA"), int32(2), names, header("GETFORCE"));
  assert.throws(() => readAll(new MessageReader(2), shared), /connect with --shm$/);
  assert.throws(() => readAll(new MessageReader(2, true), positionData(triclinic)), /with --shm the host must use/);
});

Deno.test("MessageReader names the bytes of a header it does not know", () => {
  assert.throws(
    () => readAll(new MessageReader(2), text("GET / HTTP/1.1\r\n")),
    /found the bytes 47 45 54 20 2f 20 48 54 54 50 2f 31 \("GET \/ HTTP\/1"\)/,
  );
  assert.throws(() => readAll(new MessageReader(2), header("GETHESSIAN")), ProtocolError);
  assert.throws(() => readAll(new MessageReader(2), header("status")), ProtocolError);
});

Deno.test("MessageReader refuses absurd lengths before allocating for them", () => {
  for (const length of [-1, 2 ** 31 - 1]) {
    const bytes = join(header("INIT"), int32(0, length));
    assert.throws(() => readAll(new MessageReader(2), bytes), /bytes of text in the host's INIT but found a length of/);
    const shared = join(header("POSDATA"), int32(2, length));
    assert.throws(() => readAll(new MessageReader(2, true), shared), /in the name of the shared-memory segment "pos"/);
  }
  assert.throws(() => readAll(new MessageReader(1000), init(0, "  batch_size:999999999")), /batch_size of at most/);
  for (const atomCount of [0, -1, 1.5, NaN, 2 ** 31]) assert.throws(() => new MessageReader(atomCount), RangeError);
});

Deno.test("MessageReader grows only with bytes received, and not without end", () => {
  const reader = new MessageReader(1);
  readAll(reader, init(0, "  batch_size:1000000"));
  assert.ok(reader.space().buffer.byteLength < 1 << 20); // 168 MB were announced
  const patient = new MessageReader(1);
  assert.throws(() => {
    for (let sent = 0; sent < 1 << 24;) {
      const space = patient.space();
      patient.advance(space.length); // never taking a message
      sent += space.length;
    }
  }, /Expected the host to wait for an answer/);
});

Deno.test("MessageReader answers random bytes with messages or a ProtocolError, never with anything else", () => {
  let state = 12345;
  const random = () => state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  const valid = join(...dialogue);
  for (let round = 0; round < 2000; round++) {
    const bytes = valid.slice();
    const changes = 1 + (random() >>> 8) % 4;
    for (let i = 0; i < changes; i++) bytes[(random() >>> 8) % bytes.length] = random() >>> 16;
    const reader = new MessageReader(2, round % 2 === 1);
    try {
      readAll(reader, bytes);
    } catch (error) {
      assert.ok(error instanceof ProtocolError && !error.message.includes("\n"), String(error));
    }
  }
});
