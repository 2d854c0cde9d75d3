import { equal, match } from "node:assert/strict";
import { type CommandName, commands } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { optionsOf } from "./parse.ts";

const names = Object.keys(commands) as CommandName[];

Deno.test("programHelp() names every command", () => {
  for (const name of names) match(programHelp(), new RegExp(`^  ${name} `, "m"));
});

Deno.test("commandHelp() names every option the command takes, in lines a terminal can show", () => {
  for (const name of names) {
    const help = commandHelp(name);
    for (const option of optionsOf(name)) match(help, new RegExp(`^  --${option}\\b`, "m"));
    for (const line of help.split("\n")) equal(line.length <= 110, true, line);
  }
});
