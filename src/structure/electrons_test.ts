import assert from "node:assert/strict";
import { checkElectrons, type ElectronOptions, electronsOf } from "./electrons.ts";

function of(keys: Record<string, unknown>, options?: ElectronOptions) {
  return electronsOf(new Map(Object.entries(keys)), options);
}

Deno.test("electronsOf reads charge and every accepted way to give unpaired electrons", () => {
  assert.deepEqual(of({}), { charge: 0, unpaired: 0 });
  assert.deepEqual(of({ charge: -1, unpaired: 1 }), { charge: -1, unpaired: 1 });
  assert.deepEqual(of({ magmom: 2 }), { charge: 0, unpaired: 2 });
  assert.deepEqual(of({ Multiplicity: 3 }), { charge: 0, unpaired: 2 });
  assert.deepEqual(of({ unpaired: 2, magmom: 2, multiplicity: 3 }), { charge: 0, unpaired: 2 });
  assert.deepEqual(of({ energy: "x", charges: [1], magmoms: [1] }), { charge: 0, unpaired: 0 });
});

Deno.test("electronsOf lets options win over keys, wrong or ambiguous ones included", () => {
  assert.deepEqual(of({ charge: 1, unpaired: 1 }, { charge: 2 }), { charge: 2, unpaired: 1 });
  assert.deepEqual(of({ charge: 1, unpaired: 1 }, { multiplicity: 3 }), { charge: 1, unpaired: 2 });
  assert.deepEqual(of({ charge: "?", unpaired: 1, magmom: 2 }, { charge: 0, unpaired: 0 }), { charge: 0, unpaired: 0 });
  assert.deepEqual(of({ spin: 1 }, { unpaired: 2 }), { charge: 0, unpaired: 2 });
  assert.deepEqual(of({ charge: 1 }, { charge: undefined }), { charge: 1, unpaired: 0 });
});

Deno.test("electronsOf refuses an ambiguous spin, disagreeing keys and values that are no numbers", () => {
  assert.throws(() => of({ spin: 1 }), /bare spin key, which is ambiguous \(S, 2S or 2S\+1\)/);
  assert.throws(() => of({ Spin: 0.5 }), /ambiguous/);
  assert.deepEqual(of({ spin: 1, multiplicity: 3 }), { charge: 0, unpaired: 2 });
  assert.throws(() => of({ unpaired: 1, multiplicity: 1 }), /unpaired and multiplicity to agree but found 1 and 0/);
  assert.throws(() => of({ unpaired: 1, magmom: 3 }), /unpaired and magmom to agree/);
  assert.throws(() => of({ charge: 1, Charge: 0 }), /one value of charge but found 1 and 0/);
  assert.throws(() => of({ charge: "1+" }), /a number for charge but found "1\+"/);
  assert.throws(() => of({ charge: true }), /a number for charge but found true/);
  assert.throws(() => of({ charge: [1] }), /a number for charge but found \[1\]/);
  assert.throws(() => of({ multiplicity: 0 }), /multiplicity to be 1 or more but found 0/);
  assert.throws(() => of({ magmom: -1 }), /magmom to be 0 or more but found -1/);
  assert.throws(() => of({}, { unpaired: 1, multiplicity: 1 }), /--unpaired and --multiplicity to agree/);
  assert.throws(() => of({}, { charge: NaN }), /finite total charge but found --charge NaN/);
});

Deno.test("checkElectrons accepts what can exist", () => {
  const possible: [number[], number, number][] = [
    [[8, 1, 1], 0, 0],
    [[8, 1, 1], 0, 2],
    [[8, 1, 1], 1, 1],
    [[1], 1, 0],
    [[1], 0, 1],
    [[8, 8], 0, 2],
    [[8, 1], -1, 0],
  ];
  for (const [numbers, charge, unpaired] of possible) checkElectrons(numbers, { charge, unpaired });
});

Deno.test("checkElectrons names the numbers, the nearest possible value and the way out", () => {
  const fails = (numbers: number[], charge: number, unpaired: number, pattern: RegExp) => {
    assert.throws(() => checkElectrons(numbers, { charge, unpaired }), (error: Error) => {
      assert.match(error.message, pattern);
      assert.match(error.message, /--no-electron-check/);
      return error instanceof RangeError && !error.message.includes("\n");
    });
  };
  fails([8, 1], 0, 0, /an odd number .* for 9 electrons \(9 protons, charge 0\) but found 0; use --unpaired 1,/);
  fails([8, 1, 1], 0, 1, /an even number .* but found 1; use --unpaired 0 or 2,/);
  fails([1, 1], 0, 4, /at most 2, for 2 electrons .* use --unpaired 2,/);
  fails([1, 1], 0, 3, /use --unpaired 2,/);
  fails([1], 2, 0, /at most the 1 protons but found 2; use --charge 1,/);
  fails([8, 1, 1], 0.5, 0, /whole total charge but found 0.5/);
  fails([8, 1, 1], 0, 0.9, /whole number .* but found 0.9; use --unpaired 0,/);
  fails([8, 1], 0, -1, /0 or more, but found -1; use --unpaired 1,/);
});
