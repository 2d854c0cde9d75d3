/** One entry of an extended XYZ file's `Properties`. */
export interface ColumnSpecification {
  /** Name of the property. */
  readonly name: string;
  /** Real, integer, string or logical. */
  readonly type: "R" | "I" | "S" | "L";
  /** Number of columns. */
  readonly columns: number;
}

/** The columns of a plain XYZ file: symbol or number, then x, y, z. */
export const plainColumns: readonly ColumnSpecification[] = [
  { name: "species", type: "S", columns: 1 },
  { name: "pos", type: "R", columns: 3 },
];

/**
 * Reads the value of `Properties`, `name:type:columns` repeated (`species:S:1:pos:R:3:forces:R:3`).
 *
 * @throws SyntaxError naming the entry that is malformed or repeated, or when there is no `pos:R:3`, or neither
 * `species:S:1` nor `Z:I:1`.
 */
export function parseColumns(properties: string): ColumnSpecification[] {
  const fields = properties.split(":");
  const found = new Map<string, ColumnSpecification>();
  for (let at = 0; at < fields.length; at += 3) {
    const [name, type, columns] = fields.slice(at, at + 3);
    if (!name || !type || !/^[RISL]$/.test(type) || !columns || !/^[1-9]\d{0,4}$/.test(columns)) {
      const entry = fields.slice(at, at + 3).join(":").slice(0, 60);
      throw new SyntaxError(`Expected name:type:columns with type R, I, S or L in Properties but found "${entry}"`);
    }
    if (found.has(name)) throw new SyntaxError(`Expected each property once but found ${name} twice in Properties`);
    found.set(name, { name, type: type as ColumnSpecification["type"], columns: Number(columns) });
  }
  const has = (name: string, columns: number) => found.get(name)?.columns === columns;
  if (!has("pos", 3) || !(has("species", 1) || has("Z", 1))) {
    throw new SyntaxError(
      `Expected species:S:1 or Z:I:1, and pos:R:3 in Properties but found "${properties.slice(0, 120)}"`,
    );
  }
  return [...found.values()];
}
