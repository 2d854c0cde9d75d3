import assert from "node:assert/strict";
import { parseIpiComment } from "./ipi_comment.ts";

const bohr = 1 / 1.8897261;

function assertCell(comment: string, expected: number[], tolerance: number) {
  const cell = parseIpiComment(comment)!.cell!;
  expected.forEach((value, at) => assert.ok(Math.abs(cell[at]! - value) <= tolerance, `${cell}`));
}

Deno.test("parseIpiComment takes units from the braces and bohr where there are none", () => {
  const cases: [string, number, number][] = [
    ["# CELL(abcABC): 10 10 10 90 90 90", bohr, 10 * bohr],
    ["# CELL(abcABC): 10 10 10 90 90 90  Step: 4 Bead: 0 positions{angstrom}  cell{angstrom}", 1, 10],
    ["# CELL{abcABC}:   10.0  10.0   10.0  90 90 90  positions{angstrom}  cell{atomic_unit}", 1, 10 * bohr],
    ["positions{atomic_unit} cell{angstrom} # CELL[abcABC]: 10 10 10 90 90 90 ", bohr, 10],
    ["# CELL(abcABC): 1 1 1 90 90 90 x_centroid{nanometer} cell{nanometer}", 10, 10],
    ["# bead: 3 CELL(abcABC): 10 10 10 90 90 90", bohr, 10 * bohr],
  ];
  for (const [comment, lengthUnit, edge] of cases) {
    assert.ok(Math.abs(parseIpiComment(comment)!.lengthUnit - lengthUnit) < 1e-14);
    // Cosines of 90° are 6·10⁻¹⁷, so the other elements are not exactly zero.
    assertCell(comment, [edge, 0, 0, 0, edge, 0, 0, 0, edge], 1e-13);
  }
});

Deno.test("parseIpiComment gives the same lattice from lengths and angles, columns, and rows", () => {
  // The wire example of a triclinic cell that i-PI wrote (upper triangular, columns a, b, c).
  const h = "18.9 7.1 3.9 0 19.5 -1.4 0 0 22.3";
  const rows = [18.9, 0, 0, 7.1, 19.5, 0, 3.9, -1.4, 22.3];
  assertCell(`# CELL(H): ${h} positions{angstrom} cell{angstrom}`, rows, 0);
  assertCell(`# CELL(GENH): ${rows.join(" ")} positions{angstrom} cell{angstrom}`, rows, 0);
  const length = (row: number) => Math.hypot(...rows.slice(3 * row, 3 * row + 3));
  const angle = (p: number, q: number) => {
    const dot = [0, 1, 2].reduce((sum, k) => sum + rows[3 * p + k]! * rows[3 * q + k]!, 0);
    return Math.acos(dot / (length(p) * length(q))) * 180 / Math.PI;
  };
  const six = [length(0), length(1), length(2), angle(1, 2), angle(0, 2), angle(0, 1)];
  assertCell(`# CELL(abcABC): ${six.join("  ")} cell{angstrom}`, rows, 1e-12);
});

Deno.test("parseIpiComment knows a comment that is not i-PI's", () => {
  for (const comment of ["", "water", "CELL 3 4 5", 'Lattice="1 0 0 0 1 0 0 0 1"', "a={1 2}", "forces{ev/ang}"]) {
    assert.equal(parseIpiComment(comment), null);
  }
  assert.deepEqual(parseIpiComment("frame 3 positions{angstrom}"), { cell: null, lengthUnit: 1, rest: "frame 3  " });
});

Deno.test("parseIpiComment leaves the rest of the comment, and takes time linear in its length", () => {
  const comment = "# CELL(abcABC): 10 10 10 90 90 90 Step: 7 positions{angstrom} cell{angstrom} charge=1";
  assert.match(parseIpiComment(comment)!.rest, /^#\s+Step: 7\s+charge=1$/);
  assert.equal(parseIpiComment("a".repeat(1_000_000)), null);
  assert.equal(parseIpiComment("CELL(H)".repeat(100_000)), null);
});

Deno.test("parseIpiComment refuses other quantities, unknown units and cells that span nothing", () => {
  const wrong: [string, RegExp][] = [
    [
      "# CELL(abcABC): 10 10 10 90 90 90 forces{atomic_unit} cell{angstrom}",
      /positions but found an i-PI file of forces/,
    ],
    ["# CELL(abcABC): 10 10 10 90 90 90 positions{furlong}", /unit of length .* \{furlong\}/],
    ["# CELL(abcABC): 10 10 10 90 90 90 cell{kelvin}", /\{kelvin\}/],
    ["# CELL(abcABC): 10 10 90 90 90 positions{angstrom}", /6 numbers after CELL\(abcABC\)/],
    ["# CELL(abcABC): 10 10 10 90 90 9e999", /6 numbers/],
    ["# CELL(H): 1 2 3 4 5 6 7 8", /9 numbers after CELL\(H\)/],
    ["# CELL(GENH): ", /9 numbers/],
    ["# CELL(abcABC): 10 10 10 30 30 90", /lengths and angles that span a cell/],
    ["# CELL(abcABC): 10 0 10 90 90 90", /span a cell/],
    ["# CELL(abcABC): 10 10 10 90 90 0", /span a cell/],
  ];
  for (const [comment, pattern] of wrong) {
    assert.throws(() => parseIpiComment(comment), (error: Error) => {
      assert.match(error.message, pattern);
      return error instanceof SyntaxError;
    });
  }
});
