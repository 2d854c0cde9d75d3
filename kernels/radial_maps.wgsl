// The radial maps of all modules, g_s, g_p, g_d = radial·(f(r) fc(r)), and their derivatives; one thread a (pair, module,
// four features). Linear maps of functions of one distance are functions of that distance, so they are tabulated as a whole,
// in float64 from the model's own formulas (src/engine/radial_tables.ts): polynomials in the distance δ from the middle of
// short intervals,
//   g  = c₀ + δ(c₁ + δ(c₂ + δ(c₃ + δ(c₄ + δ c₅))))        g′ = c₁ + δ(2c₂ + δ(3c₃ + δ(4c₄ + δ 5c₅)))
// Every kind of radial basis costs the same, and none depends on how well a driver computes exp.
// g: [module][pair][3·F], then g′. Pairs beyond the cutoff are left out here and by everyone who reads g.
// The table is a texture, [interval][6][M·3·F]: Mesa's software driver needs 13 ns to load a texel for 8 threads, 20 ns to
// load as much of a buffer.

struct Parameters {
  pairs: u32,
  geometry: u32, // vec4s in pairs
  place: u32, // [pair] (δ, interval, ·, ·)
  radial: u32,
  threads: u32, // of a row of the grid
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(8) var table: texture_2d<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let index = id.x + id.y * parameters.threads;
  let u = index / (MODULES * FEATURES4);
  let m = index / FEATURES4 % MODULES;
  let f = index % FEATURES4;
  if (u >= parameters.pairs || pairs[parameters.geometry + u].w >= CUTOFF) {
    return;
  }
  let place = pairs[parameters.place + u];
  let delta = place.x;
  let interval = u32(place.y);
  let g = parameters.radial + (m * parameters.pairs + u) * 3u * FEATURES4 + f;
  let slope = g + MODULES * parameters.pairs * 3u * FEATURES4;
//:for order in 0..3
  {
    let column = (3u * m + ${order}u) * FEATURES4 + f;
    let c0 = textureLoad(table, vec2<u32>(column, interval), 0);
    let c1 = textureLoad(table, vec2<u32>(column + RADIAL4, interval), 0);
    let c2 = textureLoad(table, vec2<u32>(column + 2u * RADIAL4, interval), 0);
    let c3 = textureLoad(table, vec2<u32>(column + 3u * RADIAL4, interval), 0);
    let c4 = textureLoad(table, vec2<u32>(column + 4u * RADIAL4, interval), 0);
    let c5 = textureLoad(table, vec2<u32>(column + 5u * RADIAL4, interval), 0);
    pairs[g + ${order}u * FEATURES4] = c0 + delta * (c1 + delta * (c2 + delta * (c3 + delta * (c4 + delta * c5))));
    pairs[slope + ${order}u * FEATURES4] = c1 + delta * (2.0 * c2 + delta * (3.0 * c3 + delta * (4.0 * c4 + delta * (5.0 * c5))));
  }
//:end
}
