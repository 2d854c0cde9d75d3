import type { Hyperparameters } from "../model/hyperparameters.ts";
import { softplus } from "../model/softplus.ts";
import type { Activation } from "../model/network.ts";

/** Which activation function a model uses. */
export type ActivationKind = Hyperparameters["activation"];

/** Values and derivatives of a function applied to each element, both of the argument's shape. */
export interface Differentiated {
  /** y. */
  readonly value: Float64Array;
  /** dy/dx, element by element; the adjoint is x̄ = ȳ∘derivative. */
  readonly derivative: Float64Array;
}

/**
 * The learned activation of every feature, with its derivative: x `[rows][F]` → y, dy/dx `[rows][F]`.
 *
 * swish: α x σ(βx). ssp (shifted softplus): α (softplus(βx) − ln 2)/β, and its limit α x/2 where β = 0.
 */
export function activate(kind: ActivationKind, { alpha, beta }: Activation, x: Float64Array): Differentiated {
  const features = alpha.length;
  const value = new Float64Array(x.length);
  const derivative = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += features) {
    for (let f = 0; f < features; f++) {
      const a = alpha[f]!, b = beta[f]!;
      const xi = x[start + f]!;
      const sigma = 1 / (1 + Math.exp(-b * xi));
      if (kind === "swish") {
        value[start + f] = a * xi * sigma;
        derivative[start + f] = a * sigma * (1 + b * xi * (1 - sigma));
      } else {
        value[start + f] = b === 0 ? a * xi / 2 : a * (softplus(b * xi) - Math.LN2) / b;
        derivative[start + f] = a * sigma;
      }
    }
  }
  return { value, derivative };
}
