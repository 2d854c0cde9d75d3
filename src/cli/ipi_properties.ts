/**
 * Reads i-PI's table of properties: a comment line for each column (`# column 3 --> conserved{electronvolt} : ...`), then
 * numbers.
 *
 * @param text The file; a last line that is not complete is left out, so that it can be read while i-PI writes.
 * @returns One array a column, by name without unit, all of the same length.
 * @throws {SyntaxError} If a line has not as many numbers as there are columns.
 */
export function parseIpiProperties(text: string): Map<string, number[]> {
  const columns: (readonly [string, number[]])[] = [];
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  for (const [index, line] of lines.entries()) {
    const name = /^#\s*col(?:umn|\.)\s+\d+\s*-->\s*([^{\s(:]+)/.exec(line)?.[1];
    if (name !== undefined) columns.push([name, []]);
    if (line.startsWith("#") || line.trim() === "") continue;
    const values = line.trim().split(/\s+/).map(Number);
    if (values.length !== columns.length || values.some(Number.isNaN)) {
      throw new SyntaxError(
        `Expected ${columns.length} numbers in line ${index + 1} of i-PI's properties but found "${line.trim()}"`,
      );
    }
    columns.forEach(([, column], k) => column.push(values[k]!));
  }
  return new Map(columns);
}
