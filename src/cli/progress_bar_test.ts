import { equal } from "node:assert/strict";
import { clock, progressBar } from "./progress_bar.ts";

Deno.test("progressBar() shows share, count and the time left at the same pace", () => {
  equal(progressBar(50, 200, 10, "steps"), "█████                 25 % · 50 of 200 steps · 0:30 left");
  equal(progressBar(200, 200, 10, "steps"), "████████████████████ 100 % · 200 of 200 steps · 0:00 left");
  equal(progressBar(0, 200, 0, "steps"), "                       0 % · 0 of 200 steps");
});

Deno.test("progressBar() shows the count and the time so far where the total is unknown", () => {
  equal(progressBar(50, null, 61, "frames"), "50 frames · 1:01");
});

Deno.test("clock() shows hours only when there are any", () => {
  equal(clock(59.6), "1:00");
  equal(clock(3725), "1:02:05");
});
