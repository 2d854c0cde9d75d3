/** softplus(x) = ln(1 + eˣ), without overflow or cancellation for any finite x. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
