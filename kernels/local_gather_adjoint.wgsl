// Adds to each atom what clusters left for it (pair_adjoint.wgsl); one thread an (atom, four features).
//   x̄s_b, x̄p_b, x̄d_b += Σ of the rows whose neighbour b is         F_b likewise
// x̄: [atom][F]; shares: [atom][F/4][3]; left: [row][x̄s, x̄p, x̄d, (−F, ·)][F].

struct Parameters {
  atoms: u32,
  start: u32, // in indices: [N+1]
  row: u32, // in indices: rows in the order of their neighbour
  left: u32, // vec4s in features from here on
  xs_adjoint: u32,
  xp_adjoint: u32,
  xd_adjoint: u32,
  shares: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let b = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (b >= parameters.atoms) {
    return;
  }
  var xs = vec4<f32>(0.0);
  var xp = vec4<f32>(0.0);
  var xd = vec4<f32>(0.0);
  var gradient = vec4<f32>(0.0);
  let end = indices[parameters.start + b + 1u];
  for (var n = indices[parameters.start + b]; n < end; n++) {
    let left = parameters.left + 4u * indices[parameters.row + n] * FEATURES4 + f;
    xs += features[left];
    xp += features[left + FEATURES4];
    xd += features[left + 2u * FEATURES4];
    gradient += features[left + 3u * FEATURES4];
  }
  features[parameters.xs_adjoint + id.x] += xs;
  features[parameters.xp_adjoint + id.x] += xp;
  features[parameters.xd_adjoint + id.x] += xd;
  features[parameters.shares + 3u * id.x] -= gradient;
}
