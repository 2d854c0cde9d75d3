import type { Operations } from "./operations.ts";
import type { Team } from "./team.ts";
import type { Workspace } from "./workspace.ts";

/**
 * What computing takes besides numbers; the first argument of every term.
 *
 * All threads of a team call the same functions with the same arguments, in the same order. A function takes its results'
 * arrays from the workspace, whole ones, and writes of each the rows of this thread's `share(team, rows)`. It may read
 * the same rows of its arguments at once; before it reads other rows of them it calls `team.barrier()`. An array that
 * another thread may still be reading is not written to again. Every number is computed by one thread, by the same sums in
 * the same order whatever the team's size: results do not depend on it to the last bit.
 */
export interface Execution {
  /** Where results are put. */
  readonly workspace: Workspace;
  /** This thread and those it works with. */
  readonly team: Team;
  /** What takes most of the time. */
  readonly operations: Operations;
}

/** What a term takes that does its arithmetic itself. */
export type TermExecution = Omit<Execution, "operations">;
