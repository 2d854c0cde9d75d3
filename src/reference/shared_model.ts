import type { Network } from "../model/network.ts";
import type { Execution } from "./execution.ts";
import type { Operations } from "./operations.ts";
import { type PlacedNetwork, placeNetwork } from "./place_network.ts";
import { plainOperations } from "./plain_operations.ts";
import { referencePolarizabilities } from "./reference_c6.ts";
import { scratchBytes, simdOperations } from "./simd_operations.ts";
import { mostPages } from "./solo_execution.ts";
import { soloTeam, type Team } from "./team.ts";
import { Workspace } from "./workspace.ts";

/** What the threads that compute with one model share; can be sent to a worker, which then sees the same numbers. */
export interface SharedModel {
  readonly memory: WebAssembly.Memory;
  /** The kernels' code; `null` computes in plain TypeScript. */
  readonly kernels: WebAssembly.Module | null;
  /** Where the threads' scratch memory is, one thread's after the other's. */
  readonly scratch: number;
  readonly network: PlacedNetwork;
  /** What `referencePolarizabilities` makes of the model's dispersion; `null` for a model without. */
  readonly polarizabilities: Float64Array | null;
  /** First byte of the memory that is free. */
  readonly free: number;
}

/**
 * Puts a model into a memory of its own, after room for what else its threads share.
 *
 * @param kernels What `compileKernels` gives.
 * @param reserved Bytes at the beginning of the memory that are left to the kernels and to the threads' control.
 * @param threads The most threads there will be.
 */
export function shareModel(
  network: Network,
  kernels: WebAssembly.Module | null,
  reserved: number,
  threads: number,
): SharedModel {
  // shared even for one thread, because other memories detach the arrays they have given when they grow
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
  const workspace = new Workspace(memory, soloTeam, reserved + threads * scratchBytes);
  return {
    memory,
    kernels,
    scratch: reserved,
    network: placeNetwork(network, workspace),
    polarizabilities: network.dispersion && referencePolarizabilities(network.dispersion),
    free: workspace.end,
  };
}

/** What one thread of a team computes with: a workspace from `start` on, and its own operations. */
export function executionOf(model: SharedModel, team: Team, start = model.free): Execution {
  return { workspace: new Workspace(model.memory, team, start), team, operations: operationsOf(model, team) };
}

function operationsOf({ memory, kernels, scratch }: SharedModel, { rank }: Team): Operations {
  return kernels === null ? plainOperations : simdOperations(kernels, memory, scratch + rank * scratchBytes);
}
