import type { Hyperparameters } from "../model/hyperparameters.ts";
import { softplus } from "../model/softplus.ts";
import type { Activation } from "../model/network.ts";
import type { Share } from "./team.ts";

/** Which activation function a model uses. */
export type ActivationKind = Hyperparameters["activation"];

/**
 * The learned activation of every feature, with its derivative: x `[rows][F]` → y, dy/dx `[rows][F]`, of which `rows` are
 * computed. The adjoint is x̄ = ȳ∘dy/dx.
 *
 * swish: α x σ(βx). ssp (shifted softplus): α (softplus(βx) − ln 2)/β, and its limit α x/2 where β = 0.
 */
export function activate(
  kind: ActivationKind,
  { alpha, beta }: Activation,
  x: Float64Array,
  value: Float64Array,
  derivative: Float64Array,
  rows: Share,
): void {
  const features = alpha.length;
  for (let row = rows.from; row < rows.to; row++) {
    for (let f = 0, at = row * features; f < features; f++, at++) {
      const a = alpha[f]!, b = beta[f]!;
      const xi = x[at]!;
      const sigma = 1 / (1 + Math.exp(-b * xi));
      if (kind === "swish") {
        value[at] = a * xi * sigma;
        derivative[at] = a * sigma * (1 + b * xi * (1 - sigma));
      } else {
        value[at] = b === 0 ? a * xi / 2 : a * (softplus(b * xi) - Math.LN2) / b;
        derivative[at] = a * sigma;
      }
    }
  }
}
