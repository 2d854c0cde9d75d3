import { equal, match } from "node:assert/strict";
import { linePlot } from "./line_plot.ts";

Deno.test("linePlot() draws every value inside its panel, with round ticks", () => {
  const svg = linePlot("a < b", "time / fs", [0, 1, 2], [{ label: "up", values: [0, 5, 10] }]);
  match(svg, /^<svg [^]*<\/svg>\n$/);
  match(svg, />a &lt; b</);
  for (const tick of ["0", "5", "10", "1.5"]) match(svg, new RegExp(`>${tick}</text>`));
  const curve = /d="M([^"]+)" fill="none"/.exec(svg)![1]!.split("L").map((point) => point.split(" ").map(Number));
  const [x, y] = [curve.map((point) => point[0]!), curve.map((point) => point[1]!)];
  equal(x[0]! < x[1]! && x[1]! < x[2]! && x[2]! <= 700, true);
  equal(y[0]! > y[1]! && y[1]! > y[2]! && y[2]! >= 58 && y[0]! <= 258, true);
});

Deno.test("linePlot() draws a constant", () => {
  const svg = linePlot("flat", "x", [0, 1], [{ label: "flat", values: [3, 3] }]);
  equal(svg.includes("NaN"), false);
});
