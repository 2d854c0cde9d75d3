import { atomicNumber } from "../structure/elements.ts";
import type { Model, Tensor } from "./model.ts";
import { ModelFileError, shown } from "./model_file_error.ts";

/** The least and the greatest value that there was, both of them inside. */
export type ValueRange = readonly [least: number, greatest: number];

/** How close atoms came to each other in what a model was trained on. */
export interface ClosestDistances {
  /** Å, of pairs of elements; the first atomic number is not greater than the second. */
  readonly pairs: readonly { readonly elements: readonly [number, number]; readonly distance: number }[];
  /** Of all other pairs, as a share of the sum of the two covalent radii; `null`: nothing is known about them. */
  readonly covalent: number | null;
}

/** What a model was trained on. What nobody says is `null`, and nothing is outside of it. */
export interface TrainingDomain {
  /** Atomic numbers, ascending. */
  readonly elements: readonly number[] | null;
  /** Total charges, e. */
  readonly charge: ValueRange | null;
  /** Numbers of unpaired electrons. */
  readonly unpaired: ValueRange | null;
  /** Distances below which there was nothing. */
  readonly closest: ClosestDistances | null;
}

/** The text of a model that says what it was trained on. */
const domainKey = "domain";

/** Longest distance, Å, and greatest share of covalent radii that can be the closest of two atoms. */
const longestDistance = 10;
const greatestShare = 3;

/**
 * What a model was trained on, as its text `domain` says in JSON:
 * `{"elements": ["H", "O"], "charge": [-1, 1], "unpaired": [0, 2], "closest": {"H-H": 0.55, "H-O": 0.7},
 * "closest_covalent": 0.6}`, every key optional (docs/models.md). Of a model that does not say its elements they are those
 * it has parameters of: whose rows of `element_embedding` and, unless all of these are zero, of `element_bias` are not zero,
 * as training leaves the rows of elements that it never sees.
 *
 * @throws {ModelFileError} where the text is no such JSON.
 */
export function trainingDomain(model: Pick<Model, "hyperparameters" | "metadata" | "tensors">): TrainingDomain {
  const text = model.metadata.get(domainKey);
  const said = text === undefined ? noDomain : readDomain(text);
  const { maxAtomicNumber } = model.hyperparameters;
  const unknown = said.elements?.find((z) => z >= maxAtomicNumber);
  if (unknown !== undefined) {
    throw new ModelFileError(
      `Expected elements up to ${maxAtomicNumber - 1}, which the model has, in its domain but found ${unknown}`,
    );
  }
  return { ...said, elements: said.elements ?? elementsWithParameters(model.tensors) };
}

/** Atomic numbers whose rows of a table `[Zmax][…]` are not all zero; none without a table. */
export function elementsWithRow(table: Tensor | undefined): number[] {
  if (table === undefined) return [];
  const [rows, columns] = table.shape as [number, number];
  return Array.from({ length: rows - 1 }, (_, index) => index + 1)
    .filter((row) => table.data.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0));
}

const noDomain: TrainingDomain = { elements: null, charge: null, unpaired: null, closest: null };

function elementsWithParameters(tensors: Model["tensors"]): readonly number[] | null {
  const embedded = elementsWithRow(tensors.get("nuclear_embedding.element_embedding"));
  const biased = elementsWithRow(tensors.get("element_bias"));
  const elements = biased.length === 0 ? embedded : embedded.filter((z) => biased.includes(z));
  return elements.length === 0 ? null : elements;
}

function readDomain(text: string): TrainingDomain {
  const { elements, charge, unpaired, closest, closest_covalent: covalent, ...others } = parseObject(text);
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw unexpected("elements, charge, unpaired, closest and closest_covalent", `the key ${shown(other)}`);
  }
  return {
    elements: elements === undefined ? null : readElements(elements),
    charge: charge === undefined ? null : readRange("charge", charge, -Infinity),
    unpaired: unpaired === undefined ? null : readRange("unpaired", unpaired, 0),
    closest: closest === undefined && covalent === undefined ? null : {
      pairs: closest === undefined ? [] : readPairs(closest),
      covalent: covalent === undefined ? null : readLength("closest_covalent", covalent, greatestShare),
    },
  };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What is no JSON is no object either.
  }
  if (!isObject(value)) throw unexpected("an object in JSON", shown(text));
  return value;
}

function readElements(value: unknown): number[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= 256;
  if (!isList) throw unexpected("a list of symbols as elements", describe(value));
  return [...new Set(value.map(readElement))].sort((a, b) => a - b);
}

function readElement(symbol: unknown): number {
  try {
    if (typeof symbol === "string") return atomicNumber(symbol);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw unexpected("a chemical symbol", describe(symbol));
}

function readRange(key: string, value: unknown, lowest: number): ValueRange {
  const [least, greatest] = Array.isArray(value) && value.length === 2 ? value : [];
  if (isNumber(least) && isNumber(greatest) && lowest <= least && least <= greatest) return [least, greatest];
  throw unexpected(`the least and the greatest value as ${key}`, describe(value));
}

function readPairs(value: unknown): ClosestDistances["pairs"] {
  if (!isObject(value)) throw unexpected("an object of distances as closest", describe(value));
  return Object.entries(value).map(([pair, distance]) => {
    const symbols = pair.split("-");
    if (symbols.length !== 2) throw unexpected('two symbols like "H-O" in closest', describe(pair));
    const [a, b] = symbols.map(readElement) as [number, number];
    const elements = [Math.min(a, b), Math.max(a, b)] as const;
    return { elements, distance: readLength(`closest ${shown(pair)}`, distance, longestDistance) };
  });
}

function readLength(key: string, value: unknown, most: number): number {
  if (isNumber(value) && value > 0 && value <= most) return value;
  throw unexpected(`a number above 0 and up to ${most} as ${key}`, describe(value));
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  return shown(JSON.stringify(value));
}

function unexpected(expected: string, found: string): ModelFileError {
  return new ModelFileError(`Expected ${expected} in the text "${domainKey}" of __metadata__ but found ${found}`);
}
