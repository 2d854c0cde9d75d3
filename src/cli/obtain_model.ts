import { type KnownModel, modelsUrl } from "./known_models.ts";
import { cacheFolder, type ModelFolders, modelFolders } from "./model_folders.ts";
import { findModel, findModels, megabytes, MissingModelError } from "./model_lookup.ts";
import type { Options } from "./options.ts";

/** Somebody who can be asked. */
export interface Terminal {
  /** Whether there is somebody. */
  readonly isInteractive: boolean;
  /** Asks, and gives the answer, a line; `null` at the end of the input. */
  readonly ask: (question: string) => string | null;
}

/**
 * The file of the model that `--model` names; a known one that is not here is downloaded if `--yes` says so, or the user
 * when asked on a terminal.
 *
 * @throws {MissingModelError} If there is none.
 */
export async function obtainModel({ model, yes }: Pick<Options, "model" | "yes">): Promise<string> {
  return await obtain(model, yes === true, standardTerminal);
}

/** The files of the models that `--model` names, as {@linkcode obtainModel} finds each. */
export async function obtainModels({ model, yes }: Pick<Options, "model" | "yes">): Promise<string[]> {
  return await findModels(model, (name) => obtain(name, yes === true, standardTerminal));
}

/** See {@linkcode obtainModel}. */
export async function obtain(
  model: string | undefined,
  yes: boolean,
  terminal: Terminal,
  folders: ModelFolders = modelFolders(),
): Promise<string> {
  try {
    return await findModel(model, folders);
  } catch (error) {
    const known = error instanceof MissingModelError ? error.known : null;
    if (known === null || !await mayConnect() || !(yes || isWanted(known, terminal))) throw error;
    const { pullModel } = await import("./pull_model.ts");
    return (await pullModel(known)).path;
  }
}

/** Whether this process may connect to where known models are. */
async function mayConnect(): Promise<boolean> {
  return (await Deno.permissions.query({ name: "net", host: modelsUrl().host })).state === "granted";
}

function isWanted(model: KnownModel, { isInteractive, ask }: Terminal): boolean {
  if (!isInteractive) return false;
  const { name, licence } = model;
  const answer = ask(
    `The model ${name} is not here. Download it (${
      megabytes(model)
    } MB, ${licence} licence) from ${modelsUrl().host} into ` +
      `${cacheFolder()}? [y/N] `,
  );
  return /^\s*y(es)?\s*$/i.test(answer ?? "");
}

/** Questions go to standard error: standard output may be the results'. */
const standardTerminal: Terminal = {
  get isInteractive() {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  },
  ask(question) {
    Deno.stderr.writeSync(new TextEncoder().encode(question));
    const line = new Uint8Array(1024);
    const count = Deno.stdin.readSync(line);
    return count === null ? null : new TextDecoder().decode(line.subarray(0, count));
  },
};
