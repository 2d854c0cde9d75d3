// The radial maps of all modules, g_s, g_p, g_d = radial·(f(r) fc(r)), and their derivatives; one thread a (pair, four
// outputs). Linear maps of functions of one distance are functions of that distance, so they are tabulated as a whole, in
// float64 from the model's own formulas (src/engine/radial_tables.ts): polynomials in the distance δ from the middle of
// short intervals,
//   g  = c₀ + δ(c₁ + δ(c₂ + δ(c₃ + δ(c₄ + δ c₅))))        g′ = c₁ + δ(2c₂ + δ(3c₃ + δ(4c₄ + δ 5c₅)))
// Every kind of radial basis costs the same, and none depends on how well a driver computes exp.
// g: [pair][M·3·F], then g′. Pairs beyond the cutoff are left out here and by everyone who reads g.

struct Parameters {
  pairs: u32,
  geometry: u32, // vec4s in pairs
  place: u32, // [pair] (δ, interval, ·, ·)
  radial: u32,
  table: u32, // vec4s in weights: [interval][6][M·3·F]
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let u = id.y + id.z * PAIRS_DEEP;
  let column = id.x;
  if (column >= RADIAL4 || u >= parameters.pairs || pairs[parameters.geometry + u].w >= CUTOFF) {
    return;
  }
  let place = pairs[parameters.place + u];
  let delta = place.x;
  let c = parameters.table + u32(place.y) * 6u * RADIAL4 + column;
  let c1 = weights[c + RADIAL4];
  let c2 = weights[c + 2u * RADIAL4];
  let c3 = weights[c + 3u * RADIAL4];
  let c4 = weights[c + 4u * RADIAL4];
  let c5 = weights[c + 5u * RADIAL4];
  let g = parameters.radial + u * RADIAL4 + column;
  pairs[g] = weights[c] + delta * (c1 + delta * (c2 + delta * (c3 + delta * (c4 + delta * c5))));
  pairs[g + parameters.pairs * RADIAL4] = c1 + delta * (2.0 * c2 + delta * (3.0 * c3 + delta * (4.0 * c4 + delta * (5.0 * c5))));
}
