import type { TermExecution } from "./execution.ts";
import { soloTeam } from "./team.ts";
import { Workspace } from "./workspace.ts";

/** WebAssembly pages of 64 KiB that an address of 32 bits reaches. */
const mostPages = 65536;

/** One thread with a memory of its own, which grows with what is taken from its workspace. */
export function soloExecution(): TermExecution {
  // shared, because other memories detach the arrays they have given when they grow
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
  return { workspace: new Workspace(memory, soloTeam), team: soloTeam };
}
