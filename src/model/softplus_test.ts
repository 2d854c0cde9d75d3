import assert from "node:assert/strict";
import { softplus } from "./softplus.ts";

Deno.test("softplus has no overflow and no cancellation", () => {
  assert.equal(softplus(0), Math.LN2);
  assert.equal(softplus(1000), 1000);
  assert.equal(softplus(-1000), 0);
  // ln(1 + eˣ) = eˣ − e²ˣ/2 + …, the second term below rounding here.
  assert.equal(softplus(-40), Math.exp(-40));
  // softplus(x) − softplus(−x) = x, to one unit in the last place of softplus(x).
  for (const x of [0.1, 1, 3.7, 20, 40]) assert.ok(Math.abs(softplus(x) - softplus(-x) - x) <= 2 ** -52 * softplus(x));
});
