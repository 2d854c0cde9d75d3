// Rotation invariants of projected sums over neighbours, whose rows are two halves A and B:
//
//   y_i += Σ_c A_ic∘B_ic:  sums [N][C][2F] → y [N][F];   Ā_ic = ȳ_i∘B_ic,  B̄_ic = ȳ_i∘A_ic.

/** Adds to y of `atoms` atoms. */
export function addProductOfHalves(
  sums: usize,
  components: usize,
  invariants: usize,
  features: usize,
  atoms: usize,
): void {
  const row = features << 3;
  const evenEnd = row & ~15;
  const end = sums + atoms * components * 2 * row;
  for (; sums < end; invariants += row) {
    for (let c: usize = 0; c < components; c++, sums += 2 * row) {
      let at: usize = 0;
      for (; at < evenEnd; at += 16) {
        const y = v128.load(invariants + at);
        v128.store(invariants + at, f64x2.relaxed_madd(v128.load(sums + at), v128.load(sums + row + at), y));
      }
      if (at < row) {
        const y = v128.load_splat<f64>(invariants + at);
        const sum = f64x2.relaxed_madd(v128.load_splat<f64>(sums + at), v128.load_splat<f64>(sums + row + at), y);
        v128.store_lane<f64>(invariants + at, sum, 0);
      }
    }
  }
}

/** Puts the adjoint of the sums of `atoms` atoms in their place. */
export function productOfHalvesAdjoint(
  sums: usize,
  components: usize,
  invariants: usize,
  features: usize,
  atoms: usize,
): void {
  const row = features << 3;
  const evenEnd = row & ~15;
  const end = sums + atoms * components * 2 * row;
  for (; sums < end; invariants += row) {
    for (let c: usize = 0; c < components; c++, sums += 2 * row) {
      let at: usize = 0;
      for (; at < evenEnd; at += 16) {
        const y = v128.load(invariants + at), a = v128.load(sums + at), b = v128.load(sums + row + at);
        v128.store(sums + at, f64x2.mul(y, b));
        v128.store(sums + row + at, f64x2.mul(y, a));
      }
      if (at < row) {
        const y = load<f64>(invariants + at), a = load<f64>(sums + at), b = load<f64>(sums + row + at);
        store<f64>(sums + at, y * b);
        store<f64>(sums + row + at, y * a);
      }
    }
  }
}
