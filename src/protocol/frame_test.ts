import assert from "node:assert/strict";
import { checkFrame, checkResult, countWithoutPadding, emptyFrame, type Frame } from "./frame.ts";
import { ProtocolError } from "./protocol_error.ts";

function frameWithCell(...cell: number[]): Frame {
  return { cell: Float64Array.from(cell), positions: Float64Array.of(0, 0, 0, 0, 0, 1) };
}

Deno.test("checkFrame takes every cell a host may mean, missing vectors and left-handed ones included", () => {
  checkFrame(frameWithCell(0, 0, 0, 0, 0, 0, 0, 0, 0)); // ASE's molecule
  checkFrame(frameWithCell(0, 0, 0, 0, 3, 0, 0, 0, 0)); // a wire
  checkFrame(frameWithCell(3, 0, 0, 1, 3, 0, 0, 0, 0)); // a slab
  checkFrame(frameWithCell(0, 3, 0, 3, 0, 0, 0, 0, 3)); // left-handed, from i-PI's ffrotations
  checkFrame(frameWithCell(1e-3, 0, 0, 0, 1e5, 0, 0, 0, 1e5)); // thin, but a cell
});

Deno.test("checkFrame refuses a cell whose vectors are linearly dependent or not finite", () => {
  for (
    const cell of [[1, 2, 3, 2, 4, 6, 0, 0, 0], [1, 0, 0, 0, 1, 0, 1, 1, 0], [1, 0, 0, 0, 1, 0, 1, 0, 0]]
  ) assert.throws(() => checkFrame(frameWithCell(...cell)), /^ProtocolError: Expected linearly independent/);
  assert.throws(() => checkFrame(frameWithCell(1, 0, 0, 0, NaN, 0, 0, 0, 1)), /finite cell .* NaN/);
});

Deno.test("checkFrame names the atom whose position is not finite", () => {
  const frame = emptyFrame(3);
  frame.positions[7] = NaN;
  assert.throws(() => checkFrame(frame), /found NaN in coordinate y of atom 3/);
});

Deno.test("countWithoutPadding drops copies at the end only", () => {
  const [a, b] = [frameWithCell(1, 0, 0, 0, 1, 0, 0, 0, 1), frameWithCell(2, 0, 0, 0, 1, 0, 0, 0, 1)];
  const copy: Frame = { cell: a.cell.slice(), positions: a.positions.slice() };
  assert.equal(countWithoutPadding([a]), 1);
  assert.equal(countWithoutPadding([a, b]), 2);
  assert.equal(countWithoutPadding([b, a, copy, a]), 2);
  assert.equal(countWithoutPadding([a, copy, b]), 3); // a frame's place in the batch stays its own
  copy.positions[5] = 1 + Number.EPSILON;
  assert.equal(countWithoutPadding([b, a, copy]), 3);
});

Deno.test("checkResult lets nothing pass that is not finite or has the wrong length", () => {
  const good = { energy: 1, forces: new Float64Array(6), virial: new Float64Array(9) };
  checkResult(good, 2);
  const wrong = [
    { ...good, energy: NaN },
    { ...good, forces: new Float64Array(3) },
    { ...good, forces: Float64Array.of(0, 0, 0, 0, Infinity, 0) },
    { ...good, virial: new Float64Array(6) },
    { ...good, virial: Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0, NaN) },
  ];
  for (const result of wrong) assert.throws(() => checkResult(result, 2), ProtocolError);
});
