import type { Property, Result } from "../structure/result.ts";

/** What a line can hold. */
type LineProperty = Exclude<Property, "committee">;

/**
 * One line of JSON with the properties asked for, in the units and shapes of {@linkcode Result}: matrices as rows, every
 * number with all its digits. `stress` is null for a structure that has none. `domain` is there for a structure outside
 * what the model was trained on even where it is not asked for, if the result says so.
 *
 * @throws RangeError when a number is not finite, which JSON cannot say.
 */
export function formatJsonLine(result: Result, properties: readonly LineProperty[]): string {
  const isOutside = result.domain !== undefined && result.domain.length > 0;
  const shown = new Set<LineProperty>(isOutside ? [...properties, "domain"] : properties);
  const values = Object.fromEntries([...shown].map((property) => [property, jsonValue(result, property)]));
  return JSON.stringify(values, refuseNonFinite) + "\n";
}

function jsonValue(result: Result, property: LineProperty): unknown {
  const { energies } = result;
  switch (property) {
    case "energy":
      return result.energy;
    case "forces":
    case "virial":
    case "stress":
      return rows(result[property], 3);
    case "hessian":
      return rows(result.hessian, result.forces.length);
    case "energies":
      return energies && {
        nn: [...energies.nn],
        repulsion: [...energies.repulsion],
        electrostatics: [...energies.electrostatics],
        dispersion: [...energies.dispersion],
      };
    case "domain":
      return result.domain;
    default:
      return rows(result[property], 1)?.flat();
  }
}

/** Rows of a flat matrix. */
function rows(values: Float64Array | undefined, columns: number): number[][] | null {
  if (values === undefined) return null;
  return Array.from(
    { length: values.length / columns },
    (_, row) => [...values.subarray(columns * row, columns * (row + 1))],
  );
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new RangeError(`Expected finite results to write but found ${value}${key === "energy" ? " in energy" : ""}`);
}
