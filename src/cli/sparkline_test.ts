import { equal } from "node:assert/strict";
import { sparkline } from "./sparkline.ts";

Deno.test("sparkline() shows means where there are more values than columns", () => {
  equal(sparkline([0, 0, 2, 2, 4, 4, 6, 8], 4), "▁▃▅█");
});

Deno.test("sparkline() draws constants and single values at the bottom", () => {
  equal(sparkline([3, 3, 3], 10), "▁▁▁");
  equal(sparkline([5], 10), "▁");
});
