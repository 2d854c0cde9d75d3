import assert from "node:assert/strict";
import { atomicNumber, atomicWeight, symbolOf, symbols } from "./elements.ts";

Deno.test("symbols has 118 different entries with the known ones in place", () => {
  assert.equal(symbols.length, 118);
  assert.equal(new Set(symbols).size, 118);
  const known = { 1: "H", 6: "C", 10: "Ne", 18: "Ar", 36: "Kr", 47: "Ag", 54: "Xe", 79: "Au", 86: "Rn", 103: "Lr" };
  for (const [number, symbol] of Object.entries(known)) assert.equal(symbolOf(Number(number)), symbol);
  assert.equal(symbolOf(118), "Og");
  for (const wrong of [0, 119, 1.5, NaN]) assert.throws(() => symbolOf(wrong), /atomic number from 1 to 118/);
});

Deno.test("atomicWeight knows the elements to lawrencium, ascending but for the known inversions", () => {
  assert.equal(atomicWeight(1), 1.008);
  assert.equal(atomicWeight(53), 126.90447);
  assert.equal(atomicWeight(79), 196.966569);
  assert.equal(atomicWeight(103), 262.11);
  assert.throws(() => atomicWeight(104), /from 1 to 103/);
  const inverted = [];
  for (let z = 1; z < 103; z++) if (atomicWeight(z) >= atomicWeight(z + 1)) inverted.push(symbolOf(z));
  // Argon–potassium and the like; among the radioactive elements the longest-lived isotope decides.
  assert.deepEqual(inverted, ["Ar", "Co", "Te", "Th", "U", "Pu", "Cm"]);
});

Deno.test("atomicNumber reads symbols, isotopes, decorated labels and numbers", () => {
  const labels = {
    H: 1,
    D: 1,
    T: 1,
    H2: 1,
    O_1: 8,
    C12: 6,
    c: 6,
    cl: 17,
    CL: 17,
    "Na+": 11,
    CO: 27,
    "O1'": 8,
    "8": 8,
    "118": 118,
    og: 118,
  };
  for (const [label, number] of Object.entries(labels)) assert.equal(atomicNumber(label), number, label);
  for (let z = 1; z <= 118; z++) assert.equal(atomicNumber(symbolOf(z)), z);
});

Deno.test("atomicNumber refuses what is no element, by name", () => {
  for (const label of ["X", "L", "M", "CH3", "OW", "Hydrogen", "", "0", "119", "-1", "1.5", "__proto__", "9999"]) {
    assert.throws(() => atomicNumber(label), (error: Error) => error.message.endsWith(JSON.stringify(label)));
  }
});
