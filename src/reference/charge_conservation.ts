import type { Execution } from "./execution.ts";
import { share } from "./team.ts";

/**
 * Partial charges that sum to the total charge (e): q_i = q̃_i + (Q − Σ_j q̃_j)/N, `[N]` → `[N]`.
 */
export function conserveCharge(
  { workspace, team }: Omit<Execution, "operations">,
  charges: Float64Array,
  total: number,
): Float64Array {
  const result = workspace.float64(charges.length);
  team.barrier();
  let sum = 0;
  for (let i = 0; i < charges.length; i++) sum += charges[i]!;
  const excess = (sum - total) / charges.length;
  const { from, to } = share(team, charges.length);
  for (let i = from; i < to; i++) result[i] = charges[i]! - excess;
  return result;
}

/** Adjoint of {@link conserveCharge}: q̄ `[N]` → q̄ without its mean `[N]`. */
export function conserveChargeAdjoint(execution: Omit<Execution, "operations">, adjoint: Float64Array): Float64Array {
  return conserveCharge(execution, adjoint, 0);
}
