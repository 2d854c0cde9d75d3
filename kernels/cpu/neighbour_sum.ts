// Sums over neighbours of one order (s, p or d) and their adjoints, in float64:
//
//   X_i[c] = Σ_j a_c(ij) g(ij)∘x_j:  angular functions a [U][C], filters g [U][F], features x [N][F] → X [N][C][F],
//
// over the entries of a pair list (start [N+1], neighbour and entry [2U], int32; first and second [U] atom of each pair).
// Where an atom is its pair's second (entry ~u) the angular functions are multiplied by `parity`, −1 for p.
//
//   x̄_j[f] = Σ_i g(ij) Σ_c a_c(ij) X̄_i[c],  summed by atom j over its own entries, which look the other way;
//   ḡ(ij) = B_i∘x_j + B_j∘x_i with B_i = Σ_c a_c(ij) X̄_i[c], B_j = parity Σ_c a_c(ij) X̄_j[c];
//   ā_c(ij) = Σ_f g(ij)∘(X̄_i[c]∘x_j + parity X̄_j[c]∘x_i).
//
// g = R b with the radial functions b [U][K] and the map R [F][K] (in panels, see multiply.ts), so that ḡ is not kept but turned into b̄ += ḡ R at once,
// some pairs at a time.
//
// Atoms take two entries together, so that their sums, which lie in memory next to the processor, are read and written
// half as often; rows are run through in order. C is 1, 3, 5 or 6; each has code of its own, in which what follows is
// unrolled. Every number is the sum of the same terms in the same order whatever part of the atoms or pairs is asked for.

import { multiply } from "./multiply";

/** X of atoms from … to − 1. */
export function neighbourSum(
  components: usize,
  parity: f64,
  start: usize,
  neighbour: usize,
  entry: usize,
  angular: usize,
  filters: usize,
  features: usize,
  sums: usize,
  width: usize,
  from: usize,
  to: usize,
): void {
  if (components == 1) sumOf(1, parity, start, neighbour, entry, angular, filters, features, sums, width, from, to);
  else if (components == 3) sumOf(3, parity, start, neighbour, entry, angular, filters, features, sums, width, from, to);
  else if (components == 5) sumOf(5, parity, start, neighbour, entry, angular, filters, features, sums, width, from, to);
  else if (components == 6) sumOf(6, parity, start, neighbour, entry, angular, filters, features, sums, width, from, to);
  else unreachable();
}

/** x̄ of atoms from … to − 1. */
export function neighbourSumFeaturesAdjoint(
  components: usize,
  parity: f64,
  start: usize,
  neighbour: usize,
  entry: usize,
  angular: usize,
  filters: usize,
  sums: usize,
  features: usize,
  width: usize,
  from: usize,
  to: usize,
): void {
  if (components == 1) backOf(1, parity, start, neighbour, entry, angular, filters, sums, features, width, from, to);
  else if (components == 3) backOf(3, parity, start, neighbour, entry, angular, filters, sums, features, width, from, to);
  else if (components == 5) backOf(5, parity, start, neighbour, entry, angular, filters, sums, features, width, from, to);
  else if (components == 6) backOf(6, parity, start, neighbour, entry, angular, filters, sums, features, width, from, to);
  else unreachable();
}

/**
 * Adds to b̄ [U][K] and ā [U][C] (not where its address is 0) of pairs from … to − 1.
 *
 * @param scratch Room for `scratchRows` rows of F.
 */
export function neighbourSumPairsAdjoint(
  components: usize,
  parity: f64,
  first: usize,
  second: usize,
  angular: usize,
  filters: usize,
  features: usize,
  sums: usize,
  radial: usize,
  basis: usize,
  angularAdjoint: usize,
  width: usize,
  basisFunctions: usize,
  from: usize,
  to: usize,
  scratch: usize,
  scratchRows: usize,
): void {
  for (let u = from; u < to; u += scratchRows) {
    const end = min(u + scratchRows, to);
    if (components == 1) {
      pairsOf(1, parity, first, second, angular, filters, features, sums, angularAdjoint, width, u, end, scratch);
    } else if (components == 3) {
      pairsOf(3, parity, first, second, angular, filters, features, sums, angularAdjoint, width, u, end, scratch);
    } else if (components == 5) {
      pairsOf(5, parity, first, second, angular, filters, features, sums, angularAdjoint, width, u, end, scratch);
    } else if (components == 6) {
      pairsOf(6, parity, first, second, angular, filters, features, sums, angularAdjoint, width, u, end, scratch);
    } else unreachable();
    const b = basis + ((u * basisFunctions) << 3);
    multiply(scratch, width << 3, 8, radial, 64, width << 6, b, end - u, width, basisFunctions, 0, 0, b);
  }
}

@inline
function sumOf(
  components: usize,
  parity: f64,
  start: usize,
  neighbour: usize,
  entry: usize,
  angular: usize,
  filters: usize,
  features: usize,
  sums: usize,
  width: usize,
  from: usize,
  to: usize,
): void {
  const row = width << 3;
  const evenEnd = row & ~15;
  for (let i = from; i < to; i++) {
    const sum = sums + i * components * row;
    memory.fill(sum, 0, components * row);
    const end = index(start, i + 1);
    for (let e = index(start, i); e < end; e += 2) {
      // an odd last entry is taken twice, the second time with angular functions of 0
      const next = e + 1 < end ? e + 1 : e;
      const entry0 = load<i32>(entry + (e << 2)), entry1 = load<i32>(entry + (next << 2));
      const u0 = pairOf(entry0), u1 = pairOf(entry1);
      const sign0 = f64x2.splat(entry0 < 0 ? parity : 1);
      const sign1 = f64x2.splat(next == e ? 0 : entry1 < 0 ? parity : 1);
      const g0 = filters + u0 * row, x0 = features + index(neighbour, e) * row;
      const g1 = filters + u1 * row, x1 = features + index(neighbour, next) * row;
      const a0 = angular + ((u0 * components) << 3), a1 = angular + ((u1 * components) << 3);
      const a00 = component(components, 0, a0, sign0), a10 = component(components, 0, a1, sign1);
      const a01 = component(components, 1, a0, sign0), a11 = component(components, 1, a1, sign1);
      const a02 = component(components, 2, a0, sign0), a12 = component(components, 2, a1, sign1);
      const a03 = component(components, 3, a0, sign0), a13 = component(components, 3, a1, sign1);
      const a04 = component(components, 4, a0, sign0), a14 = component(components, 4, a1, sign1);
      const a05 = component(components, 5, a0, sign0), a15 = component(components, 5, a1, sign1);
      let at: usize = 0;
      for (; at < evenEnd; at += 16) {
        const t0 = f64x2.mul(v128.load(g0 + at), v128.load(x0 + at));
        const t1 = f64x2.mul(v128.load(g1 + at), v128.load(x1 + at));
        addMessages(components, 0, 2, sum, row, at, a00, t0, a10, t1);
        addMessages(components, 1, 2, sum, row, at, a01, t0, a11, t1);
        addMessages(components, 2, 2, sum, row, at, a02, t0, a12, t1);
        addMessages(components, 3, 2, sum, row, at, a03, t0, a13, t1);
        addMessages(components, 4, 2, sum, row, at, a04, t0, a14, t1);
        addMessages(components, 5, 2, sum, row, at, a05, t0, a15, t1);
      }
      if (at < row) {
        const t0 = f64x2.mul(v128.load_splat<f64>(g0 + at), v128.load_splat<f64>(x0 + at));
        const t1 = f64x2.mul(v128.load_splat<f64>(g1 + at), v128.load_splat<f64>(x1 + at));
        addMessages(components, 0, 1, sum, row, at, a00, t0, a10, t1);
        addMessages(components, 1, 1, sum, row, at, a01, t0, a11, t1);
        addMessages(components, 2, 1, sum, row, at, a02, t0, a12, t1);
        addMessages(components, 3, 1, sum, row, at, a03, t0, a13, t1);
        addMessages(components, 4, 1, sum, row, at, a04, t0, a14, t1);
        addMessages(components, 5, 1, sum, row, at, a05, t0, a15, t1);
      }
    }
  }
}

/** Element `at` of an array of int32 that are not negative. */
@inline
function index(array: usize, at: usize): usize {
  return <usize> load<u32>(array + (at << 2));
}

/** The pair of an entry, which is its complement where the atom is the pair's second. */
@inline
function pairOf(entry: i32): usize {
  return <usize> (entry < 0 ? ~entry : entry);
}

/** Component c of the angular functions at an address, times the sign; nothing from the last component on. */
@inline
function component(components: usize, c: usize, angular: usize, sign: v128): v128 {
  if (c >= components) return f64x2.splat(0);
  return f64x2.mul(v128.load_splat<f64>(angular + (c << 3)), sign);
}

/** X[c] += a0 t0 + a1 t1, for one or two features. */
@inline
function addMessages(
  components: usize,
  c: usize,
  lanes: i32,
  sum: usize,
  row: usize,
  at: usize,
  a0: v128,
  t0: v128,
  a1: v128,
  t1: v128,
): void {
  if (c >= components) return;
  const place = sum + c * row + at;
  const value = f64x2.relaxed_madd(a1, t1, f64x2.relaxed_madd(a0, t0, loadLanes(lanes, place)));
  if (lanes == 2) v128.store(place, value);
  else v128.store_lane<f64>(place, value, 0);
}

@inline
function loadLanes(lanes: i32, place: usize): v128 {
  if (lanes == 2) return v128.load(place);
  return v128.load_splat<f64>(place);
}

@inline
function backOf(
  components: usize,
  parity: f64,
  start: usize,
  neighbour: usize,
  entry: usize,
  angular: usize,
  filters: usize,
  sums: usize,
  features: usize,
  width: usize,
  from: usize,
  to: usize,
): void {
  const row = width << 3;
  const evenEnd = row & ~15;
  const block = components * row;
  for (let i = from; i < to; i++) {
    const x = features + i * row;
    memory.fill(x, 0, row);
    const end = index(start, i + 1);
    for (let e = index(start, i); e < end; e += 2) {
      const next = e + 1 < end ? e + 1 : e;
      const entry0 = load<i32>(entry + (e << 2)), entry1 = load<i32>(entry + (next << 2));
      const u0 = pairOf(entry0), u1 = pairOf(entry1);
      const sign0 = f64x2.splat(entry0 < 0 ? 1 : parity);
      const sign1 = f64x2.splat(next == e ? 0 : entry1 < 0 ? 1 : parity);
      const g0 = filters + u0 * row, s0 = sums + index(neighbour, e) * block;
      const g1 = filters + u1 * row, s1 = sums + index(neighbour, next) * block;
      const a0 = angular + ((u0 * components) << 3), a1 = angular + ((u1 * components) << 3);
      const a00 = component(components, 0, a0, sign0), a10 = component(components, 0, a1, sign1);
      const a01 = component(components, 1, a0, sign0), a11 = component(components, 1, a1, sign1);
      const a02 = component(components, 2, a0, sign0), a12 = component(components, 2, a1, sign1);
      const a03 = component(components, 3, a0, sign0), a13 = component(components, 3, a1, sign1);
      const a04 = component(components, 4, a0, sign0), a14 = component(components, 4, a1, sign1);
      const a05 = component(components, 5, a0, sign0), a15 = component(components, 5, a1, sign1);
      let at: usize = 0;
      for (; at < evenEnd; at += 16) {
        const b0 = contracted(components, 2, s0 + at, row, a00, a01, a02, a03, a04, a05);
        const b1 = contracted(components, 2, s1 + at, row, a10, a11, a12, a13, a14, a15);
        const value = f64x2.relaxed_madd(v128.load(g0 + at), b0, v128.load(x + at));
        v128.store(x + at, f64x2.relaxed_madd(v128.load(g1 + at), b1, value));
      }
      if (at < row) {
        const b0 = contracted(components, 1, s0 + at, row, a00, a01, a02, a03, a04, a05);
        const b1 = contracted(components, 1, s1 + at, row, a10, a11, a12, a13, a14, a15);
        const value = f64x2.relaxed_madd(v128.load_splat<f64>(g0 + at), b0, v128.load_splat<f64>(x + at));
        v128.store_lane<f64>(x + at, f64x2.relaxed_madd(v128.load_splat<f64>(g1 + at), b1, value), 0);
      }
    }
  }
}

/** Σ_c a_c X̄[c] of one or two features. */
@inline
function contracted(
  components: usize,
  lanes: i32,
  sum: usize,
  row: usize,
  a0: v128,
  a1: v128,
  a2: v128,
  a3: v128,
  a4: v128,
  a5: v128,
): v128 {
  let b = f64x2.mul(a0, loadLanes(lanes, sum));
  if (components > 1) b = f64x2.relaxed_madd(a1, loadLanes(lanes, sum + row), b);
  if (components > 2) b = f64x2.relaxed_madd(a2, loadLanes(lanes, sum + 2 * row), b);
  if (components > 3) b = f64x2.relaxed_madd(a3, loadLanes(lanes, sum + 3 * row), b);
  if (components > 4) b = f64x2.relaxed_madd(a4, loadLanes(lanes, sum + 4 * row), b);
  if (components > 5) b = f64x2.relaxed_madd(a5, loadLanes(lanes, sum + 5 * row), b);
  return b;
}

/** ḡ of pairs from … to − 1 into `scratch` [to − from][F]; adds to their ā. */
@inline
function pairsOf(
  components: usize,
  parity: f64,
  first: usize,
  second: usize,
  angular: usize,
  filters: usize,
  features: usize,
  sums: usize,
  angularAdjoint: usize,
  width: usize,
  from: usize,
  to: usize,
  scratch: usize,
): void {
  const row = width << 3;
  const evenEnd = row & ~15;
  const block = components * row;
  const one = f64x2.splat(1), turned = f64x2.splat(parity);
  for (let u = from; u < to; u++) {
    const i = index(first, u), j = index(second, u);
    const xi = features + i * row, xj = features + j * row;
    const si = sums + i * block, sj = sums + j * block;
    const g = filters + u * row;
    const a = angular + ((u * components) << 3);
    const a0 = component(components, 0, a, one), a1 = component(components, 1, a, one);
    const a2 = component(components, 2, a, one), a3 = component(components, 3, a, one);
    const a4 = component(components, 4, a, one), a5 = component(components, 5, a, one);
    let d0 = f64x2.splat(0), d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0;
    let at: usize = 0;
    for (; at < evenEnd; at += 16) {
      const nearI = f64x2.mul(v128.load(xi + at), turned), nearJ = v128.load(xj + at);
      const bi = contracted(components, 2, si + at, row, a0, a1, a2, a3, a4, a5);
      const bj = contracted(components, 2, sj + at, row, a0, a1, a2, a3, a4, a5);
      v128.store(scratch + at, f64x2.relaxed_madd(bi, nearJ, f64x2.mul(bj, nearI)));
      if (angularAdjoint) {
        const filter = v128.load(g + at);
        const ti = f64x2.mul(filter, nearJ), tj = f64x2.mul(filter, nearI);
        d0 = slope(components, 0, 2, si + at, sj + at, row, ti, tj, d0);
        d1 = slope(components, 1, 2, si + at, sj + at, row, ti, tj, d1);
        d2 = slope(components, 2, 2, si + at, sj + at, row, ti, tj, d2);
        d3 = slope(components, 3, 2, si + at, sj + at, row, ti, tj, d3);
        d4 = slope(components, 4, 2, si + at, sj + at, row, ti, tj, d4);
        d5 = slope(components, 5, 2, si + at, sj + at, row, ti, tj, d5);
      }
    }
    if (at < row) {
      const nearI = f64x2.mul(v128.load_splat<f64>(xi + at), turned), nearJ = v128.load_splat<f64>(xj + at);
      const bi = contracted(components, 1, si + at, row, a0, a1, a2, a3, a4, a5);
      const bj = contracted(components, 1, sj + at, row, a0, a1, a2, a3, a4, a5);
      v128.store_lane<f64>(scratch + at, f64x2.relaxed_madd(bi, nearJ, f64x2.mul(bj, nearI)), 0);
      if (angularAdjoint) {
        // in one of the two lanes only, for both will be added up
        const filter = v128.load_zero<f64>(g + at);
        const ti = f64x2.mul(filter, nearJ), tj = f64x2.mul(filter, nearI);
        d0 = slope(components, 0, 1, si + at, sj + at, row, ti, tj, d0);
        d1 = slope(components, 1, 1, si + at, sj + at, row, ti, tj, d1);
        d2 = slope(components, 2, 1, si + at, sj + at, row, ti, tj, d2);
        d3 = slope(components, 3, 1, si + at, sj + at, row, ti, tj, d3);
        d4 = slope(components, 4, 1, si + at, sj + at, row, ti, tj, d4);
        d5 = slope(components, 5, 1, si + at, sj + at, row, ti, tj, d5);
      }
    }
    if (angularAdjoint) {
      const to = angularAdjoint + ((u * components) << 3);
      addLanes(components, 0, to, d0);
      addLanes(components, 1, to, d1);
      addLanes(components, 2, to, d2);
      addLanes(components, 3, to, d3);
      addLanes(components, 4, to, d4);
      addLanes(components, 5, to, d5);
    }
    scratch += row;
  }
}

/** sum + X̄_i[c] ti + X̄_j[c] tj. */
@inline
function slope(
  components: usize,
  c: usize,
  lanes: i32,
  si: usize,
  sj: usize,
  row: usize,
  ti: v128,
  tj: v128,
  sum: v128,
): v128 {
  if (c >= components) return sum;
  const withI = f64x2.relaxed_madd(loadLanes(lanes, si + c * row), ti, sum);
  return f64x2.relaxed_madd(loadLanes(lanes, sj + c * row), tj, withI);
}

/** Adds the sum of both lanes to element c at an address. */
@inline
function addLanes(components: usize, c: usize, to: usize, sum: v128): void {
  if (c >= components) return;
  const place = to + (c << 3);
  store<f64>(place, load<f64>(place) + (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
}
