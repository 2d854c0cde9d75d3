import type { PairList } from "../structure/pair_list.ts";
import type { AngularSet } from "./angular.ts";
import type { Execution } from "./execution.ts";
import type { PreparedLinear } from "./operations.ts";
import type { PlacedModule } from "./place_network.ts";
import { type Layers, residualMlp, residualMlpAdjoint, type ResidualMlpTape, type Taped } from "./residual.ts";
import { type Share, share } from "./team.ts";

/** Angular momentum of the functions that messages are multiplied by. */
type Order = "s" | "p" | "d";

const orders = ["s", "p", "d"] as const;

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

/** What the local interaction's adjoint needs. */
export interface LocalTape {
  /** `[U][F]` each. */
  readonly filters: { readonly s: Float64Array; readonly p: Float64Array; readonly d: Float64Array };
  /** Sums over neighbours `[N][C][F]` and their projections `[N][C][2F]`. */
  readonly p: ProjectedSums;
  readonly d: ProjectedSums;
  readonly mlp: ResidualMlpTape;
}

interface ProjectedSums {
  readonly sums: Float64Array;
  readonly projected: Float64Array;
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
  const sum = (order: Order) => {
    const sums = workspace.float64(angular[order].components * features.x.length);
    operations.neighbourSum({ pairs, angular: angular[order], filters: filters[order] }, features[order], sums, atoms);
    return sums;
  };
  const width = features.x.length / pairs.atomCount;
  const invariants = sum("s");
  operations.add(features.x, invariants, invariants, rowsOf(atoms, width));
  const p = project(layers, module.projectionP, sum("p"), angular.p.components, pairs.atomCount);
  operations.addProductOfHalves(p.projected, angular.p.components, invariants, width, atoms);
  const d = project(layers, module.projectionD, sum("d"), angular.d.components, pairs.atomCount);
  operations.addProductOfHalves(d.projected, angular.d.components, invariants, width, atoms);
  const { value, tape: mlp } = residualMlp(layers, module.resblockLocal, invariants, pairs.atomCount);
  return { value, tape: { filters, p, d, mlp } };
}

/**
 * Adjoint of {@link localInteraction}: l̄ `[N][F]` → the atoms' features' adjoints, or `null` where they are not wanted; the
 * pairs' adjoints are added to `pairsAdjoint`.
 */
export function localInteractionAdjoint(
  layers: Layers,
  module: PlacedModule,
  { pairs, angular }: LocalPairs,
  features: LocalFeatures,
  tape: LocalTape,
  adjoint: Float64Array,
  pairsAdjoint: LocalPairsAdjoint,
  areFeaturesWanted = true,
): LocalFeatures | null {
  const { workspace, team, operations } = layers;
  const { atomCount } = pairs;
  const invariants = residualMlpAdjoint(layers, module.resblockLocal, tape.mlp, adjoint, atomCount);
  const sumP = projectAdjoint(layers, module.projectionP, tape.p, angular.p.components, invariants, atomCount);
  const sumD = projectAdjoint(layers, module.projectionD, tape.d, angular.d.components, invariants, atomCount);
  team.barrier();
  const sums = { s: invariants, p: sumP, d: sumD };
  const messages = (order: Order) => ({ pairs, angular: angular[order], filters: tape.filters[order] });
  const own = share(team, pairs.pairCount), atoms = share(team, atomCount);
  for (const order of orders) {
    operations.neighbourSumPairsAdjoint(
      messages(order),
      radialOf(module, order),
      features[order],
      sums[order],
      pairsAdjoint.basis,
      order === "s" ? null : pairsAdjoint[order],
      own,
    );
  }
  if (!areFeaturesWanted) return null;
  const featuresAdjoint = (order: Order) => {
    const result = workspace.float64(features[order].length);
    operations.neighbourSumFeaturesAdjoint(messages(order), sums[order], result, atoms);
    return result;
  };
  return { x: invariants, s: featuresAdjoint("s"), p: featuresAdjoint("p"), d: featuresAdjoint("d") };
}

function radialOf({ radialS, radialP, radialD }: PlacedModule, order: Order): PreparedLinear {
  return { s: radialS, p: radialP, d: radialD }[order];
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

/** The projection of every component of the sums: `[N][C][F]` → `[N][C][2F]`. */
function project(
  { workspace, team, operations }: Execution,
  projection: PreparedLinear,
  sums: Float64Array,
  components: number,
  atoms: number,
): ProjectedSums {
  const projected = workspace.float64(atoms * components * projection.outputs);
  operations.linear(projection, sums, projected, rowsOf(share(team, atoms), components));
  return { sums, projected };
}

/** Adjoint of {@link project} and of the products of halves: invariants' adjoint `[N][F]` → sums' adjoint `[N][C][F]`. */
function projectAdjoint(
  { team, operations }: Execution,
  projection: PreparedLinear,
  { sums, projected }: ProjectedSums,
  components: number,
  invariants: Float64Array,
  atomCount: number,
): Float64Array {
  const atoms = share(team, atomCount);
  operations.productOfHalvesAdjoint(projected, components, invariants, projection.inputs, atoms);
  operations.linearAdjoint(projection, projected, sums, rowsOf(atoms, components));
  return sums;
}

/** The rows of a share whose every element has `width` rows, or a row's numbers. */
function rowsOf({ from, to }: Share, width: number): Share {
  return { from: from * width, to: to * width };
}
