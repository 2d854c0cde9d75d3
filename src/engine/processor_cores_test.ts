import { equal } from "node:assert/strict";
import { processorCores } from "./processor_cores.ts";

Deno.test("processorCores is a whole number, at least one and at most the processors", () => {
  const cores = processorCores();
  equal(Number.isInteger(cores) && cores >= 1 && cores <= navigator.hardwareConcurrency, true);
});
