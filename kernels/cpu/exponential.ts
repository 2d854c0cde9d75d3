// eˣ of two float64 at once, within 1 unit in the last place or so:
//
//   x = n ln 2 + r with whole n and |r| ≤ ln 2 / 2,  eˣ = 2ⁿ eʳ,  eʳ = Σ_{k ≤ 13} rᵏ/k!,
//
// where the series leaves out 4e-18 of the sum. ln 2 is subtracted in two parts, the first with enough trailing zeros for
// n·ln2High to be exact. 2ⁿ is made of two factors, so that results overflow to ∞ and sink through the subnormal numbers
// to 0 as they should. Not-a-number stays that.

const ln2High: f64 = 6.93147180369123816490e-01;
const ln2Low: f64 = 1.90821492927058770002e-10;
/** Adding it leaves the nearest whole number in the lowest bits: 1.5·2⁵². */
const rounder: f64 = 6755399441055744;

@inline
export function exponential2(argument: v128): v128 {
  // beyond these bounds the result is 0 or ∞ anyway; pmin and pmax let not-a-number through
  const x = f64x2.pmax(f64x2.pmin(argument, f64x2.splat(710)), f64x2.splat(-746));
  const rounded = f64x2.relaxed_madd(x, f64x2.splat(1.4426950408889634), f64x2.splat(rounder));
  const n = f64x2.sub(rounded, f64x2.splat(rounder));
  let r = f64x2.relaxed_nmadd(n, f64x2.splat(ln2High), x);
  r = f64x2.relaxed_nmadd(n, f64x2.splat(ln2Low), r);
  let sum = f64x2.relaxed_madd(r, f64x2.splat(1.0 / 6227020800.0), f64x2.splat(1.0 / 479001600.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 39916800.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 3628800.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 362880.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 40320.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 5040.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 720.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 120.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 24.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1.0 / 6.0));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(0.5));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1));
  sum = f64x2.relaxed_madd(r, sum, f64x2.splat(1));
  const whole = i64x2.sub(rounded, f64x2.splat(rounder));
  const half = i64x2.shr_s(whole, 1);
  return f64x2.mul(f64x2.mul(sum, powerOf2(half)), powerOf2(i64x2.sub(whole, half)));
}

/** 2ⁿ for −1023 < n < 1024. */
@inline
function powerOf2(n: v128): v128 {
  return i64x2.shl(i64x2.add(n, i64x2.splat(1023)), 52);
}

/** eˣ of `count` numbers; both addresses may be the same. */
export function exponential(x: usize, result: usize, count: usize): void {
  const end = x + (count << 3);
  for (; x + 8 < end; x += 16, result += 16) v128.store(result, exponential2(v128.load(x)));
  if (x < end) v128.store_lane<f64>(result, exponential2(v128.load_splat<f64>(x)), 0);
}
