import assert from "node:assert/strict";
import { LineSplitter, longestLine } from "./lines.ts";

Deno.test("LineSplitter gives the same lines however the text is cut", () => {
  const text = "a\r\n\nbc\n\r\nlast";
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += size) lines.push(...splitter.push(text.slice(at, at + size)));
    lines.push(...splitter.end());
    assert.deepEqual(lines, ["a", "", "bc", "", "last"]);
  }
});

Deno.test("LineSplitter refuses an endless line after the lines before it", () => {
  const lines = new LineSplitter().push(`ok\n${"x".repeat(longestLine + 1)}`);
  assert.equal(lines.next().value, "ok");
  assert.throws(() => lines.next(), /lines of at most 1048576 characters/);
  const splitter = new LineSplitter();
  assert.throws(() => {
    for (let k = 0; k < 100; k++) Array.from(splitter.push("x".repeat(2 ** 16)));
  }, RangeError);
});
