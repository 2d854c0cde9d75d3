import assert from "node:assert/strict";
import { complementaryErrorFunction, scaledComplementaryErrorFunction } from "./error_function.ts";

Deno.test("complementaryErrorFunction agrees with the C library's near and between the points of its series", () => {
  const expected: readonly (readonly [number, number])[] = [
    [-3, 1.9999779095030015],
    [-1.5, 1.9661051464753108],
    [-0.5, 1.5204998778130465],
    [0, 1],
    [0.1, 0.8875370839817152],
    [1, 0.15729920705028513],
    [1.5, 0.033894853524689274],
    [2.5, 0.0004069520174449589],
    [5, 1.5374597944280351e-12],
    [10, 2.088487583762545e-45],
  ];
  for (const [x, value] of expected) {
    assert.ok(Math.abs(complementaryErrorFunction(x) / value - 1) < 1e-14, `erfc(${x})`);
  }
  assert.equal(complementaryErrorFunction(Infinity), 0);
  assert.equal(complementaryErrorFunction(-Infinity), 2);
});

Deno.test("scaledComplementaryErrorFunction is continuous where one series hands over to the next, and the last to the fraction", () => {
  for (let x = 1 / 16; x < 9; x += 1 / 8) {
    const below = scaledComplementaryErrorFunction(x - 1e-15), above = scaledComplementaryErrorFunction(x + 1e-15);
    // the slope is at most 2/√π, at the beginning
    assert.ok(Math.abs(below / above - 1) < 4e-15, `${x}`);
  }
  assert.ok(Math.abs(scaledComplementaryErrorFunction(0) - 1) < 1e-15);
});
