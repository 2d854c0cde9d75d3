import assert from "node:assert/strict";
import { parseFrames, readFrames } from "./extended_xyz.ts";
import { type Frame, structureOfFrame } from "./frame.ts";
import { createRandom } from "./random.ts";
import { XyzError } from "./xyz_error.ts";

const silicon = `2
Lattice="5.44 0.0 0.0 0.1 5.44 0.0 0.2 0.3 5.44" Properties=species:S:1:pos:R:3:forces:R:3:tag:I:1:fixed:L:1:site:S:1 pbc="T T F" charge=-1 unpaired=1 energy=-1.5 name="bulk \\"Si\\""
Si 0.0 0.0 0.0 1 2 3 7 T a
Si 1.36 1.36 1.36 -1 -2 -3.5e0 8 F b
`;
const water = "3\nwater, E = -76.4 Eh (it's free text)\nO 0 0 0\nH .96 0 0 extra columns\n1 -0.24 0.93 0\n";
const ipi = "2\n# CELL(abcABC): 10 20 30 90 90 90 Step: 1 Bead: 0 positions{angstrom} cell{angstrom}\n" +
  "   D 1.0e0 2 3\n  H2 4 5 6\n";
const three = silicon + water + ipi;

async function* inPieces(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

function first(text: string): Frame {
  return parseFrames(text).next().value as Frame;
}

function refuses(text: string, pattern: RegExp) {
  assert.throws(() => Array.from(parseFrames(text, "x.xyz")), (error: Error) => {
    assert.ok(error instanceof XyzError, `${error}`);
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

Deno.test("parseFrames reads cell, periodicity, keys and columns of extended XYZ", () => {
  const frame = first(silicon);
  assert.equal(frame.format, "extended");
  assert.deepEqual(frame.numbers, Uint8Array.of(14, 14));
  assert.deepEqual(frame.positions, Float64Array.of(0, 0, 0, 1.36, 1.36, 1.36));
  assert.deepEqual(frame.cell, Float64Array.of(5.44, 0, 0, 0.1, 5.44, 0, 0.2, 0.3, 5.44));
  assert.deepEqual(frame.periodic, [true, true, false]);
  const keys = { charge: -1, unpaired: 1, energy: -1.5, name: 'bulk "Si"' };
  assert.deepEqual(frame.info, new Map<string, unknown>(Object.entries(keys)));
  assert.deepEqual(
    frame.arrays,
    new Map<string, unknown>([
      ["forces", { columns: 3, values: Float64Array.of(1, 2, 3, -1, -2, -3.5) }],
      ["tag", { columns: 1, values: Float64Array.of(7, 8) }],
      ["fixed", { columns: 1, values: Float64Array.of(1, 0) }],
      ["site", { columns: 1, values: ["a", "b"] }],
    ]),
  );
});

Deno.test("parseFrames reads plain XYZ with symbols or numbers and any comment", () => {
  const frame = first(water);
  assert.equal(frame.format, "plain");
  assert.deepEqual(frame.numbers, Uint8Array.of(8, 1, 1));
  assert.deepEqual(frame.positions, Float64Array.of(0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0));
  assert.deepEqual([frame.cell, frame.periodic, frame.info.size], [null, [false, false, false], 0]);
  assert.equal(frame.comment, "water, E = -76.4 Eh (it's free text)");
  assert.equal(first("1\ncharge = -1, doubled\nO 0 0 0").labels[0], "O");
});

Deno.test("parseFrames reads i-PI's xyz in its units, bohr where none are named", () => {
  const frame = first(ipi);
  assert.equal(frame.format, "i-pi");
  assert.deepEqual([frame.numbers, frame.labels], [Uint8Array.of(1, 1), ["D", "H2"]]);
  assert.deepEqual(frame.positions, Float64Array.of(1, 2, 3, 4, 5, 6));
  assert.ok(Math.abs(frame.cell![8]! - 30) < 1e-13);
  assert.deepEqual(frame.periodic, [true, true, true]);
  const bohr = first("1\n# CELL(abcABC): 10 20 30 90 90 90 charge=1\nH 1.8897261 0 0");
  assert.ok(Math.abs(bohr.positions[0]! - 1) < 1e-15);
  assert.ok(Math.abs(bohr.cell![0]! * 1.8897261 - 10) < 1e-14);
  assert.deepEqual([bohr.info.get("charge"), structureOfFrame(bohr, { periodic: false }).cell], [1, null]);
});

Deno.test("parseFrames takes Lattice as nine numbers, three rows or three lengths", () => {
  const cells = ['"1 2 3 4 5 6 7 8 9"', "[[1,2,3],[4,5,6],[7,8,9]]", "{1 2 3 4 5 6 7 8 9}", "[1,2,3,4,5,6,7,8,9]"];
  for (const cell of cells) {
    assert.deepEqual(first(`1\nLattice=${cell}\nH 0 0 0`).cell, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), cell);
  }
  assert.deepEqual(first('1\nLattice="1 2 3"\nH 0 0 0').cell, Float64Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3));
  assert.deepEqual(first('1\nlattice="1 0 0 0 2 0 0 0 0"\nH 0 0 0').periodic, [true, true, false]);
});

Deno.test("parseFrames takes pbc in every spelling", () => {
  for (const pbc of ['"T F T"', "[T, F, T]", "{true false True}", '"1 0 1"', "[1,0,1]"]) {
    assert.deepEqual(first(`1\nLattice="9 0 0 0 9 0 0 0 9" pbc=${pbc}\nH 0 0 0`).periodic, [true, false, true], pbc);
  }
  assert.deepEqual(first('1\nLattice="9 0 0 0 9 0 0 0 9" pbc=F\nH 0 0 0').periodic, [false, false, false]);
});

Deno.test("parseFrames reads columns in any order, elements by number, and Fortran's exponents", () => {
  const frame = first("2\nProperties=pos:R:3:q:R:1:Z:I:1\n1 2 3 0.5 8\n1D0 2d1 3 -0.5 17\n");
  assert.deepEqual([frame.numbers, frame.labels], [Uint8Array.of(8, 17), ["8", "17"]]);
  assert.deepEqual(frame.positions, Float64Array.of(1, 2, 3, 1, 20, 3));
  assert.deepEqual(first("1\nProperties=species:S:1:Z:I:1:pos:R:3\nD 1 0 0 0").labels, ["D"]);
});

Deno.test("parseFrames reads many frames, blank lines between them, a missing last line end and Windows line ends", () => {
  for (const text of [three, three.replace(/\n$/, ""), three.replaceAll("\n", "\r\n"), "\uFEFF" + three]) {
    const frames = Array.from(parseFrames(text));
    assert.deepEqual(frames.map(({ index, line, format }) => [index, line, format]), [
      [0, 1, "extended"],
      [1, 5, "plain"],
      [2, 10, "i-pi"],
    ]);
  }
  assert.equal(Array.from(parseFrames(silicon + "\n  \n" + water + "\n\n")).length, 2);
});

Deno.test("readFrames gives the frames of parseFrames however the bytes are cut", async () => {
  const text = three.replace("water", "Wasser für µs — 水");
  const expected = Array.from(parseFrames(text));
  for (const size of [1, 2, 3, 7, 64, 100000]) {
    assert.deepEqual(await Array.fromAsync(readFrames(inPieces(text, size))), expected);
  }
  assert.deepEqual(await Array.fromAsync(readFrames(new Blob([text]).stream())), expected);
});

Deno.test("readFrames stops reading, and closes its source, when the consumer stops", async () => {
  let pulled = 0;
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new TextEncoder().encode(water));
    },
    cancel() {
      cancelled = true;
    },
  });
  for await (const frame of readFrames(source)) if (frame.index === 2) break;
  assert.ok(pulled < 10 && cancelled);
});

Deno.test("parseFrames names file, frame and line, and what it expected and found", () => {
  refuses("", /^x\.xyz, frame 1, line 1: Expected at least one frame but found none/);
  refuses("\n\n", /at least one frame/);
  refuses("abc\n", /line 1: Expected a number of atoms from 1 to \d+ but found "abc"/);
  refuses("0\n\n", /number of atoms .* found "0"/);
  refuses("-3\n\n", /found "-3"/);
  refuses("2", /line 1: Expected a comment line but found the end/);
  refuses("2\n\nH 0 0 0\n", /Expected 2 atoms but found the end of the file after 1/);
  refuses(silicon + "3\n\nH 0 0\n", /frame 2, line 7: Expected 4 columns for atom 1 but found 3/);
  refuses("1\n\nQ 0 0 0\n", /line 3: Expected a chemical symbol.* found "Q"/);
  refuses("2\n\nH 0 0 0\nH 0 x 0\n", /line 4: Expected a finite number in pos but found "x"/);
  for (const word of ["nan", "inf", "-Infinity", "1e999", "0x10"]) {
    refuses(`1\n\nH 0 0 ${word}\n`, /finite number in pos/);
  }
  refuses("1\nProperties=species:S:1:pos:R:3\nH 0 0 0 1\n", /4 columns for atom 1 but found more/);
  refuses("1\nProperties=species:S:1:pos:R:3:tag:I:1\nH 0 0 0 1.5\n", /an integer in tag but found "1.5"/);
  refuses("1\nProperties=species:S:1:pos:R:3:fix:L:1\nH 0 0 0 yes\n", /T or F in fix but found "yes"/);
  refuses("1\nProperties=species:S:1:pos:R:3:f:R:1\nH 0 0 0 nan\n", /finite number in f/);
  refuses("1\nProperties=species:S:1\nH\n", /line 2: Expected species:S:1 or Z:I:1, and pos:R:3/);
  refuses("1\nProperties=species:S:1:pos:R\nH\n", /name:type:columns .* found "pos:R"/);
  refuses("1\nProperties=species:S:1:pos:R:3:a:Q:1\nH\n", /found "a:Q:1"/);
  refuses("1\nProperties=species:S:1:pos:R:999999999:a:R:1\nH\n", /found "pos:R:999999999"/);
  refuses("1\nProperties=species:S:1:pos:R:3:pos:R:3\nH\n", /pos twice/);
  refuses("1\nProperties=3\nH 0 0 0\n", /name:type:columns/);
  refuses("1\nProperties=species:S:1:Z:I:1:pos:R:3\nH 8 0 0 0\n", /species and Z to agree but found "H" and "8"/);
  refuses('1\nLattice="1 2 3 4"\nH 0 0 0\n', /nine numbers .* found \[1,2,3,4\]/);
  refuses('1\nLattice="a b c"\nH 0 0 0\n', /nine numbers/);
  refuses('1\nLattice="1 0 0 0 1 0 0 0 nan"\nH 0 0 0\n', /nine numbers/);
  refuses('1\npbc="T T"\nH 0 0 0\n', /three logicals .* found \[true,true\]/);
  refuses("1\npbc=maybe\nH 0 0 0\n", /three logicals .* found "maybe"/);
  refuses('1\nLattice="1 0 0\nH 0 0 0\n', /line 2: Expected a closing "/);
  refuses("1\ncharge=1 it's\nH 0 0 0\n", /closing '/);
  refuses("1\ncharge=1 charge=2\nH 0 0 0\n", /charge again/);
  refuses('1\npbc="F F F" PBC="T T T"\nH 0 0 0\n', /one of pbc and PBC/);
  refuses('1\n# CELL(H): 1 0 0 0 1 0 0 0 1 Lattice="1 0 0 0 1 0 0 0 1"\nH 0 0 0\n', /both CELL and Lattice/);
  refuses("1\n# CELL(abcABC): 1 1 1 90 90 90 forces{atomic_unit}\nH 0 0 0\n", /positions but found .* forces/);
  refuses(water + "trailing words\n", /frame 2, line 6: Expected a number of atoms/);
});

Deno.test("parseFrames believes no count that the file does not bear out, and keeps no endless line", () => {
  for (const count of ["16777217", "99999999999999", "9".repeat(400), "1e9", "2147483648"]) {
    refuses(`${count}\n\n`, /atoms from 1/);
  }
  refuses("16777216\n\nH 0 0 0\n", /Expected 16777216 atoms but found the end of the file after 1/);
  refuses("1\n" + "x".repeat(2 ** 20 + 1), /line 2: Expected lines of at most 1048576 characters/);
  refuses("1\n" + "=".repeat(2 ** 20) + "\nH 0 0", /line 3: Expected 4 columns/);
});

Deno.test("parseFrames, cut at any byte, throws or gives the frames before the cut", () => {
  const whole = Array.from(parseFrames(three));
  for (let length = 0; length < three.length; length++) {
    const frames: Frame[] = [];
    try {
      for (const frame of parseFrames(three.slice(0, length))) frames.push(frame);
    } catch (error) {
      assert.ok(error instanceof XyzError, `${error}`);
    }
    for (const [i, frame] of frames.entries()) {
      // Only the last number or word of the file can be shortened without a trace.
      if (i < frames.length - 1) assert.deepEqual(frame, whole[i]);
      assert.deepEqual(frame.numbers, whole[i]!.numbers);
    }
  }
});

Deno.test("readFrames meets random and damaged bytes with an XyzError or finite frames, nothing else", async () => {
  const random = createRandom(3);
  const sound = new TextEncoder().encode(three);
  for (let trial = 0; trial < 3000; trial++) {
    const bytes = sound.slice();
    const damage = trial % 3 === 0 ? bytes.length : 1 + Math.floor(4 * random());
    for (let k = 0; k < damage; k++) bytes[Math.floor(random() * bytes.length)] = Math.floor(256 * random());
    try {
      for await (const frame of readFrames(new Blob([bytes]).stream())) {
        assert.ok(frame.positions.every(Number.isFinite));
        assert.equal(frame.positions.length, 3 * frame.numbers.length);
        structureOfFrame(frame, { electronCheck: false });
      }
    } catch (error) {
      assert.ok(error instanceof XyzError, `${error}`);
    }
  }
});

Deno.test("readFrames takes no more of its source than the frame at hand needs", async () => {
  const piece = new TextEncoder().encode("O 0.123456789 1.23456789 2.3456789\n".repeat(100));
  let pieces = 0;
  async function* endless() {
    for (;;) {
      yield await Promise.resolve(new TextEncoder().encode("1000\n\n"));
      for (let k = 0; k < 10; k++, pieces++) yield piece;
    }
  }
  for await (const { index, numbers } of readFrames(endless())) {
    assert.equal(numbers.length, 1000);
    // The last piece is still being split when its frame is complete.
    assert.equal(pieces, 10 * index + 9);
    if (index === 20) break;
  }
});

Deno.test("structureOfFrame settles charge and spin from keys and options and names the frame when it cannot", () => {
  const frame = first(silicon);
  const { charge, unpaired, cell, periodic } = structureOfFrame(frame);
  assert.deepEqual([charge, unpaired, cell, periodic], [-1, 1, frame.cell, [true, true, false]]);
  assert.deepEqual(structureOfFrame(frame, { charge: 0, multiplicity: 1 }).unpaired, 0);
  assert.throws(
    () => structureOfFrame(frame, { charge: 0 }),
    (error: Error) =>
      error instanceof XyzError && /^xyz data, frame 1, line 1: .*--unpaired 0 or 2/.test(error.message),
  );
  assert.equal(structureOfFrame(frame, { charge: 0, electronCheck: false }).charge, 0);
  assert.throws(() => structureOfFrame(first("1\nspin=1\nH 0 0 0")), /bare spin key/);
  assert.throws(() => structureOfFrame(first('1\npbc="T F F" unpaired=1\nH 0 0 0')), /periodic axis a but found none/);
  assert.throws(() => structureOfFrame(first("1\ncharge=-1,\nO 0 0 0")), /a number for charge but found "-1,"/);
});
