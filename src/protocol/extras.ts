import { ProtocolError } from "./protocol_error.ts";

/**
 * Encodes extras as the text i-PI reads: one JSON object, or nothing at all.
 *
 * @returns The JSON text; the empty string when there are no extras.
 * @throws {ProtocolError} When a number is not finite (JSON has none such), or a name is `raw`: i-PI keeps the whole text
 * under that name, and its polling thread dies of a second one.
 */
export function encodeExtras(extras: Readonly<Record<string, unknown>> | undefined): string {
  if (extras === undefined) return "";
  const entries: string[] = [];
  for (const [name, value] of Object.entries(extras)) {
    if (name === "raw") throw new ProtocolError(`Expected extras with names other than "raw", which i-PI uses itself`);
    entries.push(`${JSON.stringify(name)}:${encodeValue(name, value)}`);
  }
  return entries.length === 0 ? "" : `{${entries.join(",")}}`;
}

function encodeValue(name: string, value: unknown): string {
  if (value instanceof Float64Array || value instanceof Float32Array) {
    for (const number of value) requireFinite(name, number);
    return `[${value.join(",")}]`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => encodeValue(name, item)).join(",")}]`;
  if (typeof value === "number") {
    requireFinite(name, value);
    return String(value);
  }
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  throw new ProtocolError(`Expected numbers, strings or arrays in the extras but found ${typeof value} in "${name}"`);
}

function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new ProtocolError(`Expected finite extras but the model gave ${value} in "${name}"; nothing was sent`);
  }
}
