import type { PairList } from "../structure/pair_list.ts";
import type { AngularSet } from "./angular.ts";
import type { Execution } from "./execution.ts";
import type { Messages, PreparedLinear } from "./operations.ts";
import type { PlacedModule } from "./place_network.ts";
import { type Layers, residualMlp, residualMlpAdjoint, type ResidualMlpTape, type Taped } from "./residual.ts";
import { type Share, share } from "./team.ts";

/** What the atoms bring to the local interaction, `[N][F]` each: the module's x, s, p and d residual MLPs of x. */
export interface LocalFeatures {
  readonly x: Float64Array;
  readonly s: Float64Array;
  readonly p: Float64Array;
  readonly d: Float64Array;
}

/** What the pairs bring to the local interaction. */
export interface LocalPairs {
  readonly pairs: PairList;
  /** Radial basis functions `[U][K]`. */
  readonly basis: Float64Array;
  readonly angular: AngularSet;
}

/** Adjoints of the pairs' part; every module adds its own. */
export interface LocalPairsAdjoint {
  /** `[U][K]`. */
  readonly basis: Float64Array;
  /** `[U][3]`. */
  readonly p: Float64Array;
  /** `[U][C]`. */
  readonly d: Float64Array;
}

/** What the local interaction's adjoint needs: filters `[U][F]`, projected sums `[N][C][2F]` and the last MLP's tape. */
export interface LocalTape {
  readonly filters: { readonly s: Float64Array; readonly p: Float64Array; readonly d: Float64Array };
  readonly projectedP: Float64Array;
  readonly projectedD: Float64Array;
  readonly mlp: ResidualMlpTape;
}

/** Zero adjoints for these pairs. */
export function zeroPairsAdjoint(
  { workspace, team }: Execution,
  { pairs, basis, angular }: LocalPairs,
): LocalPairsAdjoint {
  const { from, to } = share(team, pairs.pairCount);
  const adjoint = {
    basis: workspace.float64(basis.length),
    p: workspace.float64(angular.p.values.length),
    d: workspace.float64(angular.d.values.length),
  };
  for (const array of [adjoint.basis, adjoint.p, adjoint.d]) {
    const width = array.length / Math.max(1, pairs.pairCount);
    array.fill(0, from * width, to * width);
  }
  return adjoint;
}

/**
 * The local interaction l `[N][F]`: sums of s, p and d type over the neighbours, the latter two reduced to invariants
 * by the products of their projections' halves, through a residual MLP. (Unke et al. 2021, Methods.)
 */
export function localInteraction(
  layers: Layers,
  module: PlacedModule,
  { pairs, basis, angular }: LocalPairs,
  features: LocalFeatures,
): Taped<LocalTape> {
  const { workspace, team, operations } = layers;
  const atoms = share(team, pairs.atomCount);
  const filters = {
    s: radialFilters(layers, module.radialS, basis, pairs),
    p: radialFilters(layers, module.radialP, basis, pairs),
    d: radialFilters(layers, module.radialD, basis, pairs),
  };
  team.barrier();
  const sum = (order: "s" | "p" | "d") => {
    const sums = workspace.float64(angular[order].components * features.x.length);
    operations.neighbourSum({ pairs, angular: angular[order], filters: filters[order] }, features[order], sums, atoms);
    return sums;
  };
  const invariants = sum("s");
  operations.add(features.x, invariants, invariants, rowsOf(atoms, features.x.length / pairs.atomCount));
  const projectedP = project(layers, module.projectionP, sum("p"), angular.p.components, pairs.atomCount);
  addProductOfHalves(layers, projectedP, angular.p.components, invariants, pairs.atomCount);
  const projectedD = project(layers, module.projectionD, sum("d"), angular.d.components, pairs.atomCount);
  addProductOfHalves(layers, projectedD, angular.d.components, invariants, pairs.atomCount);
  const { value, tape: mlp } = residualMlp(layers, module.resblockLocal, invariants, pairs.atomCount);
  return { value, tape: { filters, projectedP, projectedD, mlp } };
}

/**
 * Adjoint of {@link localInteraction}: l̄ `[N][F]` → the atoms' features' adjoints; the pairs' adjoints are added to
 * `pairsAdjoint`.
 */
export function localInteractionAdjoint(
  layers: Layers,
  module: PlacedModule,
  { pairs, angular }: LocalPairs,
  features: LocalFeatures,
  tape: LocalTape,
  adjoint: Float64Array,
  pairsAdjoint: LocalPairsAdjoint,
): LocalFeatures {
  const { team } = layers;
  const { atomCount } = pairs;
  const invariants = residualMlpAdjoint(layers, module.resblockLocal, tape.mlp, adjoint, atomCount);
  const sumP = projectAdjoint(layers, module.projectionP, tape.projectedP, angular.p.components, invariants, atomCount);
  const sumD = projectAdjoint(layers, module.projectionD, tape.projectedD, angular.d.components, invariants, atomCount);
  team.barrier();
  const messages = (order: "s" | "p" | "d") => ({ pairs, angular: angular[order], filters: tape.filters[order] });
  const { basis, p, d } = pairsAdjoint;
  return {
    x: invariants,
    s: sumAdjoint(layers, messages("s"), module.radialS, features.s, invariants, basis, null),
    p: sumAdjoint(layers, messages("p"), module.radialP, features.p, sumP, basis, p),
    d: sumAdjoint(layers, messages("d"), module.radialD, features.d, sumD, basis, d),
  };
}

function radialFilters(
  { workspace, team, operations }: Execution,
  radial: PreparedLinear,
  basis: Float64Array,
  { pairCount }: PairList,
): Float64Array {
  const filters = workspace.float64(pairCount * radial.outputs);
  operations.linear(radial, basis, filters, share(team, pairCount));
  return filters;
}

/** Adjoint of one order's sums: of its features, returned, and of its pairs, added to `basis` and `angular`. */
function sumAdjoint(
  { workspace, team, operations }: Execution,
  messages: Messages,
  radial: PreparedLinear,
  features: Float64Array,
  sums: Float64Array,
  basis: Float64Array,
  angular: Float64Array | null,
): Float64Array {
  const { pairs: { pairCount, atomCount } } = messages;
  const result = workspace.float64(features.length);
  operations.neighbourSumPairsAdjoint(messages, radial, features, sums, basis, angular, share(team, pairCount));
  operations.neighbourSumFeaturesAdjoint(messages, sums, result, share(team, atomCount));
  return result;
}

/** The projection of every component of the sums: `[N][C][F]` → `[N][C][2F]`. */
function project(
  { workspace, team, operations }: Execution,
  projection: PreparedLinear,
  sums: Float64Array,
  components: number,
  atoms: number,
): Float64Array {
  const projected = workspace.float64(atoms * components * projection.outputs);
  operations.linear(projection, sums, projected, rowsOf(share(team, atoms), components));
  return projected;
}

/** Adjoint of {@link project} and {@link addProductOfHalves}: invariants' adjoint `[N][F]` → sums' adjoint `[N][C][F]`. */
function projectAdjoint(
  execution: Execution,
  projection: PreparedLinear,
  projected: Float64Array,
  components: number,
  invariants: Float64Array,
  atoms: number,
): Float64Array {
  const { workspace, team, operations } = execution;
  const projectedAdjoint = productOfHalvesAdjoint(execution, projected, components, invariants, atoms);
  const sums = workspace.float64(atoms * components * projection.inputs);
  operations.linearAdjoint(projection, projectedAdjoint, sums, rowsOf(share(team, atoms), components));
  return sums;
}

/** Adds Σ_c A_c∘B_c of the halves A and B of each row: projected sums `[N][C][2F]` → rotation invariants `[N][F]`. */
export function addProductOfHalves(
  { team }: Pick<Execution, "team">,
  projected: Float64Array,
  components: number,
  invariants: Float64Array,
  atoms: number,
): void {
  const features = invariants.length / atoms;
  const { from, to } = share(team, atoms);
  for (let i = from; i < to; i++) {
    for (let c = 0; c < components; c++) {
      let a = (i * components + c) * 2 * features;
      for (let f = 0, at = i * features; f < features; f++, a++, at++) {
        invariants[at]! += projected[a]! * projected[a + features]!;
      }
    }
  }
}

/** Adjoint of {@link addProductOfHalves}: invariants' adjoint `[N][F]` → the projected sums' `[N][C][2F]`. */
export function productOfHalvesAdjoint(
  { workspace, team }: Execution,
  projected: Float64Array,
  components: number,
  adjoint: Float64Array,
  atoms: number,
): Float64Array {
  const features = adjoint.length / atoms;
  const result = workspace.float64(projected.length);
  const { from, to } = share(team, atoms);
  for (let i = from; i < to; i++) {
    for (let c = 0; c < components; c++) {
      let a = (i * components + c) * 2 * features;
      for (let f = 0, at = i * features; f < features; f++, a++, at++) {
        result[a] = adjoint[at]! * projected[a + features]!;
        result[a + features] = adjoint[at]! * projected[a]!;
      }
    }
  }
  return result;
}

/** The rows of a share whose every element has `width` rows, or a row's numbers. */
function rowsOf({ from, to }: Share, width: number): Share {
  return { from: from * width, to: to * width };
}
