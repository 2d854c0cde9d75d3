// a∘b and a + b of `count` numbers each; the result may be one of them.

export function multiplyElements(a: usize, b: usize, result: usize, count: usize): void {
  const end = a + (count << 3);
  for (; a + 8 < end; a += 16, b += 16, result += 16) {
    v128.store(result, f64x2.mul(v128.load(a), v128.load(b)));
  }
  if (a < end) store<f64>(result, load<f64>(a) * load<f64>(b));
}

export function addElements(a: usize, b: usize, result: usize, count: usize): void {
  const end = a + (count << 3);
  for (; a + 8 < end; a += 16, b += 16, result += 16) {
    v128.store(result, f64x2.add(v128.load(a), v128.load(b)));
  }
  if (a < end) store<f64>(result, load<f64>(a) + load<f64>(b));
}
