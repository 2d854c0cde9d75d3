import assert from "node:assert/strict";
import { scaledComplementaryErrorFunction } from "./error_function.ts";

Deno.test("scaledComplementaryErrorFunction agrees with the C library's erfc near and between the points of its series", () => {
  const expected: readonly (readonly [number, number])[] = [
    [0, 1],
    [0.1, 0.8875370839817152],
    [0.5, 2 - 1.5204998778130465],
    [1, 0.15729920705028513],
    [1.5, 0.033894853524689274],
    [2.5, 0.0004069520174449589],
    [5, 1.5374597944280351e-12],
    [10, 2.088487583762545e-45],
  ];
  for (const [x, value] of expected) {
    assert.ok(Math.abs(Math.exp(-x * x) * scaledComplementaryErrorFunction(x) / value - 1) < 1e-14, `erfc(${x})`);
  }
  assert.equal(scaledComplementaryErrorFunction(Infinity), 0);
});

Deno.test("scaledComplementaryErrorFunction is continuous where one series hands over to the next, and the last to the fraction", () => {
  for (let x = 1 / 16; x < 9; x += 1 / 8) {
    const below = scaledComplementaryErrorFunction(x - 1e-15), above = scaledComplementaryErrorFunction(x + 1e-15);
    // the slope is at most 2/√π, at the beginning
    assert.ok(Math.abs(below / above - 1) < 4e-15, `${x}`);
  }
  assert.ok(Math.abs(scaledComplementaryErrorFunction(0) - 1) < 1e-15);
});
