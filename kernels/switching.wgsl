// Smooth switch from 1 (x ≤ 0) to 0 (x ≥ 1):  s = σ((1 − 2x)/(x(1 − x))),  s′ = −s(1 − s)(1/x² + 1/(1 − x)²).
// Returns (s, ds/dr) for x = (r − on)/(off − on).

fn switching(r: f32, on: f32, off: f32) -> vec2<f32> {
  let x = (r - on) / (off - on);
  if (x <= 0.0) {
    return vec2<f32>(1.0, 0.0);
  }
  if (x >= 1.0) {
    return vec2<f32>(0.0, 0.0);
  }
  let y = 1.0 - x;
  let argument = (y - x) / (x * y);
  // Beyond ±80 the switch is 1 or 0 in float32, and the slope 0; exp would overflow.
  if (abs(argument) > 80.0) {
    return vec2<f32>(select(0.0, 1.0, argument > 0.0), 0.0);
  }
  let s = 1.0 / (1.0 + exp(-argument));
  let rest = 1.0 / (1.0 + exp(argument));
  return vec2<f32>(s, -s * rest * (1.0 / (x * x) + 1.0 / (y * y)) / (off - on));
}
