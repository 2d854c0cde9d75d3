import { basename, dirname, extname } from "node:path";
import { formatDomain } from "../model/describe_model.ts";
import { loadModel } from "../model/load_model.ts";
import { shown } from "../model/model_file_error.ts";
import { trainingDomain } from "../model/training_domain.ts";
import { sha256OfFile } from "../download/sha256.ts";
import type { Invocation } from "./commands.ts";
import { type KnownModel, knownModels } from "./known_models.ts";
import { modelFolders } from "./model_folders.ts";
import { defaultModel, findModel, modelFilesIn } from "./model_lookup.ts";
import { pullModel } from "./pull_model.ts";
import { UsageError } from "./usage_error.ts";

/** Name and value of a line. */
type Row = readonly [name: string, value: string];

/** `models`: what models there are; `models pull NAME`: downloads one. */
export async function run({ operands: [action, name] }: Invocation): Promise<number> {
  if (action === undefined) return await list();
  if (action !== "pull" || name === undefined) {
    const found = [action, name].filter((word) => word !== undefined).join(" ");
    throw new UsageError(`Expected ./spookynet models, or ./spookynet models pull NAME, but found ${found}`);
  }
  const known = knownModels.find((model) => model.name === name);
  if (known === undefined) {
    const names = knownModels.map((model) => model.name).join(", ");
    throw new UsageError(`Expected a model that can be downloaded but found "${name}": there is ${names}`);
  }
  const { path, isNew } = await pullModel(known);
  console.log(`${path}: ${isNew ? "downloaded" : "already there"}, ${sizeAndHash(known)}, as published`);
  return 0;
}

async function list(): Promise<number> {
  const names = new Set<string>();
  for (const path of await modelFiles()) {
    const name = basename(path, extname(path));
    const notes = [
      ...path === defaultModel ? ["the default"] : [],
      ...names.has(name) ? ["hidden by the one above"] : [],
    ];
    print(notes.length === 0 ? name : `${name} (${notes.join(", ")})`, [
      ...await whereRows(path),
      ...await modelRows(path),
    ]);
    names.add(name);
  }
  for (const model of knownModels) {
    if (!names.has(model.name)) print(model.name, knownRows(model));
  }
  return 0;
}

/** All model files there are, in the order in which a name is looked for. */
async function modelFiles(): Promise<string[]> {
  const { own, builtIn, cache } = modelFolders();
  const files: string[] = [];
  // For a user without a home two of them are the same.
  for (const folder of new Set([own, builtIn, cache])) files.push(...await modelFilesIn(folder));
  for (const { name } of knownModels) {
    const path = await findModel(name).catch(() => null);
    if (path !== null && !files.includes(path)) files.push(path);
  }
  return files;
}

async function whereRows(path: string): Promise<Row[]> {
  const { own, builtIn, cache } = modelFolders();
  const place = new Map([[own, "model folder"], [cache, "cache"], [builtIn, "built in"]]).get(dirname(path)) ??
    "beside the project";
  const [{ size }, sha256] = [await Deno.stat(path), await sha256OfFile(path)];
  const known = knownModels.find((model) => model.file === basename(path));
  const mistake = known === undefined || known.sha256 === sha256
    ? ""
    : `, not the ${known.name} file (${known.sha256.slice(0, 12)})`;
  return [["where", `${place}: ${path}`], ["file", sizeAndHash({ size, sha256 }) + mistake]];
}

async function modelRows(path: string): Promise<Row[]> {
  try {
    const model = await loadModel(path);
    const known = knownModels.find(({ file }) => file === basename(path));
    return trainingRows(
      formatDomain(trainingDomain(model)),
      model.metadata.get("licence") ?? known?.licence,
      model.metadata.get("taught_by") ?? known?.taughtBy,
    );
  } catch (error) {
    return [["unusable", (error as Error).message]];
  }
}

function knownRows(model: KnownModel): Row[] {
  return [
    ["where", `not here: ./spookynet models pull ${model.name}`],
    ["file", sizeAndHash(model)],
    ...trainingRows(formatDomain(model.domain), model.licence, model.taughtBy),
  ];
}

function trainingRows(domain: readonly Row[], licence = "not stated", taughtBy = "not stated"): Row[] {
  return [...domain, ["licence", shown(licence)], ["taught by", shown(taughtBy)]];
}

function sizeAndHash({ size, sha256 }: Pick<KnownModel, "size" | "sha256">): string {
  return `${size} bytes, sha256 ${sha256.slice(0, 12)}`;
}

function print(name: string, rows: readonly Row[]) {
  console.log(name);
  for (const [key, value] of rows) console.log(`  ${key.padEnd(18)}  ${value}`);
}
