// Learned activation functions, value and derivative, elementwise; α and β are learned for every feature.
//   swish  a(x) = α x σ(βx)                        a′(x) = α σ(βx) (1 + βx (1 − σ(βx)))
//   ssp    a(x) = α (softplus(βx) − ln 2) / β      a′(x) = α σ(βx)          (β = 0: α x / 2 and α / 2)
// Near βx = 0 the shifted softplus cancels, so its Taylor series is used there.

// exp to the last bit or so, whatever the driver's own is worth: eˣ = 2ⁿ eʳ, |r| ≤ ln 2 / 2, ln 2 in two parts. 2ⁿ is added
// to the exponent's bits, which overflow nowhere between the limits; ldexp looks after cases that do not occur.
fn exponential(x: vec4<f32>) -> vec4<f32> {
  let y = clamp(x, vec4<f32>(-87.0), vec4<f32>(87.0));
  let n = round(y * 1.44269504);
  let r = fma(n, vec4<f32>(2.12194440e-4), fma(n, vec4<f32>(-0.693359375), y));
  var p = fma(r, vec4<f32>(1.98412698e-4), vec4<f32>(1.38888889e-3));
  p = fma(r, p, vec4<f32>(8.33333333e-3));
  p = fma(r, p, vec4<f32>(4.16666667e-2));
  p = fma(r, p, vec4<f32>(1.66666667e-1));
  p = fma(r, p, vec4<f32>(0.5));
  p = fma(r, p, vec4<f32>(1.0));
  p = fma(r, p, vec4<f32>(1.0));
  return bitcast<vec4<f32>>(bitcast<vec4<i32>>(p) + (vec4<i32>(n) << vec4<u32>(23u)));
}

fn sigmoid(z: vec4<f32>) -> vec4<f32> {
  return 1.0 / (1.0 + exponential(-z));
}

fn activation(x: vec4<f32>, alpha: vec4<f32>, beta: vec4<f32>) -> vec4<f32> {
  let z = beta * x;
  if (ACTIVATION == SWISH) {
    return alpha * x * sigmoid(z);
  }
  let z2 = z * z;
  let series = 0.5 + z * (0.125 + z2 * (-1.0 / 192.0 + z2 * (1.0 / 2880.0 - z2 * (17.0 / 645120.0))));
  let softplus = max(z, vec4<f32>(0.0)) + log(1.0 + exponential(-abs(z)));
  let safe = select(beta, vec4<f32>(1.0), beta == vec4<f32>(0.0));
  return alpha * select((softplus - LN2) / safe, x * series, abs(z) < vec4<f32>(0.5));
}

fn activation_derivative(x: vec4<f32>, alpha: vec4<f32>, beta: vec4<f32>) -> vec4<f32> {
  let z = beta * x;
  let s = sigmoid(z);
  if (ACTIVATION == SWISH) {
    return alpha * fma(z * s, 1.0 - s, s);
  }
  return alpha * s;
}
