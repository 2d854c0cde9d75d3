import assert from "node:assert/strict";
import type { SystemReport } from "./report.ts";
import { spreadOf } from "./spread.ts";
import { kernelTables, tableHead, tableRows } from "./tables.ts";

const report: SystemReport = {
  name: "a file with a long name.xyz",
  atoms: 21,
  copies: 8,
  devices: [{
    device: "software",
    description: { kind: "software", name: "llvmpipe", driver: "Mesa", readBack: "synchronous" },
    evaluation: spreadOf([12, 13, 14]),
    parts: { "neighbour list": 0.01, "upload": 0.2, "computation": 1234.5, "read-back": 0.04, "rest": 0.05 },
    socket: spreadOf([0.06]),
    firstForces: 860,
    residentBytes: 200 * 2 ** 20,
    energy: -1,
    kernels: [{ kernel: "linear", dispatches: 78, milliseconds: 3 }, {
      kernel: "forces",
      dispatches: 1,
      milliseconds: 1,
    }],
  }],
};

Deno.test("tableRows() stand below tableHead(), with three digits and at most three decimals", () => {
  const [head, rows] = [tableHead(), tableRows(report)];
  assert.equal(rows.length, head.length);
  assert.match(rows, /^a file with a {5}21 {7}8 software +13\.0 +12\.5–13\.5 +0\.010 +0\.200 +1235 /);
  assert.match(rows, / 0\.060 +0\.86 +200$/);
});

Deno.test("kernelTables() give each kernel its share", () => {
  const table = kernelTables(report);
  assert.match(table, /^a file with a long name\.xyz \(8 × 21 atoms\), kernels on software: 4\.00 ms in all\n/);
  assert.match(table, /linear +78 × +3\.00 ms +75 %\n.*forces +1 × +1\.00 ms +25 %$/);
});
