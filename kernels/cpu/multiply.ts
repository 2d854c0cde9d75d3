// Matrix products in float64, and what is done to their elements on the way to memory.
//
//   C = base + factor∘(bias + A B):  A [rows][inner], B [inner][columns], C [rows][columns], bias [columns];
//   base and factor are of C's shape. bias, base and factor are left out where their address is 0. base may be C itself.
//
// All addresses and strides are in bytes. C, base and factor are dense and row-major; A may be transposed: its element
// (i, l) stands at a + i·aRow + l·aInner. B comes in panels of eight columns (the last may be narrower), row l of panel p
// at b + p·bPanel + l·bRow: a row-major matrix is one with panels of 64 bytes; weights have their panels one after the
// other, so that they are read in order, which is what takes the time where there are few rows.
//
// Two rows by eight columns are kept in registers: eight sums, four pairs of factors of B and one factor of A for each
// row, so that every number loaded is used eight or four times. That reaches the processor's two fused multiplications a
// cycle (20.5 GFLOP/s at 2.6 GHz; 4 × 4 gives 18.6, 3 × 8 14.1). Narrower tiles finish the columns. An odd last row is
// computed twice, the second time in place of the row that is not there. Every sum runs over l in ascending order from
// the bias, whatever tile it is in.

export function multiply(
  a: usize,
  aRow: usize,
  aInner: usize,
  b: usize,
  bRow: usize,
  bPanel: usize,
  c: usize,
  rows: usize,
  inner: usize,
  columns: usize,
  bias: usize,
  factor: usize,
  base: usize,
): void {
  const row = columns << 3;
  const wideEnd = row & ~63;
  const evenEnd = row & ~15;
  for (let i: usize = 0; i < rows; i += 2) {
    const hasSecond: bool = i + 1 < rows;
    const a1 = hasSecond ? a + aRow : a;
    const toSecond = hasSecond ? row : 0;
    const aEnd = a + inner * aInner;
    let panel = b;
    let at: usize = 0;
    for (; at < wideEnd; at += 64) {
      tile8(a, a1, aEnd, aInner, panel, bRow, c + at, toSecond, at, bias, factor, base);
      panel += bPanel;
    }
    for (; at < evenEnd; at += 16) {
      tile2(a, a1, aEnd, aInner, panel, bRow, c + at, toSecond, at, bias, factor, base);
      panel += 16;
    }
    if (at < row) tile1(a, a1, aEnd, aInner, panel, bRow, c + at, toSecond, at, bias, factor, base);
    a += aRow << 1;
    c += row << 1;
    if (factor) factor += row << 1;
    if (base) base += row << 1;
  }
}

/** Two rows by eight columns. `at`: the columns' place in a row. */
@inline
function tile8(
  a0: usize,
  a1: usize,
  aEnd: usize,
  aInner: usize,
  b: usize,
  bRow: usize,
  c: usize,
  toSecond: usize,
  at: usize,
  bias: usize,
  factor: usize,
  base: usize,
): void {
  let c0 = f64x2.splat(0), c1 = f64x2.splat(0), c2 = f64x2.splat(0), c3 = f64x2.splat(0);
  if (bias) {
    c0 = v128.load(bias + at);
    c1 = v128.load(bias + at, 16);
    c2 = v128.load(bias + at, 32);
    c3 = v128.load(bias + at, 48);
  }
  let d0 = c0, d1 = c1, d2 = c2, d3 = c3;
  while (a0 < aEnd) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    const x = v128.load_splat<f64>(a0), y = v128.load_splat<f64>(a1);
    c0 = f64x2.relaxed_madd(x, b0, c0);
    c1 = f64x2.relaxed_madd(x, b1, c1);
    c2 = f64x2.relaxed_madd(x, b2, c2);
    c3 = f64x2.relaxed_madd(x, b3, c3);
    d0 = f64x2.relaxed_madd(y, b0, d0);
    d1 = f64x2.relaxed_madd(y, b1, d1);
    d2 = f64x2.relaxed_madd(y, b2, d2);
    d3 = f64x2.relaxed_madd(y, b3, d3);
    a0 += aInner;
    a1 += aInner;
    b += bRow;
  }
  if (factor) {
    const f0 = factor + at, f1 = f0 + toSecond;
    c0 = f64x2.mul(c0, v128.load(f0));
    c1 = f64x2.mul(c1, v128.load(f0, 16));
    c2 = f64x2.mul(c2, v128.load(f0, 32));
    c3 = f64x2.mul(c3, v128.load(f0, 48));
    d0 = f64x2.mul(d0, v128.load(f1));
    d1 = f64x2.mul(d1, v128.load(f1, 16));
    d2 = f64x2.mul(d2, v128.load(f1, 32));
    d3 = f64x2.mul(d3, v128.load(f1, 48));
  }
  if (base) {
    const p0 = base + at, p1 = p0 + toSecond;
    c0 = f64x2.add(c0, v128.load(p0));
    c1 = f64x2.add(c1, v128.load(p0, 16));
    c2 = f64x2.add(c2, v128.load(p0, 32));
    c3 = f64x2.add(c3, v128.load(p0, 48));
    d0 = f64x2.add(d0, v128.load(p1));
    d1 = f64x2.add(d1, v128.load(p1, 16));
    d2 = f64x2.add(d2, v128.load(p1, 32));
    d3 = f64x2.add(d3, v128.load(p1, 48));
  }
  const second = c + toSecond;
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(second, d0);
  v128.store(second, d1, 16);
  v128.store(second, d2, 32);
  v128.store(second, d3, 48);
}

/** Two rows by two columns. */
@inline
function tile2(
  a0: usize,
  a1: usize,
  aEnd: usize,
  aInner: usize,
  b: usize,
  bRow: usize,
  c: usize,
  toSecond: usize,
  at: usize,
  bias: usize,
  factor: usize,
  base: usize,
): void {
  let c0 = bias ? v128.load(bias + at) : f64x2.splat(0);
  let d0 = c0;
  while (a0 < aEnd) {
    const b0 = v128.load(b);
    c0 = f64x2.relaxed_madd(v128.load_splat<f64>(a0), b0, c0);
    d0 = f64x2.relaxed_madd(v128.load_splat<f64>(a1), b0, d0);
    a0 += aInner;
    a1 += aInner;
    b += bRow;
  }
  if (factor) {
    c0 = f64x2.mul(c0, v128.load(factor + at));
    d0 = f64x2.mul(d0, v128.load(factor + at + toSecond));
  }
  if (base) {
    c0 = f64x2.add(c0, v128.load(base + at));
    d0 = f64x2.add(d0, v128.load(base + at + toSecond));
  }
  v128.store(c, c0);
  v128.store(c + toSecond, d0);
}

/** Two rows by one column: the two sums are one vector. */
@inline
function tile1(
  a0: usize,
  a1: usize,
  aEnd: usize,
  aInner: usize,
  b: usize,
  bRow: usize,
  c: usize,
  toSecond: usize,
  at: usize,
  bias: usize,
  factor: usize,
  base: usize,
): void {
  let sums = bias ? v128.load_splat<f64>(bias + at) : f64x2.splat(0);
  while (a0 < aEnd) {
    sums = f64x2.relaxed_madd(rows(a0, a1), v128.load_splat<f64>(b), sums);
    a0 += aInner;
    a1 += aInner;
    b += bRow;
  }
  if (factor) sums = f64x2.mul(sums, rows(factor + at, factor + at + toSecond));
  if (base) sums = f64x2.add(sums, rows(base + at, base + at + toSecond));
  v128.store_lane<f64>(c, sums, 0);
  v128.store_lane<f64>(c + toSecond, sums, 1);
}

/** One number of either row. */
@inline
function rows(first: usize, second: usize): v128 {
  return v128.load_lane<f64>(second, v128.load_splat<f64>(first), 1);
}
