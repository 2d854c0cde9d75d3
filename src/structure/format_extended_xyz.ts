import type { InfoValue, Scalar } from "./comment_line.ts";
import { electronKeys } from "./electrons.ts";
import { symbolOf } from "./elements.ts";
import type { Result } from "./result.ts";
import type { Structure } from "./structure.ts";

/** A property of each atom to be written. */
interface Column {
  readonly name: string;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Keys this writer sets itself. */
const ownKeys: ReadonlySet<string> = new Set(["lattice", "properties", "pbc", "outside_domain", ...electronKeys]);

/**
 * One frame of extended XYZ, with the names that ASE reads: `energy`, `dipole`, `stress`, `virial` in the comment,
 * `forces`, `charges`, `energies` as columns, in the units of {@linkcode Result}.
 *
 * Numbers are written with all the digits that float64 needs, so reading the frame gives back the same bits. The atoms'
 * terms become columns `energies_nn`, …; a Hessian is written as `hessian="_JSON [[…]]"`, as ASE writes matrices;
 * `outside_domain` says in which ways the structure is outside what the model was trained on, or `no`.
 *
 * @param structure Written with its `charge` and `unpaired`.
 * @param result What was computed for it.
 * @param info Further keys, for instance those of the frame that was read. Keys that the structure or the result set are
 * left out of it.
 * @returns Text of N + 2 lines, each ended.
 * @throws RangeError when a number is not finite.
 *
 * @example
 * ```ts
 * import { createStructure } from "./create_structure.ts";
 * import { formatExtendedXyz } from "./format_extended_xyz.ts";
 *
 * const proton = createStructure({ symbols: ["H"], positions: [0, 0, 0.5], charge: 1 });
 * console.assert(formatExtendedXyz(proton).startsWith("1\nProperties=species:S:1:pos:R:3 "));
 * ```
 */
export function formatExtendedXyz(
  structure: Structure,
  result?: Result,
  info: ReadonlyMap<string, InfoValue> = new Map(),
): string {
  const { numbers, positions, cell, periodic, charge, unpaired } = structure;
  const columns: Column[] = [
    { name: "pos", columns: 3, values: positions },
    ...(result === undefined ? [] : resultColumns(result)),
  ];
  const results = result === undefined ? new Map<string, string>() : resultKeys(result, numbers.length);
  const pairs = [
    ...(cell === null ? [] : [`Lattice="${realsOf(cell)}"`]),
    `Properties=species:S:1:${columns.map(({ name, columns }) => `${name}:R:${columns}`).join(":")}`,
    `pbc="${periodic.map(logical).join(" ")}"`,
    `charge=${number(charge)}`,
    `unpaired=${number(unpaired)}`,
    ...Array.from(results, ([key, value]) => `${key}=${value}`),
  ];
  for (const [key, value] of info) {
    if (!ownKeys.has(key.toLowerCase()) && !results.has(key)) {
      pairs.push(`${quotedIfNeeded(key)}=${formatValue(value)}`);
    }
  }
  const lines = [`${numbers.length}`, pairs.join(" ")];
  numbers.forEach((atomicNumber, i) => {
    const words = columns.map(({ columns, values }) => realsOf(values.subarray(columns * i, columns * (i + 1))));
    lines.push(`${symbolOf(atomicNumber)} ${words.join(" ")}`);
  });
  return lines.join("\n") + "\n";
}

function resultColumns({ forces, charges, energies, polarizabilities, c6 }: Result): Column[] {
  const columns: Column[] = [{ name: "forces", columns: 3, values: forces }];
  const add = (name: string, values: Float64Array | undefined) => {
    if (values !== undefined) columns.push({ name, columns: 1, values });
  };
  add("charges", charges);
  if (energies !== undefined) {
    const { nn, repulsion, electrostatics, dispersion } = energies;
    add("energies", nn.map((value, i) => value + repulsion[i]! + electrostatics[i]! + dispersion[i]!));
    add("energies_nn", nn);
    add("energies_repulsion", repulsion);
    add("energies_electrostatics", electrostatics);
    add("energies_dispersion", dispersion);
  }
  add("polarizabilities", polarizabilities);
  add("c6", c6);
  return columns;
}

function resultKeys(result: Result, atomCount: number): Map<string, string> {
  const { energy, dipole, stress, virial, hessian, domain } = result;
  const keys = new Map([["energy", real(energy)]]);
  if (dipole !== undefined) keys.set("dipole", `"${realsOf(dipole)}"`);
  if (stress !== undefined) keys.set("stress", `"${realsOf(stress)}"`);
  if (virial !== undefined) keys.set("virial", `"${realsOf(virial)}"`);
  if (domain !== undefined) keys.set("outside_domain", quotedIfNeeded(domain.join("; ") || "no"));
  if (hessian !== undefined) {
    const size = 3 * atomCount;
    const rows = Array.from({ length: size }, (_, row) => {
      return `[${Array.from(hessian.subarray(size * row, size * (row + 1)), real).join(", ")}]`;
    });
    keys.set("hessian", `"_JSON [${rows.join(", ")}]"`);
  }
  return keys;
}

/** A value as the reader takes it back: the same numbers, logicals and strings in the same shape. */
function formatValue(value: InfoValue): string {
  if (!Array.isArray(value)) return formatScalar(value as Scalar);
  const elements = value as readonly (Scalar | readonly Scalar[])[];
  const plain = elements.length > 1 && elements.every((element) => ["number", "boolean"].includes(typeof element));
  if (plain) return `"${(elements as readonly Scalar[]).map(formatScalar).join(" ")}"`;
  const inner = elements.map((
    element,
  ) => (Array.isArray(element) ? formatRow(element) : formatElement(element as Scalar)));
  return `[${inner.join(", ")}]`;
}

function formatRow(row: readonly Scalar[]): string {
  return `[${row.map(formatElement).join(", ")}]`;
}

function formatElement(value: Scalar): string {
  return typeof value === "string" ? quoted(value) : formatScalar(value);
}

function formatScalar(value: Scalar): string {
  if (typeof value === "number") return number(value);
  return typeof value === "boolean" ? logical(value) : quotedIfNeeded(value);
}

function quotedIfNeeded(text: string): string {
  return /^[^\s=",'{}[\]\\]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}

function logical(value: boolean): string {
  return value ? "T" : "F";
}

function realsOf(values: Float64Array): string {
  return Array.from(values, real).join(" ");
}

/** The shortest decimal that is this float64, recognisable as a real number. */
function real(value: number): string {
  const text = number(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`Expected finite numbers to write but found ${value}`);
  return Object.is(value, -0) ? "-0" : String(value);
}
