import { commands } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { parse } from "./parse.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Runs the command line.
 *
 * @param args What stands after the program's name.
 * @returns The exit code: 0 all went well, 1 the command failed, 2 the command line was wrong.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parse(args);
    if (parsed.help) {
      console.log((parsed.command === null ? programHelp() : commandHelp(parsed.command)).trimEnd());
      return 0;
    }
    const { run } = await commands[parsed.command].load();
    return await run(parsed.invocation);
  } catch (error) {
    // Whoever read the output has seen enough, as `head` does.
    if (error instanceof Deno.errors.BrokenPipe) return 1;
    console.error(`spookynet: ${oneLine(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function oneLine(error: unknown): string {
  const message = error instanceof Error && error.message !== "" ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, " ");
}
