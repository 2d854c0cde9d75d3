import { equal } from "node:assert/strict";
import { nearest } from "./nearest.ts";

const names = ["connect", "convert", "eval", "info"];

Deno.test("nearest() finds a name with a swapped, missing, extra or wrong letter", () => {
  for (const word of ["conenct", "conect", "connnect", "connecf"]) equal(nearest(word, names), "connect");
});

Deno.test("nearest() finds a name by its beginning", () => {
  equal(nearest("ev", names), "eval");
});

Deno.test("nearest() finds nothing where too much would have to change", () => {
  equal(nearest("serve", names), null);
  equal(nearest("x", names), null);
});
