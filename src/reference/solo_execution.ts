import type { Execution } from "./execution.ts";
import { plainOperations } from "./plain_operations.ts";
import { constantBytes, scratchBytes, simdOperations } from "./simd_operations.ts";
import { soloTeam } from "./team.ts";
import { Workspace } from "./workspace.ts";

/** WebAssembly pages of 64 KiB that an address of 32 bits reaches; kernels/cpu is compiled for as many. */
export const mostPages = 65536;

/**
 * One thread with a memory of its own, which grows with what is taken from its workspace.
 *
 * @param kernels What `compileKernels` gives; without them plain TypeScript computes.
 */
export function soloExecution(kernels: WebAssembly.Module | null = null): Execution {
  // shared, because other memories detach the arrays they have given when they grow
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
  return {
    workspace: new Workspace(memory, soloTeam, constantBytes + scratchBytes),
    team: soloTeam,
    operations: kernels === null ? plainOperations : simdOperations(kernels, memory, constantBytes),
  };
}
