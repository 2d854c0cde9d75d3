import type { BasisKind, Hyperparameters, ResidualCounts } from "./hyperparameters.ts";
import type { Model, Tensor } from "./model.ts";
import { ModelFileError, shown } from "./model_file_error.ts";

/** A value that a model file's dictionary may hold. */
export type DictionaryValue = number | boolean | string | null;

const activations = ["swish", "ssp"] as const;

const basisKinds: readonly BasisKind[] = ["exp-bernstein", "exp-gaussian", "gaussian", "bernstein", "sinc"];

const residualKeys: Readonly<Record<keyof ResidualCounts, string>> = {
  electron: "num_residual_electron",
  pre: "num_residual_pre",
  localX: "num_residual_local_x",
  localS: "num_residual_local_s",
  localP: "num_residual_local_p",
  localD: "num_residual_local_d",
  local: "num_residual_local",
  nonlocalQ: "num_residual_nonlocal_q",
  nonlocalK: "num_residual_nonlocal_k",
  nonlocalV: "num_residual_nonlocal_v",
  post: "num_residual_post",
  output: "num_residual_output",
};

/** Largest count taken at all; what a count really allows is decided by the tensors that are there. */
const largestCount = 65536;

/** Atomic numbers are stored in a byte. */
const largestElementTable = 256;

/**
 * Reads the hyperparameters from a model file's dictionary (keys as the published code saves them, see MODEL.md).
 *
 * Keys that checkpoints of older code lack mean what the published code takes them for: no `use_irreps` is false, no
 * `use_nonlinear_embedding` is true, no `lr_cutoff` is none. A missing `use_zbl_repulsion` or `use_d4_dispersion`
 * follows from the tensors. `exp_weighting` may be missing where it has no meaning. Other missing keys are errors.
 *
 * @returns The hyperparameters, and the other keys unchanged.
 * @throws {ModelFileError} naming the key.
 */
export function readHyperparameters(
  dictionary: ReadonlyMap<string, unknown>,
  tensors: ReadonlyMap<string, Tensor>,
): Pick<Model, "hyperparameters" | "extras"> {
  const reader = new DictionaryReader(dictionary);
  const basis = reader.choice("basis_functions", basisKinds);
  const exponential = basis === "exp-bernstein" || basis === "exp-gaussian";
  const hyperparameters: Hyperparameters = {
    activation: reader.choice("activation", activations),
    features: reader.count("num_features", 1, largestCount),
    basisFunctions: reader.count("num_basis_functions", 1, largestCount),
    modules: reader.count("num_modules", 1, largestCount),
    residual: readResidualCounts(reader),
    basis,
    expWeighting: reader.flag("exp_weighting", exponential ? undefined : false),
    cutoff: reader.length("cutoff"),
    longRangeCutoff: reader.optionalLength("lr_cutoff"),
    zblRepulsion: reader.flag("use_zbl_repulsion", tensors.has("zbl_repulsion_energy._adiv")),
    electrostatics: reader.flag("use_electrostatics"),
    dispersion: reader.flag("use_d4_dispersion", tensors.has("d4_dispersion_energy._s6")),
    irreps: reader.flag("use_irreps", false),
    nonlinearEmbedding: reader.flag("use_nonlinear_embedding", true),
    maxAtomicNumber: reader.count("Zmax", 2, largestElementTable),
  };
  return { hyperparameters, extras: reader.rest() };
}

/** The dictionary that {@linkcode readHyperparameters} reads a model's hyperparameters and extras from. */
export function writeHyperparameters(model: Pick<Model, "hyperparameters" | "extras">): Map<string, DictionaryValue> {
  const { hyperparameters, extras } = model;
  const dictionary = new Map<string, DictionaryValue>([
    ["activation", hyperparameters.activation],
    ["num_features", hyperparameters.features],
    ["num_basis_functions", hyperparameters.basisFunctions],
    ["num_modules", hyperparameters.modules],
  ]);
  for (const [name, key] of Object.entries(residualKeys)) {
    dictionary.set(key, hyperparameters.residual[name as keyof ResidualCounts]);
  }
  dictionary
    .set("basis_functions", hyperparameters.basis)
    .set("exp_weighting", hyperparameters.expWeighting)
    .set("cutoff", hyperparameters.cutoff)
    .set("lr_cutoff", hyperparameters.longRangeCutoff)
    .set("use_zbl_repulsion", hyperparameters.zblRepulsion)
    .set("use_electrostatics", hyperparameters.electrostatics)
    .set("use_d4_dispersion", hyperparameters.dispersion)
    .set("use_irreps", hyperparameters.irreps)
    .set("use_nonlinear_embedding", hyperparameters.nonlinearEmbedding)
    .set("Zmax", hyperparameters.maxAtomicNumber);
  for (const [key, value] of Object.entries(extras)) dictionary.set(key, value);
  return dictionary;
}

function readResidualCounts(reader: DictionaryReader): ResidualCounts {
  const counts = Object.entries(residualKeys).map(([name, key]) => [name, reader.count(key, 0, largestCount)]);
  return Object.fromEntries(counts);
}

/** Takes values out of a dictionary by key, each checked for its type. */
class DictionaryReader {
  readonly #rest: Map<string, unknown>;

  constructor(dictionary: ReadonlyMap<string, unknown>) {
    this.#rest = new Map(dictionary);
  }

  count(key: string, least: number, most: number): number {
    const value = this.#take(key);
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw unexpected(key, `a whole number from ${least} to ${most}`, value);
  }

  flag(key: string, missing?: boolean): boolean {
    const value = this.#take(key) ?? missing;
    if (typeof value === "boolean") return value;
    throw unexpected(key, "true or false", value);
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[]): Choice {
    const value = this.#take(key);
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    throw unexpected(key, `one of ${choices.join(", ")}`, value);
  }

  length(key: string): number {
    const value = this.#take(key);
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw unexpected(key, "a positive length in Å", value);
  }

  optionalLength(key: string): number | null {
    return this.#rest.get(key) == null ? this.#none(key) : this.length(key);
  }

  /** What nobody asked for: plain values only, so that a written file can hold them. */
  rest(): Record<string, DictionaryValue> {
    const extras: [string, DictionaryValue][] = [];
    for (const [key, value] of this.#rest) {
      if (!isDictionaryValue(value)) throw unexpected(key, "a finite number, a flag, a text or none", value);
      extras.push([key, value]);
    }
    return Object.fromEntries(extras);
  }

  #take(key: string): unknown {
    const value = this.#rest.get(key);
    this.#rest.delete(key);
    return value;
  }

  #none(key: string): null {
    this.#rest.delete(key);
    return null;
  }
}

function isDictionaryValue(value: unknown): value is DictionaryValue {
  return value === null || typeof value === "boolean" || typeof value === "string" ||
    (typeof value === "number" && Number.isFinite(value));
}

function unexpected(key: string, expected: string, found: unknown): ModelFileError {
  const plain = typeof found === "string" || typeof found === "number" || typeof found === "boolean";
  const words = found === undefined
    ? "no such key"
    : found === null
    ? "none"
    : plain
    ? shown(String(found))
    : "an object";
  return new ModelFileError(`Expected ${expected} as hyperparameter ${shown(key)} but found ${words}`);
}
