import { deepEqual, equal } from "node:assert/strict";
import { externalFixes, withStops } from "./script.ts";

/** Names of the commands of a script with stops, those of a stop as `STOP`, without its first two lines. */
function outline(script: string): string[] {
  const commands = withStops(script).trimEnd().split("\n").slice(2).map((line) => line.trim().split(" ")[0]!).join(" ");
  return commands.replaceAll("variable jump label", "STOP").split(" ");
}

Deno.test("withStops() stops before the first fix, and around what asks for forces", () => {
  deepEqual(
    outline("units metal\nfix 1 all nve\nfix 2 all momentum 1 linear 1 1 1\nrun 5\nwrite_data x\nminimize 0 1 1 1"),
    ["units", "STOP", "fix", "fix", "STOP", "run", "STOP", "write_data", "STOP", "minimize"],
  );
});

Deno.test("withStops() stops once between two runs, and after a fix external", () => {
  deepEqual(outline("run 5\n# more\nrun 5"), ["STOP", "run", "#", "STOP", "run"]);
  deepEqual(outline("fix e all external pf/callback 1 1\nwrite_data x"), ["STOP", "fix", "STOP", "write_data"]);
});

Deno.test("withStops() starts over after clear, and lets fixes pass that come before the box", () => {
  deepEqual(outline("fix p all property/atom i_a\nfix 1 all nve\nclear\nfix 1 all nve"), [
    "fix",
    "STOP",
    "fix",
    "clear",
    "STOP",
    "fix",
  ]);
});

Deno.test("withStops() keeps continued lines, triple quotes and the lines' order", () => {
  const script = 'fix 1 &\n  all nve\nprint """\nrun 5\n"""\nrun &\n 5 # steps\n';
  equal(
    withStops(script).replaceAll(/variable .*\njump .dev.null\nlabel .*\n/g, "").split("\n").slice(2).join("\n").trim(),
    script.trim(),
  );
  deepEqual(outline(script), ["STOP", "fix", "all", "print", "run", '"""', "STOP", "run", "5"]);
});

Deno.test("externalFixes() finds the script's own, comments left out", () => {
  deepEqual(
    externalFixes("# fix a all external pf/callback 1 1\n fix  b qm &\n external pf/callback 1 1\nfix 1 all nve"),
    [
      { id: "b", group: "qm" },
    ],
  );
});
