// Learned activation functions, value and derivative, elementwise; α and β are learned for every feature.
//   swish  a(x) = α x σ(βx)                        a′(x) = α σ(βx) (1 + βx (1 − σ(βx)))
//   ssp    a(x) = α (softplus(βx) − ln 2) / β      a′(x) = α σ(βx)          (β = 0: α x / 2 and α / 2)
// Near βx = 0 the shifted softplus cancels, so its Taylor series is used there.

fn sigmoid(z: vec4<f32>) -> vec4<f32> {
  return 1.0 / (1.0 + exp(-z));
}

fn activation(x: vec4<f32>, alpha: vec4<f32>, beta: vec4<f32>) -> vec4<f32> {
  let z = beta * x;
  if (ACTIVATION == SWISH) {
    return alpha * x * sigmoid(z);
  }
  let z2 = z * z;
  let series = 0.5 + z * (0.125 + z2 * (-1.0 / 192.0 + z2 * (1.0 / 2880.0 - z2 * (17.0 / 645120.0))));
  let softplus = max(z, vec4<f32>(0.0)) + log(1.0 + exp(-abs(z)));
  let safe = select(beta, vec4<f32>(1.0), beta == vec4<f32>(0.0));
  return alpha * select((softplus - LN2) / safe, x * series, abs(z) < vec4<f32>(0.5));
}

fn activation_derivative(x: vec4<f32>, alpha: vec4<f32>, beta: vec4<f32>) -> vec4<f32> {
  let z = beta * x;
  let s = sigmoid(z);
  if (ACTIVATION == SWISH) {
    return alpha * s * (1.0 + z * (1.0 - s));
  }
  return alpha * s;
}
