// The learned activation swish and its derivative, for each of the F features its own α and β:
//
//   σ = 1/(1 + e^(−βx)),  y = α x σ,  dy/dx = α σ (1 + βx (1 − σ)):  x [rows][F] → y, dy/dx [rows][F].

import { exponential } from "./exponential";

export function swish(
  alpha: usize,
  beta: usize,
  features: usize,
  x: usize,
  value: usize,
  derivative: usize,
  rows: usize,
): void {
  const row = features << 3;
  const evenEnd = row & ~15;
  for (let i: usize = 0; i < rows; i++) {
    const from = i * row;
    let at: usize = 0;
    for (; at < evenEnd; at += 16) {
      v128.store(value + from + at, f64x2.neg(f64x2.mul(v128.load(beta + at), v128.load(x + from + at))));
    }
    if (at < row) store<f64>(value + from + at, -(load<f64>(beta + at) * load<f64>(x + from + at)));
  }
  exponential(value, value, rows * features);
  for (let i: usize = 0; i < rows; i++) {
    let at: usize = 0;
    for (; at < evenEnd; at += 16) {
      const a = v128.load(alpha + at), element = v128.load(x + at);
      const s = logistic(v128.load(value + at));
      v128.store(value + at, f64x2.mul(f64x2.mul(a, element), s));
      v128.store(derivative + at, slope(a, f64x2.mul(v128.load(beta + at), element), s));
    }
    if (at < row) {
      const a = v128.load_splat<f64>(alpha + at), element = v128.load_splat<f64>(x + at);
      const s = logistic(v128.load_splat<f64>(value + at));
      v128.store_lane<f64>(value + at, f64x2.mul(f64x2.mul(a, element), s), 0);
      v128.store_lane<f64>(derivative + at, slope(a, f64x2.mul(v128.load_splat<f64>(beta + at), element), s), 0);
    }
    x += row;
    value += row;
    derivative += row;
  }
}

/** 1/(1 + e). */
@inline
function logistic(e: v128): v128 {
  return f64x2.div(f64x2.splat(1), f64x2.add(f64x2.splat(1), e));
}

/** a s (1 + t (1 − s)). */
@inline
function slope(a: v128, t: v128, s: v128): v128 {
  return f64x2.mul(f64x2.mul(a, s), f64x2.relaxed_madd(t, f64x2.sub(f64x2.splat(1), s), f64x2.splat(1)));
}
