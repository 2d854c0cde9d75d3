/**
 * Partial charges that sum to the total charge (e): q_i = q̃_i + (Q − Σ_j q̃_j)/N, `[N]` → `[N]`.
 */
export function conserveCharge(charges: Float64Array, total: number): Float64Array {
  const excess = (charges.reduce((a, b) => a + b, 0) - total) / charges.length;
  return charges.map((charge) => charge - excess);
}

/** Adjoint of {@link conserveCharge}: q̄ `[N]` → q̄ without its mean `[N]`. */
export function conserveChargeAdjoint(adjoint: Float64Array): Float64Array {
  return conserveCharge(adjoint, 0);
}
