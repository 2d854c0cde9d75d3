import { pairsDeep } from "../kernel_constants.ts";
import type { PlanContext } from "./plan_context.ts";

/** Where the pairs' arrays stand in the pairs buffer, vec4s. */
export interface PairArrays {
  /** `[pair]` (unit vector, distance). */
  readonly geometry: number;
  /** `[pair]` (∂E/∂vector, repulsion). */
  readonly gradient: number;
  /** g `[pair][M·3·F]`. */
  readonly radial: number;
  /** g′, likewise. */
  readonly slope: number;
  /** M·3·F. */
  readonly radialStride: number;
}

/** Unit vectors, distances and repulsion; radial maps of all modules with their derivatives. */
export function planPairs(context: PlanContext): PairArrays {
  const { network, weights, elements, writer } = context;
  const { pairs, first, second, image, atomTable } = context.batch;
  const radialStride = 3 * network.modules.length * weights.features4;
  const geometry = context.pairs.take(pairs);
  const place = context.pairs.take(pairs);
  const gradient = context.pairs.take(pairs);
  const radial = context.pairs.take(pairs * radialStride);
  const slope = context.pairs.take(pairs * radialStride);
  writer.dispatch(
    "pair_geometry",
    [pairs, first, second, image, atomTable, elements.count, elements.repulsion, geometry, place, gradient],
    context.groups(pairs),
  );
  writer.dispatch(
    "radial_maps",
    [pairs, geometry, place, radial, weights.radial],
    context.groups(radialStride),
    Math.min(pairs, pairsDeep),
    Math.ceil(pairs / pairsDeep),
  );
  return { geometry, gradient, radial, slope, radialStride };
}
