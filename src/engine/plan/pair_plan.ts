import type { PlanContext } from "./plan_context.ts";

/** Where the pairs' arrays stand, vec4s, in the pairs buffer unless it says otherwise. */
export interface PairArrays {
  /** `[pair]` (unit vector, distance). */
  readonly geometry: number;
  /** `[pair]` (∂E/∂vector, E) of the repulsion. */
  readonly gradient: number;
  /** g of each module, `[pair][3·F]`. */
  readonly radial: readonly number[];
  /** g′, likewise. */
  readonly slope: readonly number[];
  /** What `pair_adjoint.wgsl` leaves for a module's `local_gather_adjoint.wgsl`, `[row][4][F]` in the features buffer. */
  readonly left: number;
}

/** Unit vectors, distances and repulsion; radial maps of all modules with their derivatives. */
export function planPairs(context: PlanContext): PairArrays {
  const { network, weights, elements, writer } = context;
  const { pairs, first, second, image, atomTable } = context.batch;
  const geometry = context.pairs.take(pairs);
  const place = context.pairs.take(pairs);
  const gradient = context.pairs.take(pairs);
  const size = 3 * pairs * weights.features4;
  const all = context.pairs.take(2 * network.modules.length * size);
  const radial = network.modules.map((_, m) => all + m * size);
  const slope = radial.map((place) => place + network.modules.length * size);
  const left = context.features.take(4 * context.batch.pairRows.rowCount * weights.features4);
  writer.dispatch(
    "pair_geometry",
    [pairs, first, second, image, atomTable, elements.count, elements.repulsion, geometry, place, gradient],
    context.groups(pairs),
  );
  const { threads, x, y } = context.grid(pairs * network.modules.length * weights.features4);
  writer.dispatch("radial_maps", [pairs, geometry, place, all, threads], x, y);
  return { geometry, gradient, radial, slope, left };
}
