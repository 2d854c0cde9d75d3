/** Prints rows of name and value, the values below each other and at least `indent` characters from the left. */
export function printRows(rows: readonly (readonly [name: string, value: string])[], indent = 0) {
  const width = Math.max(indent - 2, ...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
}
