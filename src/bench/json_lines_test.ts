import assert from "node:assert/strict";
import { formatJsonLine, readJsonLines } from "./json_lines.ts";

Deno.test("readJsonLines() gives what formatJsonLine() wrote, in whatever pieces it comes", async () => {
  const values = [{ a: [1, 2.5], b: "ä\n" }, null, 0.1 + 0.2];
  const bytes = values.flatMap((value) => [...formatJsonLine(value)]);
  for (const size of [1, 7, 1000]) {
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, k) => Uint8Array.from(bytes.slice(k * size, (k + 1) * size)),
    );
    assert.deepEqual(await Array.fromAsync(readJsonLines(ReadableStream.from(pieces))), values);
  }
});
