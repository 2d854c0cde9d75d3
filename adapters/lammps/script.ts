/** Variables and labels that {@linkcode withStops} puts into a script. */
const next = "spookynet_next", stop = "spookynet_stop";

/** Commands that ask for forces. */
const runs: ReadonlySet<string> = new Set(["run", "minimize", "rerun", "dynamical_matrix", "third_order"]);

/** Fixes that a script may make before there is a box. */
const boxlessFixes: ReadonlySet<string> = new Set(["property/atom", "cmap"]);

/** A `fix ID group external pf/callback` of a script. */
export interface ExternalFix {
  /** Its ID. */
  readonly id: string;
  /** Its group's ID. */
  readonly group: string;
}

/** One command: its lines as they are, comments and blank lines before it included, and its words. */
interface Command {
  readonly lines: readonly string[];
  readonly words: readonly string[];
}

/** The fixes external that a script makes at its top level. */
export function externalFixes(script: string): ExternalFix[] {
  return commandsOf(script).map(({ words }) => words).filter(isExternalFix).map(([, id, group]) => ({
    id: id!,
    group: group!,
  }));
}

/**
 * A script that gives control back to its caller wherever something may be to do for a fix external: before the first fix
 * (the one of the model comes first, so that fixes which set or constrain forces act on its forces too), after every fix
 * external, and before and after every command that asks for forces. Loops and jumps of the script work as before.
 *
 * Giving back means: the variable of {@linkcode stopVariable} is set to the number of the place, and the file jumps to an empty one.
 * Running it again goes on at the place that {@linkcode resume} says; `start` is its beginning.
 */
export function withStops(script: string): string {
  const lines = [`jump SELF spookynet_\${${next}}`, "label spookynet_start"];
  let places = 0, isStopDue = false, hasFix = false;
  for (const { lines: own, words } of commandsOf(script)) {
    const [name = "", , , style = ""] = words;
    const isFirstFix = name === "fix" && !hasFix && !boxlessFixes.has(style);
    if (words.length > 0 && (isStopDue || isFirstFix || runs.has(name))) {
      places++;
      lines.push(`variable ${stop} string ${places}`, "jump /dev/null", `label spookynet_${places}`);
      isStopDue = false;
    }
    lines.push(...own);
    if (runs.has(name) || isExternalFix(words)) isStopDue = true;
    if (isFirstFix) hasFix = true;
    if (name === "clear") hasFix = false;
  }
  return `${lines.join("\n")}\n`;
}

/** The variable that holds the place where a script has stopped, or `end`. */
export const stopVariable: string = stop;

/** Commands that let the script's next run start at a place. */
export function resume(place: string): string {
  return `variable ${next} string ${place}\nvariable ${stop} string end`;
}

function isExternalFix([name, , , style]: readonly string[]): boolean {
  return name === "fix" && style === "external";
}

/** Commands by LAMMPS' rules: `&` at a line's end and text in triple quotes go on in the next line. */
function commandsOf(script: string): Command[] {
  const commands: Command[] = [];
  let lines: string[] = [];
  for (const line of script.split(/\r?\n/)) {
    lines.push(line);
    const text = lines.join("\n");
    const isOpen = /&\s*$/.test(line) || text.split('"""').length % 2 === 0;
    if (isOpen) continue;
    commands.push({ lines, words: wordsOf(text) });
    lines = [];
  }
  if (lines.length > 0) commands.push({ lines, words: wordsOf(lines.join("\n")) });
  return commands;
}

function wordsOf(text: string): string[] {
  return text.replaceAll(/&\s*$/gm, " ").replace(/#.*$/s, "").trim().split(/\s+/).filter((word) => word !== "");
}
