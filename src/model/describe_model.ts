import { symbolOf } from "../structure/elements.ts";
import type { Hyperparameters } from "./hyperparameters.ts";
import { shown } from "./model_file_error.ts";
import type { Model, Tensor } from "./model.ts";
import {
  type ClosestDistances,
  elementsWithRow,
  type TrainingDomain,
  trainingDomain,
  type ValueRange,
} from "./training_domain.ts";

/** What a model is, for people to read. */
export interface ModelDescription {
  /** What the user calls it. */
  readonly name: string;
  /** The architecture. */
  readonly hyperparameters: Hyperparameters;
  /** Random features m of each module's attention; 0: exact attention. */
  readonly randomFeatures: readonly number[];
  /** How many numbers were trained. */
  readonly parameters: number;
  /** How many numbers there are in all, tables included. */
  readonly values: number;
  /** How many tensors. */
  readonly tensors: number;
  /** The types that numbers are stored in, and how many tensors have each. */
  readonly dtypes: ReadonlyMap<Tensor["dtype"], number>;
  /** Atomic numbers whose row of `element_embedding` is not all zero; rows of elements never trained on may be. */
  readonly embeddedElements: readonly number[];
  /** Atomic numbers whose row of `element_bias` is not all zero. */
  readonly biasedElements: readonly number[];
  /** What it was trained on. */
  readonly domain: TrainingDomain;
  /** What the file says besides, as numbers and flags beside the hyperparameters, and as texts. */
  readonly extras: Model["extras"];
  /** The texts. */
  readonly metadata: Model["metadata"];
}

/** Describes a model, as {@linkcode formatDescription} puts it into words. Nothing is computed with it. */
export function describeModel(model: Model): ModelDescription {
  const { hyperparameters, tensors } = model;
  const dtypes = new Map<Tensor["dtype"], number>();
  let [parameters, values] = [0, 0];
  for (const [name, { dtype, data }] of tensors) {
    dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + 1);
    values += data.length;
    if (!isConstant(name)) parameters += data.length;
  }
  return {
    name: model.name,
    hyperparameters,
    randomFeatures: Array.from({ length: hyperparameters.modules }, (_, index) => {
      const omega = tensors.get(`module.${index}.nonlocal_interaction.attention.omega`);
      return (omega?.data.length ?? 0) / hyperparameters.features;
    }),
    parameters,
    values,
    tensors: tensors.size,
    dtypes,
    embeddedElements: elementsWithRow(tensors.get("nuclear_embedding.element_embedding")),
    biasedElements: elementsWithRow(tensors.get("element_bias")),
    domain: trainingDomain(model),
    extras: model.extras,
    metadata: model.metadata,
  };
}

/** A description in words: rows of name and value, in the order to show them. */
export function formatDescription(description: ModelDescription): [name: string, value: string][] {
  const { hyperparameters: h, embeddedElements, biasedElements } = description;
  const rows: [string, string][] = [["name", description.name], ...formatDomain(description.domain)];
  const [embedded, biased] = [formatElements(embeddedElements), formatElements(biasedElements)];
  if (embedded !== formatElements(description.domain.elements ?? [])) rows.push(["element embeddings", embedded]);
  if (biased !== embedded) rows.push(["element biases", biased]);
  rows.push(
    ["size", `${formatCount(description.parameters)} trained parameters, ${formatCount(description.values)} numbers`],
    ["stored as", formatDtypes(description)],
    ["architecture", `${h.features} features, ${h.modules} modules, ${h.activation} activation`],
    ["residual blocks", Object.entries(h.residual).map(([name, count]) => `${name} ${count}`).join(", ")],
    ["d functions", h.irreps ? "irreducible (5)" : "Cartesian (6)"],
    ["embedding", h.nonlinearEmbedding ? "nonlinear (older)" : "linear"],
    ["attention", formatAttention(description.randomFeatures)],
    ["radial basis", `${h.basisFunctions} ${formatBasis(h)}`],
    ["cutoff", `${h.cutoff} Å`],
    ["long range", h.longRangeCutoff === null ? "all pairs" : `cutoff ${h.longRangeCutoff} Å`],
    ["terms", formatTerms(h)],
  );
  for (const [key, text] of description.metadata) {
    if (key !== "domain") rows.push([shown(key.replaceAll("_", " ")), shown(text, longestText)]);
  }
  const extras = Object.entries(description.extras).map(([name, value]) => `${name} ${value}`);
  if (extras.length > 0) rows.push(["also says", extras.join(", ")]);
  return rows;
}

/** Longest text of a file that is shown. */
const longestText = 1000;

const notStated = "not stated";

/** What a model was trained on, in words: rows of name and value. */
export function formatDomain({ elements, charge, unpaired, closest }: TrainingDomain): [name: string, value: string][] {
  return [
    ["elements", elements === null ? notStated : formatElements(elements)],
    ["charges", charge === null ? notStated : formatRange(charge)],
    ["unpaired electrons", unpaired === null ? notStated : formatRange(unpaired)],
    ["closest atoms", closest === null ? notStated : formatClosest(closest)],
  ];
}

/** `-1 to 1`. */
export function formatRange([least, greatest]: ValueRange): string {
  return least === greatest ? String(least) : `${least} to ${greatest}`;
}

function formatClosest({ pairs, covalent }: ClosestDistances): string {
  const parts = pairs.map(({ elements: [a, b], distance }) => `${symbolOf(a)}–${symbolOf(b)} ${distance} Å`);
  const others = pairs.length === 0 ? "all pairs" : "others";
  if (covalent !== null) parts.push(`${others} ${covalent} × the sum of covalent radii`);
  return parts.join(", ");
}

/** Whether a tensor is a constant of the architecture: registered once, never trained. */
function isConstant(name: string): boolean {
  return name === "keep_prob" || name.endsWith(".electron_config") || name.endsWith(".omega") ||
    /^(radial_basis_functions|d4_dispersion_energy)\.[^_]/.test(name);
}

/** Runs of three or more atomic numbers as first–last, and how many there are: `H–Ne, Si (11)`. */
export function formatElements(numbers: readonly number[]): string {
  if (numbers.length === 0) return "none";
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return `${runs.map(formatRun).join(", ")} (${numbers.length})`;
}

function formatRun([first, last]: readonly [number, number]): string {
  if (first === last) return formatElement(first);
  return `${formatElement(first)}${last - first > 1 ? "–" : ", "}${formatElement(last)}`;
}

/** Symbol of an element, or its number: tables may have rows beyond the last element that has a name. */
export function formatElement(atomicNumber: number): string {
  return atomicNumber >= 1 && atomicNumber <= 118 ? symbolOf(atomicNumber) : String(atomicNumber);
}

function formatDtypes({ dtypes, tensors }: ModelDescription): string {
  const counts = [...dtypes].map(([dtype, count]) => `${dtype} (${count})`);
  return `${counts.join(", ")} in ${tensors} tensors`;
}

function formatAttention(randomFeatures: readonly number[]): string {
  const counts = [...new Set(randomFeatures)].map((count) => count === 0 ? "exact" : `${count} random features`);
  return counts.join(", ");
}

function formatBasis({ basis, expWeighting }: Hyperparameters): string {
  if (!basis.startsWith("exp-")) return basis;
  return expWeighting ? `${basis}, weighted` : `${basis}, not weighted`;
}

function formatTerms(hyperparameters: Hyperparameters): string {
  const terms = ["network"];
  if (hyperparameters.zblRepulsion) terms.push("ZBL repulsion");
  if (hyperparameters.electrostatics) terms.push("electrostatics");
  if (hyperparameters.dispersion) terms.push("D4 dispersion");
  return terms.join(", ");
}

/** Groups of three digits with a thin space between them. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
