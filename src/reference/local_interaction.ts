import type { InteractionModule } from "../model/network.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { AngularSet } from "./angular.ts";
import { accumulate, sum } from "./elementwise.ts";
import { neighbourSum, neighbourSumAdjoint } from "./neighbour_sum.ts";
import { type Layers, residualMlp, residualMlpAdjoint, type ResidualMlpTape, type Taped } from "./residual.ts";

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
export function zeroPairsAdjoint({ basis, angular }: LocalPairs): LocalPairsAdjoint {
  return {
    basis: new Float64Array(basis.length),
    p: new Float64Array(angular.p.values.length),
    d: new Float64Array(angular.d.values.length),
  };
}

/**
 * The local interaction l `[N][F]`: sums of s, p and d type over the neighbours, the latter two reduced to invariants
 * by the products of their projections' halves, through a residual MLP. (Unke et al. 2021, Methods.)
 */
export function localInteraction(
  layers: Layers,
  module: InteractionModule,
  { pairs, basis, angular }: LocalPairs,
  features: LocalFeatures,
): Taped<LocalTape> {
  const { products } = layers;
  const atoms = pairs.atomCount;
  const filters = {
    s: products.linear(module.radialS, basis, pairs.pairCount),
    p: products.linear(module.radialP, basis, pairs.pairCount),
    d: products.linear(module.radialD, basis, pairs.pairCount),
  };
  const sumP = neighbourSum(pairs, angular.p, filters.p, features.p);
  const sumD = neighbourSum(pairs, angular.d, filters.d, features.d);
  const projectedP = products.linear(module.projectionP, sumP, atoms * angular.p.components);
  const projectedD = products.linear(module.projectionD, sumD, atoms * angular.d.components);
  const invariants = sum(features.x, neighbourSum(pairs, angular.s, filters.s, features.s));
  accumulate(invariants, productOfHalves(projectedP, atoms, angular.p.components));
  accumulate(invariants, productOfHalves(projectedD, atoms, angular.d.components));
  const { value, tape: mlp } = residualMlp(layers, module.resblockLocal, invariants, atoms);
  return { value, tape: { filters, projectedP, projectedD, mlp } };
}

/**
 * Adjoint of {@link localInteraction}: l̄ `[N][F]` → the atoms' features' adjoints; the pairs' adjoints are added to
 * `pairsAdjoint`.
 */
export function localInteractionAdjoint(
  layers: Layers,
  module: InteractionModule,
  { pairs, angular }: LocalPairs,
  features: LocalFeatures,
  tape: LocalTape,
  adjoint: Float64Array,
  pairsAdjoint: LocalPairsAdjoint,
): LocalFeatures {
  const { products } = layers;
  const atoms = pairs.atomCount;
  const invariants = residualMlpAdjoint(layers, module.resblockLocal, tape.mlp, adjoint, atoms);
  const projectedP = productOfHalvesAdjoint(tape.projectedP, atoms, angular.p.components, invariants);
  const projectedD = productOfHalvesAdjoint(tape.projectedD, atoms, angular.d.components, invariants);
  const sumP = products.linearAdjoint(module.projectionP, projectedP, atoms * angular.p.components);
  const sumD = products.linearAdjoint(module.projectionD, projectedD, atoms * angular.d.components);
  const s = neighbourSumAdjoint(pairs, angular.s, tape.filters.s, features.s, invariants);
  const p = neighbourSumAdjoint(pairs, angular.p, tape.filters.p, features.p, sumP);
  const d = neighbourSumAdjoint(pairs, angular.d, tape.filters.d, features.d, sumD);
  accumulate(pairsAdjoint.p, p.angular);
  accumulate(pairsAdjoint.d, d.angular);
  accumulate(pairsAdjoint.basis, products.linearAdjoint(module.radialS, s.filters, pairs.pairCount));
  accumulate(pairsAdjoint.basis, products.linearAdjoint(module.radialP, p.filters, pairs.pairCount));
  accumulate(pairsAdjoint.basis, products.linearAdjoint(module.radialD, d.filters, pairs.pairCount));
  return { x: invariants, s: s.features, p: p.features, d: d.features };
}

/** Σ_c A_c∘B_c of the halves A and B of each row: projected sums `[N][C][2F]` → rotation invariants `[N][F]`. */
export function productOfHalves(projected: Float64Array, atoms: number, components: number): Float64Array {
  const features = projected.length / (atoms * components * 2);
  const result = new Float64Array(atoms * features);
  for (let row = 0; row < atoms * components; row++) {
    const to = Math.floor(row / components) * features;
    const a = row * 2 * features, b = a + features;
    for (let f = 0; f < features; f++) result[to + f]! += projected[a + f]! * projected[b + f]!;
  }
  return result;
}

/** Adjoint of {@link productOfHalves}: invariants' adjoint `[N][F]` → the projected sums' `[N][C][2F]`. */
export function productOfHalvesAdjoint(
  projected: Float64Array,
  atoms: number,
  components: number,
  adjoint: Float64Array,
): Float64Array {
  const features = projected.length / (atoms * components * 2);
  const result = new Float64Array(projected.length);
  for (let row = 0; row < atoms * components; row++) {
    const from = Math.floor(row / components) * features;
    const a = row * 2 * features, b = a + features;
    for (let f = 0; f < features; f++) {
      result[a + f] = adjoint[from + f]! * projected[b + f]!;
      result[b + f] = adjoint[from + f]! * projected[a + f]!;
    }
  }
  return result;
}
