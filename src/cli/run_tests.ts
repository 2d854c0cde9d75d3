import { fileURLToPath } from "node:url";
import type { Invocation } from "./commands.ts";
import { testParts } from "./options.ts";
import { clock } from "./progress_bar.ts";
import { StatusLine } from "./status_line.ts";

type Part = (typeof testParts)[number];

/** What `deno` is asked for each part; the tests come after `types`, so they need not check types again. */
const denoArguments: Record<Part, readonly string[]> = {
  format: ["fmt", "--check"],
  lint: ["lint"],
  types: ["check", "."],
  docs: ["doc", "--lint", "mod.ts"],
  unit: ["test", "--no-check", "--allow-all", "--doc", "mod.ts", "src", "adapters", "README.md", "docs"],
  hosts: ["test", "--no-check", "--allow-all", "tests"],
};

/** Nothing of the project's takes this long unless it hangs. */
const partTimeLimit = 20 * 60_000;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `test`: the project's checks and tests, with a closing line that says how many passed and failed. */
export async function run({ options }: Invocation): Promise<number> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const part of options.only ?? testParts) {
    const counts = await runPart(part);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  console.log(show(total));
  return total.failed === 0 ? 0 : 1;
}

async function runPart(part: Part): Promise<Counts> {
  const started = performance.now();
  const status = new StatusLine();
  let last = "starting";
  const redraw = setInterval(() => status.update(() => `${part}: ${last}`), 1000);
  const { output, success } = await runDeno(denoArguments[part], (line) => {
    if (line.trim() !== "") last = line.trim();
    status.update(() => `${part}: ${last}`);
  });
  clearInterval(redraw);
  status.end();
  const counts = countsOf(output, success);
  const isGood = counts.failed === 0;
  if (!isGood) console.log(output.replaceAll(/^Check .*\n/gm, ""));
  console.log(
    `${part.padEnd(9)} ${isGood ? "ok    " : "FAILED"} ${show(counts)} (${
      clock((performance.now() - started) / 1000)
    })`,
  );
  for (const reason of skipReasons(output)) console.log(`${" ".repeat(10)}${reason}`);
  return counts;
}

/** What tests said about what they leave out, and what is missing for it (`tests/skipping.ts`); each once. */
function skipReasons(output: string): Set<string> {
  return new Set(output.match(/^Skipping .*$/gm));
}

/** Runs Deno in the project's folder; gives every line on either stream as it comes, and all of them at the end. */
async function runDeno(args: readonly string[], onLine: (line: string) => void) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(partTimeLimit),
  }).spawn();
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      lines.forEach(onLine);
    }
  };
  const [{ success }] = await Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  return { output, success };
}

/** A run of tests counts as many as its closing line says, a run without one as a single check. */
function countsOf(output: string, success: boolean): Counts {
  const found = [...output.matchAll(/\| (\d+) passed.*? \| (\d+) failed(?:.*?\| (\d+) ignored)?/g)].at(-1);
  if (found === undefined) return { passed: success ? 1 : 0, failed: success ? 0 : 1, skipped: 0 };
  const failed = Number(found[2]);
  return {
    passed: Number(found[1]),
    failed: failed === 0 && !success ? 1 : failed,
    skipped: Number(found[3] ?? 0),
  };
}

function show({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
