// Messages of the local interaction, gathered over each atom's neighbours; one thread an (atom, four features).
// value:    s_i = c_i + Σ_j g_s xs_j          P_i[c] = Σ_j g_p p_ij[c] xp_j        D_i[c] = Σ_j g_d d_ij[c] xd_j
// adjoint:  x̄s_j = Σ_i g_s s̄_i               x̄p_j = Σ_i g_p Σ_c p_ij[c] P̄_i[c]    x̄d_j = Σ_i g_d Σ_c d_ij[c] D̄_i[c]
// p_ij = unit vector i → j (so it changes sign between the two), d_ij the d functions (they do not); g(r_ij) [pair][M·3·F].
// s, x: [atom][F]; P: [atom][3][F]; D: [atom][D_FUNCTIONS][F].

struct Parameters {
  atoms: u32,
  start: u32, // in indices: [N+1], then neighbour [2U], then entry [2U]
  neighbour: u32,
  entry: u32,
  geometry: u32, // vec4s in pairs
  radial: u32, // vec4s in pairs: g of this module within a row
  radial_stride: u32,
  central: u32, // vec4s in features from here on
  xs: u32,
  xp: u32,
  xd: u32,
  s: u32,
  p: u32,
  d: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn value(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (i >= parameters.atoms) {
    return;
  }
  var s = features[parameters.central + i * FEATURES4 + f];
//:for c in 0..3
  var p${c} = vec4<f32>(0.0);
//:end
//:for c in 0..D_FUNCTIONS
  var d${c} = vec4<f32>(0.0);
//:end
  let end = indices[parameters.start + i + 1u];
  for (var n = indices[parameters.start + i]; n < end; n++) {
    let j = indices[parameters.neighbour + n];
    let entry = bitcast<i32>(indices[parameters.entry + n]);
    let u = u32(max(entry, ~entry));
    let geometry = pairs[parameters.geometry + u];
    if (geometry.w >= CUTOFF) {
      continue;
    }
    let unit = select(-geometry.xyz, geometry.xyz, entry >= 0);
    let g = parameters.radial + u * parameters.radial_stride + f;
    let x = j * FEATURES4 + f;
    s += pairs[g] * features[parameters.xs + x];
    let gp = pairs[g + FEATURES4] * features[parameters.xp + x];
    let gd = pairs[g + 2u * FEATURES4] * features[parameters.xd + x];
    let d = d_functions(unit);
//:for c in 0..3
    p${c} += unit[${c}] * gp;
//:end
//:for c in 0..D_FUNCTIONS
    d${c} += d.v${c} * gd;
//:end
  }
  features[parameters.s + i * FEATURES4 + f] = s;
//:for c in 0..3
  features[parameters.p + (3u * i + ${c}u) * FEATURES4 + f] = p${c};
//:end
//:for c in 0..D_FUNCTIONS
  features[parameters.d + (D_FUNCTIONS * i + ${c}u) * FEATURES4 + f] = d${c};
//:end
}

// Here s, p, d are the adjoints that are read, xs, xp, xd those that are written.
@compute @workgroup_size(THREADS)
fn adjoint(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (j >= parameters.atoms) {
    return;
  }
  var xs = vec4<f32>(0.0);
  var xp = vec4<f32>(0.0);
  var xd = vec4<f32>(0.0);
  let end = indices[parameters.start + j + 1u];
  for (var n = indices[parameters.start + j]; n < end; n++) {
    let i = indices[parameters.neighbour + n];
    let entry = bitcast<i32>(indices[parameters.entry + n]);
    let u = u32(max(entry, ~entry));
    let geometry = pairs[parameters.geometry + u];
    if (geometry.w >= CUTOFF) {
      continue;
    }
    let unit = select(geometry.xyz, -geometry.xyz, entry >= 0);
    let g = parameters.radial + u * parameters.radial_stride + f;
    let d = d_functions(unit);
    xs += pairs[g] * features[parameters.s + i * FEATURES4 + f];
    var p = vec4<f32>(0.0);
//:for c in 0..3
    p += unit[${c}] * features[parameters.p + (3u * i + ${c}u) * FEATURES4 + f];
//:end
    xp += pairs[g + FEATURES4] * p;
    var q = vec4<f32>(0.0);
//:for c in 0..D_FUNCTIONS
    q += d.v${c} * features[parameters.d + (D_FUNCTIONS * i + ${c}u) * FEATURES4 + f];
//:end
    xd += pairs[g + 2u * FEATURES4] * q;
  }
  features[parameters.xs + j * FEATURES4 + f] = xs;
  features[parameters.xp + j * FEATURES4 + f] = xp;
  features[parameters.xd + j * FEATURES4 + f] = xd;
}
