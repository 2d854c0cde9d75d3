import { parseArgs } from "node:util";
import { type CommandName, commands, type Invocation } from "./commands.ts";
import { nearest } from "./nearest.ts";
import { type OptionKind, type OptionName, type Options, options } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** A command line, understood: a command to run, or help to print (of one command or of all). */
export type Parsed =
  | { readonly help: true; readonly command: CommandName | null }
  | { readonly help: false; readonly command: CommandName; readonly invocation: Invocation };

/**
 * Understands a command line by the tables of commands and options.
 *
 * @param args What stands after the program's name.
 * @throws {UsageError} If anything in it is unknown, missing, too much or not of the expected kind.
 */
export function parse(args: readonly string[]): Parsed {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help" && rest.length === 0) {
    return { help: true, command: null };
  }
  const command = commandNamed(name === "help" ? rest[0]! : name);
  if (name === "help" || isHelpWanted(rest)) return { help: true, command };
  return { help: false, command, invocation: invocationOf(command, rest) };
}

/** The names of the options a command takes. */
export function optionsOf(command: CommandName): OptionName[] {
  return (Object.keys(options) as OptionName[]).filter((name) =>
    (options[name].commands as readonly CommandName[]).includes(command)
  );
}

function isHelpWanted(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((argument) => argument === "--help" || argument === "-h");
}

function commandNamed(name: string): CommandName {
  if (Object.hasOwn(commands, name)) return name as CommandName;
  const names = Object.keys(commands);
  throw new UsageError(`Expected a command but found "${name}": ${suggestion(nearest(name, names), names)}`);
}

function suggestion(meant: string | null, names: readonly string[]): string {
  return meant === null ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
}

function invocationOf(command: CommandName, args: readonly string[]): Invocation {
  const names = optionsOf(command);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      names.map((name) => [name, { type: options[name].kind === "flag" ? "boolean" : "string" } as const]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const operands: string[] = [];
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const name = optionNamed(token.name, token.rawName, command, names);
    const isNextOption = !token.inlineValue && token.value?.startsWith("--");
    if (Object.hasOwn(values, name)) {
      throw new UsageError(`Expected ${token.rawName} once but found it again: give it one value`);
    }
    values[name] = valueOf(token.rawName, options[name], isNextOption ? undefined : token.value);
  }
  checkOperands(command, operands);
  return { operands, options: values as Options };
}

function optionNamed(name: string, rawName: string, command: CommandName, names: readonly OptionName[]): OptionName {
  const known = names.find((candidate) => candidate === name);
  if (known !== undefined && rawName.startsWith("--")) return known;
  const meant = nearest(name, names);
  const list = names.map((candidate) => `--${candidate}`);
  throw new UsageError(
    `Expected an option of ${command} but found ${rawName}: ${suggestion(meant && `--${meant}`, list)}`,
  );
}

function valueOf(rawName: string, option: OptionKind, value: string | undefined): unknown {
  if (option.kind === "flag") {
    if (value !== undefined) throw new UsageError(`Expected ${rawName} without a value but found "${value}"`);
    return true;
  }
  if (value === undefined || value === "") {
    throw new UsageError(`Expected ${rawName} ${argumentOf(option)} but found no value`);
  }
  switch (option.kind) {
    case "text":
      return value;
    case "number":
      return numberOf(rawName, option, value);
    case "whole numbers":
      return value.split(",").map((word) =>
        numberOf(rawName, { kind: "number", argument: "N", whole: true, least: option.least }, word)
      );
    case "choice":
      return choiceOf(rawName, option.choices, value);
    case "choices":
      return [...new Set(value.split(",").map((word) => choiceOf(rawName, option.choices, word.trim())))];
  }
}

function numberOf(rawName: string, option: OptionKind & { kind: "number" }, text: string): number {
  const value = Number(text);
  const isGood = text.trim() !== "" && Number.isFinite(value) && (!option.whole || Number.isInteger(value)) &&
    value >= (option.least ?? -Infinity);
  if (isGood) return value;
  const kind = option.whole ? "a whole number" : "a number";
  const least = option.least === undefined ? "" : ` of at least ${option.least}`;
  throw new UsageError(`Expected ${kind}${least} after ${rawName} but found "${text}"`);
}

function choiceOf(rawName: string, choices: readonly string[], word: string): string {
  if (choices.includes(word)) return word;
  throw new UsageError(
    `Expected ${rawName} to be one of ${choices.join(", ")} but found "${word}"${meantOf(nearest(word, choices))}`,
  );
}

function meantOf(meant: string | null): string {
  return meant === null ? "" : `: did you mean ${meant}?`;
}

/** What an option's value is called in help and errors; empty for a flag. */
export function argumentOf(option: OptionKind): string {
  switch (option.kind) {
    case "flag":
      return "";
    case "choice":
      return option.choices.join("|");
    case "choices":
      return "A,B,...";
    case "whole numbers":
      return "N,N,...";
    default:
      return option.argument;
  }
}

function checkOperands(command: CommandName, operands: readonly string[]) {
  const expected: readonly string[] = commands[command].operands;
  const needed = expected.filter((name) => !name.startsWith("["));
  if (operands.length >= needed.length && operands.length <= expected.length) return;
  const found = operands.length === 0 ? "nothing" : operands.map((operand) => `"${operand}"`).join(" ");
  const usage = [command, ...expected].join(" ");
  throw new UsageError(`Expected ./spookynet ${usage} but found ${found}: see ./spookynet ${command} --help`);
}
