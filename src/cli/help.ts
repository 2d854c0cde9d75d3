import { type Command, type CommandName, commands } from "./commands.ts";
import { type Option, options } from "./options.ts";
import { argumentOf, optionsOf } from "./parse.ts";

const width = 110;

/** The help of the whole program. */
export function programHelp(): string {
  const rows = Object.entries(commands).map(([name, command]: [string, Command]) =>
    [
      [name, ...command.operands].join(" "),
      command.summary,
    ] as const
  );
  return `SpookyNet energies, forces and stresses on WebGPU, for i-PI, ASE and other hosts of the i-PI protocol.

Usage: ./spookynet COMMAND ...

${table(rows)}

./spookynet COMMAND --help says everything about a command.
`;
}

/** The help of one command. */
export function commandHelp(name: CommandName): string {
  const command: Command = commands[name];
  const taken = optionsOf(name);
  const usage = ["./spookynet", name, ...command.operands, ...taken.length > 0 ? ["[options]"] : []].join(" ");
  const rows = taken.map((option) =>
    [`--${option} ${argumentOf(options[option])}`.trim(), helpOf(options[option])] as const
  );
  return `Usage: ${usage}

${capitalised(command.summary)}.
${command.details}
${rows.length === 0 ? "" : `\n${table(rows)}\n`}`;
}

function helpOf(option: Option): string {
  return option.kind === "choices" ? `${option.help}; of ${option.choices.join(", ")}` : option.help;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Two columns, the second one wrapped. */
function table(rows: readonly (readonly [string, string])[]): string {
  const first = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => {
    const lines = wrap(right, width - first - 4);
    return lines.map((line, k) => `  ${(k === 0 ? left : "").padEnd(first)}  ${line}`).join("\n");
  }).join("\n");
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
