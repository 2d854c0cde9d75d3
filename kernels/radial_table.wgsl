// Where a distance lies in the tables of polynomials, and the distance itself to 4e-11 Å (2e-9 Å below 0.1 Å).
// A pair's vector is h + l, h a multiple of 1/GRID Å (exact, see pair_vector.wgsl). In whole numbers of grid steps |h|² is
// an exact integer below 2³² (distances up to 16 Å at GRID = 4096), so with k = the integer nearest to √|h|²
//   r = k/GRID + ρ,  ρ = ((|h|² − k²)/GRID² + 2 h·l + l²) / (r + k/GRID),
// where nothing cancels and no compiler's rearrangement hurts. The interval and the place δ in it follow from k exactly.

struct Distance {
  r: f32,
  interval: u32,
  delta: f32, // r − the interval's middle, Å
}

fn distance_of(h: vec3<f32>, l: vec3<f32>) -> Distance {
  let n = vec3<i32>(round(h * GRID));
  let square = u32(n.x * n.x) + u32(n.y * n.y) + u32(n.z * n.z);
  let k = u32(round(sqrt(f32(square))));
  let rest = f32(i32(square - k * k)) / (GRID * GRID) + 2.0 * dot(h, l) + dot(l, l);
  let coarse = f32(k) / GRID;
  let first = rest / (2.0 * coarse);
  let rho = rest / (2.0 * coarse + first);
  let interval = k / INTERVAL_STEPS;
  let steps = i32(k) - i32(interval * INTERVAL_STEPS + INTERVAL_STEPS / 2u);
  return Distance(coarse + rho, interval, f32(steps) / GRID + rho);
}
