/**
 * The compute kernels: WGSL texts and how they are put together. Each file's head states its mathematics and shapes.
 *
 * @module
 */
import activation from "./activation.wgsl" with { type: "text" };
import activations from "./activations.wgsl" with { type: "text" };
import atomSums from "./atom_sums.wgsl" with { type: "text" };
import attentionFeatures from "./attention_features.wgsl" with { type: "text" };
import attentionQuotientAdjoint from "./attention_quotient_adjoint.wgsl" with { type: "text" };
import charges from "./charges.wgsl" with { type: "text" };
import combine from "./combine.wgsl" with { type: "text" };
import coordination from "./coordination.wgsl" with { type: "text" };
import dFunctions from "./d_functions.wgsl" with { type: "text" };
import dispersionWeights from "./dispersion_weights.wgsl" with { type: "text" };
import forces from "./forces.wgsl" with { type: "text" };
import linear from "./linear.wgsl" with { type: "text" };
import linearRows from "./linear_rows.wgsl" with { type: "text" };
import localGather from "./local_gather.wgsl" with { type: "text" };
import localGatherAdjoint from "./local_gather_adjoint.wgsl" with { type: "text" };
import longRange from "./long_range.wgsl" with { type: "text" };
import longRangeNeighbours from "./long_range_neighbours.wgsl" with { type: "text" };
import pairAdjoint from "./pair_adjoint.wgsl" with { type: "text" };
import pairGeometry from "./pair_geometry.wgsl" with { type: "text" };
import pairVector from "./pair_vector.wgsl" with { type: "text" };
import radialMaps from "./radial_maps.wgsl" with { type: "text" };
import radialTable from "./radial_table.wgsl" with { type: "text" };
import structureContract from "./structure_contract.wgsl" with { type: "text" };
import structureProduct from "./structure_product.wgsl" with { type: "text" };
import sum from "./sum.wgsl" with { type: "text" };
import switching from "./switching.wgsl" with { type: "text" };

/** One compute pipeline: texts in order, and the entry point. */
export interface KernelSource {
  /** WGSL texts, shared functions first, the kernel itself last. */
  readonly parts: readonly string[];
  /** Name of the entry point. */
  readonly entry: string;
  /** Whether the rows of a workgroup are open until its pipeline is made. */
  readonly rows?: true;
}

const longRangeParts = [pairVector, longRangeNeighbours, switching, atomSums];

/** All pipelines by name. A value and its adjoint are two entry points of one text. */
export const kernelSources = {
  linear: { parts: [activation, linear], entry: "main" },
  linear_rows: { parts: [activation, linearRows], entry: "plain", rows: true },
  linear_rows_activated: { parts: [activation, linearRows], entry: "activated", rows: true },
  activations: { parts: [activation, activations], entry: "main" },
  pair_geometry: { parts: [pairVector, radialTable, pairGeometry], entry: "main" },
  radial_maps: { parts: [radialMaps], entry: "main" },
  local_gather: { parts: [dFunctions, localGather], entry: "main" },
  pair_adjoint: { parts: [dFunctions, pairAdjoint], entry: "main" },
  local_gather_adjoint: { parts: [localGatherAdjoint], entry: "main" },
  combine: { parts: [combine], entry: "value" },
  combine_adjoint: { parts: [combine], entry: "adjoint" },
  attention_features: { parts: [attentionFeatures], entry: "value" },
  attention_features_adjoint: { parts: [attentionFeatures], entry: "adjoint" },
  attention_quotient_adjoint: { parts: [attentionQuotientAdjoint], entry: "main" },
  structure_contract: { parts: [structureContract], entry: "main" },
  structure_product: { parts: [structureProduct], entry: "main" },
  sum: { parts: [sum], entry: "main" },
  charges: { parts: [charges], entry: "value" },
  charges_adjoint: { parts: [charges], entry: "adjoint" },
  dispersion_weights: { parts: [...longRangeParts, coordination, dispersionWeights], entry: "main" },
  long_range: { parts: [...longRangeParts, longRange], entry: "main" },
  forces: { parts: [...longRangeParts, coordination, forces], entry: "main" },
} as const satisfies Record<string, KernelSource>;

/** Name of a pipeline. */
export type KernelName = keyof typeof kernelSources;
