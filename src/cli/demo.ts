import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Calculator } from "../engine/calculator.ts";
import { loadModel } from "../model/load_model.ts";
import { connect } from "../server/connect.ts";
import { parseFrames } from "../structure/extended_xyz.ts";
import { structureOfFrame } from "../structure/frame.ts";
import type { Structure } from "../structure/structure.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, openCalculator } from "./compute_options.ts";
import { IpiProcess } from "./ipi_process.ts";
import { parseIpiProperties } from "./ipi_properties.ts";
import { linePlot } from "./line_plot.ts";
import { obtainModel } from "./obtain_model.ts";
import { progressBar } from "./progress_bar.ts";
import { type PythonEnvironment, pythonEnvironment } from "./python_environment.ts";
import { printRows } from "./rows.ts";
import { EndSignals } from "./signals.ts";
import { sparkline } from "./sparkline.ts";
import { StatusLine } from "./status_line.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const example = join(project, "examples", "ipi", "zundel-pimd");

/** What the example's input calls its socket. */
const socketName = "zundel";

/** Beads that the example's input sends at once. */
const beads = 16;

/** `demo`: i-PI with the example zundel-pimd, and a driver for it in this process. */
export async function run({ options }: Invocation): Promise<number> {
  const steps = options.steps ?? 200;
  const model = await loadModel(await obtainModel(options));
  const atoms = await exampleAtoms();
  const environment = await pythonEnvironment();
  if (environment === null) return 1;
  const status = new StatusLine();
  const print = (line: string) => status.print(line);
  await using calculator = await openCalculator(model, options, beads * atoms.numbers.length, print);
  const folder = await prepareFolder(steps);
  printRows([
    ["system", `protonated water dimer, path-integral MD with 16 beads at 300 K, ${steps} steps of 0.25 fs`],
    ["model", model.name],
    ["device", describeDevice(calculator.device)],
  ]);
  const { exitCode, millisecondsPerStep } = await simulate(folder, steps, calculator, atoms, environment, status);
  if (exitCode === 0) await report(folder, millisecondsPerStep);
  return exitCode;
}

async function exampleAtoms(): Promise<Structure> {
  const [frame] = parseFrames(await Deno.readTextFile(join(example, "init.xyz")), "init.xyz");
  return structureOfFrame(frame!, { charge: 1, periodic: false });
}

/** A new folder with the example's input, set to the number of steps. */
async function prepareFolder(steps: number): Promise<string> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = join(project, "results", `demo-${stamp}`);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.copyFile(join(example, "init.xyz"), join(folder, "init.xyz"));
  const input = await Deno.readTextFile(join(example, "input.xml"));
  await Deno.writeTextFile(
    join(folder, "input.xml"),
    input.replace(/<total_steps>.*<\/total_steps>/, `<total_steps>${steps}</total_steps>`),
  );
  return folder;
}

/** Runs i-PI and its driver to the end; the time of a step leaves out the first, which compiles kernels. */
async function simulate(
  folder: string,
  steps: number,
  calculator: Calculator,
  atoms: Structure,
  environment: PythonEnvironment,
  status: StatusLine,
): Promise<{ exitCode: number; millisecondsPerStep: number }> {
  await using host = await IpiProcess.start(environment, folder);
  const times: number[] = [];
  const elapsed = () => (times.at(-1)! - times[0]!) / 1000;
  const driver = connect({
    to: `unix:${socketName}`,
    prefix: host.prefix,
    calculator,
    atoms,
    onStep: () => {
      times.push(performance.now());
      status.update(() => progressBar(times.length - 1, steps, elapsed(), "steps"));
    },
  });
  status.update(() => "starting i-PI; the first step compiles the kernels");
  using signals = new EndSignals(() => driver.close());
  const failure = host.finished().then(() => null, (error: Error) => {
    driver.close();
    return error;
  });
  const { error } = await driver.closed;
  status.end();
  if (signals.exitCode === 0) {
    const reason = error ?? await failure;
    if (reason !== null) throw reason;
  }
  return { exitCode: signals.exitCode, millisecondsPerStep: 1000 * elapsed() / Math.max(1, times.length - 1) };
}

/** Draws temperature and conserved energy, in the terminal and as SVG, and says where everything is. */
async function report(folder: string, millisecondsPerStep: number) {
  const properties = parseIpiProperties(await Deno.readTextFile(join(folder, "simulation.out")));
  const time = properties.get("time")!.map((picoseconds) => 1000 * picoseconds);
  const temperature = properties.get("temperature")!;
  const conserved = properties.get("conserved")!;
  const deviation = conserved.map((energy) => 1000 * (energy - conserved[0]!));
  const plot = linePlot("Zundel cation, path-integral MD with 16 beads", "time / fs", time, [
    { label: "temperature / K", values: temperature },
    { label: "conserved energy per bead, from its start / meV", values: deviation },
  ]);
  await Deno.writeTextFile(join(folder, "plot.svg"), plot);
  const mean = temperature.reduce((sum, value) => sum + value, 0) / temperature.length;
  printRows([
    ["temperature", `${sparkline(temperature, 50)}  ${mean.toFixed(0)} K on average`],
    ["conserved energy", `${sparkline(deviation, 50)}  within ${spread(deviation).toFixed(1)} meV`],
    ["speed", `${millisecondsPerStep.toFixed(1)} ms a step (16 structures each, i-PI's own time included)`],
    ["results", `${shortest(folder)}: simulation.out, simulation.pos_*.xyz, plot.svg`],
  ]);
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** A path as short as can be from where the user is. */
function shortest(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
