/**
 * Unrolls a kernel text, so that accumulators are named registers and never an array indexed in a loop (which drivers put
 * into memory). Two directives, each on a line of its own, which may be nested:
 *
 *     //:for i in 0..COUNT      the lines up to //:end, once for each i, with ${i} replaced
 *     //:if NAME == VALUE       the lines up to //:end where it holds; or !=
 *
 * @param text WGSL with directives.
 * @param constants Values of the names used in directives.
 * @returns Plain WGSL.
 * @throws {SyntaxError} on an unknown name or an unmatched directive.
 */
export function expandTemplate(text: string, constants: Readonly<Record<string, number | string>>): string {
  const lines = text.split("\n");
  const output: string[] = [];
  const end = expandLines(lines, 0, {}, constants, output);
  if (end !== lines.length) throw new SyntaxError(`Expected a //:for or //:if before the //:end in line ${end + 1}`);
  return output.join("\n");
}

/** Expands from a line up to the matching //:end; returns that line's index. */
function expandLines(
  lines: readonly string[],
  from: number,
  names: Readonly<Record<string, number>>,
  constants: Readonly<Record<string, number | string>>,
  output: string[],
): number {
  let at = from;
  while (at < lines.length) {
    const line = lines[at]!;
    if (line === "//:end") return at;
    const loop = /^\/\/:for (\w+) in 0\.\.(\w+)$/.exec(line);
    const condition = /^\/\/:if (\w+) (==|!=) (\w+)$/.exec(line);
    if (loop === null && condition === null) {
      output.push(line.replace(/\$\{(\w+)\}/g, (_, name: string) => String(names[name] ?? unknownName(name, at))));
      at++;
      continue;
    }
    let end = at;
    if (loop !== null) {
      const count = valueOf(loop[2]!, constants, at);
      for (let i = 0; i < count; i++) end = expandLines(lines, at + 1, { ...names, [loop[1]!]: i }, constants, output);
      if (count === 0) throw new SyntaxError(`Expected at least one turn of the loop in line ${at + 1}`);
    } else if (condition !== null) {
      const isEqual = valueOf(condition[1]!, constants, at) === valueOf(condition[3]!, constants, at);
      end = expandLines(lines, at + 1, names, constants, isEqual === (condition[2] === "==") ? output : []);
    }
    if (end >= lines.length) throw new SyntaxError(`Expected a //:end for the directive in line ${at + 1}`);
    at = end + 1;
  }
  return at;
}

function valueOf(word: string, constants: Readonly<Record<string, number | string>>, line: number): number {
  const value = Number(/^\d+$/.test(word) ? word : constants[word] ?? unknownName(word, line));
  if (!Number.isInteger(value)) throw new SyntaxError(`Expected a whole number for ${word} in line ${line + 1}`);
  return value;
}

function unknownName(name: string, line: number): never {
  throw new SyntaxError(`Expected a known name but found ${name} in line ${line + 1}`);
}
