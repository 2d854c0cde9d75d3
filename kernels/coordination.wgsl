// D4 coordination number of a pair and its derivative, distances in bohr (Caldeweyher et al., J. Chem. Phys. 150, 154122):
//   count(r) = k4 exp(−(|en_i − en_j| + k5)²/k6) · ½ erfc(kn (r − r₀)/r₀) [· switch],  r₀ = 4/3 (rcov_i + rcov_j)
// erfc by Abramowitz and Stegun 7.1.26 (1.5e-7), its derivative analytic. Beyond 1.8 r₀ the count is below 1e-16: 0.

// Pairs of elements that count within the network's cutoff only are found among the network's pairs, others (heavy atoms)
// among those of dispersion.
fn counts_near(a: vec4<f32>, b: vec4<f32>) -> bool {
  return a.z + b.z <= COORDINATION_REACH;
}

fn coordination(r: f32, a: vec4<f32>, b: vec4<f32>) -> vec2<f32> {
  let r0 = 4.0 / 3.0 * (a.z + b.z);
  if (r > 1.8 * r0) {
    return vec2<f32>(0.0);
  }
  let difference = abs(a.w - b.w) + 19.08857;
  let scale = 4.10451 * exp(-difference * difference / 254.5553148552);
  let y = 7.5 * (r - r0) / r0;
  let t = 1.0 / (1.0 + 0.3275911 * abs(y));
  let gaussian = exp(-y * y);
  let tail = 0.5 * gaussian * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let count = vec2<f32>(
    scale * select(tail, 1.0 - tail, y < 0.0),
    -scale * gaussian * 7.5 / (r0 * SQRT_PI),
  );
  if (!HAS_LONG_RANGE_CUTOFF) {
    return count;
  }
  let s = switching(r, LONG_RANGE_CUTOFF / BOHR - BOHR, LONG_RANGE_CUTOFF / BOHR);
  return vec2<f32>(count.x * s.x, count.y * s.x + count.x * s.y);
}
