import { deepEqual, equal } from "node:assert/strict";
import { StatusLine } from "./status_line.ts";

function recorder(isTerminal: boolean) {
  const written: string[] = [];
  const output = { isTerminal, columns: 10, written, time: 0, write: (text: string) => void written.push(text) };
  return Object.assign(output, { now: () => output.time });
}

Deno.test("StatusLine draws over itself on a terminal, at most ten times a second, and no wider than it", () => {
  const output = recorder(true);
  const status = new StatusLine(output);
  for (output.time = 0; output.time < 200; output.time += 10) status.update(() => `step ${output.time} of many`);
  deepEqual(output.written, ["\r\x1b[Kstep 0 of", "\r\x1b[Kstep 100 "]);
});

Deno.test("StatusLine prints a plain line every ten seconds in a log", () => {
  const output = recorder(false);
  const status = new StatusLine(output);
  for (output.time = 0; output.time <= 25_000; output.time += 100) status.update(() => `at ${output.time}`);
  deepEqual(output.written, ["at 10000\n", "at 20000\n"]);
});

Deno.test("StatusLine clears what it drew before a line that stays", () => {
  const output = recorder(true);
  const status = new StatusLine(output);
  status.update(() => "busy");
  status.print("note");
  status.end("done");
  equal(output.written.join(""), "\r\x1b[Kbusy\r\x1b[Knote\ndone\n");
});
