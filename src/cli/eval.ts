import type { Calculator } from "../engine/calculator.ts";
import { loadModel } from "../model/load_model.ts";
import { readFrames } from "../structure/extended_xyz.ts";
import { formatExtendedXyz } from "../structure/format_extended_xyz.ts";
import type { Frame } from "../structure/frame.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { Invocation } from "./commands.ts";
import { describeDevice, openCalculator, periodicityNotice, structureFor } from "./compute_options.ts";
import { openInput } from "./input_file.ts";
import { formatJsonLine } from "./json_line.ts";
import { obtainModel } from "./obtain_model.ts";
import type { Options } from "./options.ts";
import { OutputFile } from "./output_file.ts";
import { progressBar } from "./progress_bar.ts";
import { StatusLine } from "./status_line.ts";

/** Frames are computed together until they have this many atoms, or there are this many of them. */
const batchAtoms = 1024;
const batchFrames = 128;

/** A frame and the structure it was understood as. */
interface Task {
  readonly frame: Frame;
  readonly structure: Structure;
}

/** Takes text, in order. */
type Write = (text: string) => Promise<void>;

/** `eval`: every frame of a file, computed in batches and written in order. */
export async function run({ operands, options }: Invocation): Promise<number> {
  const path = operands[0]!;
  using input = await openInput(path);
  const model = await loadModel(await obtainModel(options));
  const status = new StatusLine();
  await using calculator = await openCalculator(model, options, batchFrames, (line) => status.print(line));
  status.print(`${model.name} on ${describeDevice(calculator.device)}`);
  const frames = readFrames(input.readable, path);
  if (options.output === undefined) {
    await evaluateAll(frames, calculator, options, writeToStandardOutput, status);
    return 0;
  }
  await using output = await OutputFile.create(options.output);
  const encoder = new TextEncoder();
  try {
    await evaluateAll(frames, calculator, options, (text) => output.write(encoder.encode(text)), status);
  } catch (error) {
    if (output.isEmpty || !(error instanceof Error)) throw error;
    throw new Error(`${error.message} (the frames before it are in ${output.temporaryPath})`, { cause: error });
  }
  await output.finish();
  return 0;
}

async function evaluateAll(
  frames: AsyncIterable<Frame>,
  calculator: Calculator,
  options: Options,
  write: Write,
  status: StatusLine,
) {
  const properties = options.properties ?? ["energy", "forces"];
  const isJson = options.format === "jsonl" || options.format === undefined && options.output?.endsWith(".jsonl");
  const isDomainAsked = properties.includes("domain");
  const format = ({ frame, structure }: Task, result: Result) => {
    if (isJson) return formatJsonLine(result, properties);
    const { domain, ...others } = result;
    const isDomainShown = domain !== undefined && (isDomainAsked || domain.length > 0);
    return formatExtendedXyz(structure, isDomainShown ? result : others, frame.info);
  };
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let count = 0;
  status.update(() => "reading; the first frames compile the kernels");
  for await (const batch of inBatches(tasksOf(frames, options, status))) {
    await evaluateBatch(batch, calculator, [...properties, "domain"], (task, result) => write(format(task, result)));
    count += batch.length;
    status.update(() => progressBar(count, null, seconds(), "frames"));
  }
  status.end(`${count} ${count === 1 ? "frame" : "frames"} in ${seconds().toFixed(2)} s`);
}

async function* tasksOf(frames: AsyncIterable<Frame>, options: Options, status: StatusLine): AsyncGenerator<Task> {
  for await (const frame of frames) {
    const notice = frame.index === 0 ? periodicityNotice(frame, options) : null;
    if (notice !== null) status.print(notice);
    yield { frame, structure: structureFor(frame, options) };
  }
}

/**
 * Collects tasks until there are enough to be computed together. What goes wrong while reading is thrown after what was
 * read before has been handed out.
 */
async function* inBatches(tasks: AsyncIterable<Task>): AsyncGenerator<Task[]> {
  let batch: Task[] = [];
  let atoms = 0;
  try {
    for await (const task of tasks) {
      batch.push(task);
      atoms += task.structure.numbers.length;
      if (atoms < batchAtoms && batch.length < batchFrames) continue;
      const full = batch;
      batch = [];
      atoms = 0;
      yield full;
    }
  } catch (error) {
    if (batch.length > 0) yield batch;
    throw error;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Computes frames together and hands out their results in order; where that fails, one frame after another, so that no
 * good one is lost and the error names the frame it is about.
 */
async function evaluateBatch(
  batch: readonly Task[],
  calculator: Calculator,
  properties: readonly Property[],
  onResult: (task: Task, result: Result) => Promise<void>,
) {
  let results: Result[];
  try {
    results = await calculator.compute(batch.map(({ structure }) => structure), properties);
  } catch (error) {
    if (batch.length > 1) {
      for (const task of batch) await evaluateBatch([task], calculator, properties, onResult);
      return;
    }
    const { source, index } = batch[0]!.frame;
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${source}, frame ${index + 1}: ${message}`, { cause: error });
  }
  for (const [k, task] of batch.entries()) await onResult(task, results[k]!);
}

async function writeToStandardOutput(text: string) {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
