import { deepEqual, equal, match, throws } from "node:assert/strict";
import { commands } from "./commands.ts";
import { options } from "./options.ts";
import { parse } from "./parse.ts";
import { UsageError } from "./usage_error.ts";

function invocationOf(line: string) {
  const parsed = parse(line.split(" "));
  if (parsed.help) throw new Error("Expected an invocation but found help");
  return parsed;
}

function complaint(line: string): string {
  let message = "";
  throws(() => parse(line.split(" ")), (error: unknown) => {
    message = error instanceof UsageError ? error.message : "";
    return error instanceof UsageError;
  });
  return message;
}

Deno.test("parse() converts every kind of option", () => {
  const { command, invocation } = invocationOf(
    "eval water.xyz --charge -1 --unpaired=2 --properties energy,forces,energy --device cpu --no-electron-check",
  );
  equal(command, "eval");
  deepEqual(invocation.operands, ["water.xyz"]);
  deepEqual(invocation.options, {
    "charge": -1,
    "unpaired": 2,
    "properties": ["energy", "forces"],
    "device": "cpu",
    "no-electron-check": true,
  });
});

Deno.test("parse() takes whole numbers with commas between them, and operands that may be left out", () => {
  deepEqual(invocationOf("bench --sizes 3,21 --batch 1").invocation, {
    operands: [],
    options: { sizes: [3, 21], batch: [1] },
  });
  deepEqual(invocationOf("bench a.xyz").invocation.operands, ["a.xyz"]);
  match(complaint("bench a.xyz b.xyz"), /Expected \.\/spookynet bench \[FILE\] but found "a.xyz" "b.xyz"/);
  match(complaint("bench --sizes 3,2.5"), /Expected a whole number of at least 3 after --sizes but found "2.5"/);
  match(complaint("bench --batch"), /Expected --batch N,N,... but found no value/);
});

Deno.test("parse() refuses an option given twice", () => {
  match(complaint("eval a.xyz --charge 1 --charge 2"), /--charge once/);
});

Deno.test("parse() takes what follows -- as operands", () => {
  deepEqual(invocationOf("eval -- --help").invocation.operands, ["--help"]);
});

Deno.test("parse() finds help wherever it stands", () => {
  deepEqual(parse([]), { help: true, command: null });
  deepEqual(parse(["--help"]), { help: true, command: null });
  deepEqual(parse(["eval", "--charge", "-h"]), { help: true, command: "eval" });
  deepEqual(parse(["help", "info"]), { help: true, command: "info" });
});

Deno.test("parse() suggests the nearest command, option and choice", () => {
  match(complaint("conect"), /did you mean connect\?/);
  match(complaint("eval a.xyz --chrage 1"), /did you mean --charge\?/);
  match(complaint("eval a.xyz --steps 1"), /Expected an option of eval but found --steps: there are --output/);
  match(complaint("eval a.xyz --properties energy,froces"), /did you mean forces\?/);
});

Deno.test("parse() refuses values of another kind and missing ones", () => {
  match(complaint("eval a.xyz --charge one"), /Expected a number after --charge but found "one"/);
  match(complaint("eval a.xyz --unpaired -1"), /whole number of at least 0/);
  match(complaint("eval a.xyz --unpaired 0.5"), /whole number of at least 0/);
  match(complaint("eval a.xyz --output --charge 1"), /Expected --output FILE but found no value/);
  match(complaint("eval a.xyz --device"), /Expected --device auto\|gpu\|software\|cpu but found no value/);
  match(complaint("eval a.xyz --no-electron-check=yes"), /without a value/);
});

Deno.test("parse() refuses too few and too many operands", () => {
  match(complaint("eval"), /Expected \.\/spookynet eval FILE but found nothing/);
  match(complaint("info a b"), /Expected \.\/spookynet info MODEL but found "a" "b"/);
});

Deno.test("options name only commands that exist", () => {
  for (const option of Object.values(options)) {
    for (const command of option.commands) equal(Object.hasOwn(commands, command), true);
  }
});
