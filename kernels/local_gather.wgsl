// Messages of the local interaction, gathered over each atom's neighbours; one thread a (cluster, four features):
//   s_i = c_i + Σ_j g_s xs_j          P_i[c] = Σ_j g_p p_ij[c] xp_j        D_i[c] = Σ_j g_d d_ij[c] xd_j
// p_ij = unit vector i → j (so it changes sign between the two), d_ij the d functions (they do not); g(r_ij) [pair][3·F].
// s, x: [atom][F]; P: [atom][3][F]; D: [atom][D_FUNCTIONS][F].
// A cluster is up to CLUSTER_ATOMS atoms close to each other, whose neighbours are mostly the same: a neighbour's features
// are loaded once for all of them. Each row of a cluster's list holds a neighbour and the pairs that it makes.

struct Parameters {
  clusters: u32, // number
  table: u32, // vec4s in indices: [clusters + 1] atoms of the cluster, first row
  rows: u32, // [row] neighbour, then for each of the cluster's atoms 2·pair (+ 1 where it is the pair's second)
  geometry: u32, // vec4s in pairs
  radial: u32, // vec4s in pairs
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
@group(0) @binding(4) var<storage, read> indices: array<vec4<u32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cluster = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (cluster >= parameters.clusters) {
    return;
  }
  let atoms = indices[parameters.table + cluster];
  let end = indices[parameters.table + cluster + 1u].w;
//:for m in 0..CLUSTER_ATOMS
  var s${m} = vec4<f32>(0.0);
  if (atoms[${m}] != NONE) {
    s${m} = features[parameters.central + atoms[${m}] * FEATURES4 + f];
  }
//:for c in 0..3
  var p${m}_${c} = vec4<f32>(0.0);
//:end
//:for c in 0..D_FUNCTIONS
  var d${m}_${c} = vec4<f32>(0.0);
//:end
//:end
  for (var n = atoms.w; n < end; n++) {
    let row = indices[parameters.rows + n];
    let x = row.x * FEATURES4 + f;
    let xs = features[parameters.xs + x];
    let xp = features[parameters.xp + x];
    let xd = features[parameters.xd + x];
//:for m in 0..CLUSTER_ATOMS
    {
      let entry = row[${m} + 1];
      // no pair, or one beyond the cutoff, adds zeros
      var gs = vec4<f32>(0.0);
      var gp = vec4<f32>(0.0);
      var gd = vec4<f32>(0.0);
      var unit = vec3<f32>(0.0);
      if (entry != NONE) {
        let u = entry / 2u;
        let geometry = pairs[parameters.geometry + u];
        if (geometry.w < CUTOFF) {
          let g = parameters.radial + 3u * u * FEATURES4 + f;
          gs = pairs[g];
          gp = pairs[g + FEATURES4];
          gd = pairs[g + 2u * FEATURES4];
          unit = select(geometry.xyz, -geometry.xyz, entry % 2u == 1u);
        }
      }
      let d = d_functions(unit);
      s${m} += gs * xs;
      gp *= xp;
      gd *= xd;
//:for c in 0..3
      p${m}_${c} += unit[${c}] * gp;
//:end
//:for c in 0..D_FUNCTIONS
      d${m}_${c} += d.v${c} * gd;
//:end
    }
//:end
  }
//:for m in 0..CLUSTER_ATOMS
  if (atoms[${m}] != NONE) {
    let i = atoms[${m}];
    features[parameters.s + i * FEATURES4 + f] = s${m};
//:for c in 0..3
    features[parameters.p + (3u * i + ${c}u) * FEATURES4 + f] = p${m}_${c};
//:end
//:for c in 0..D_FUNCTIONS
    features[parameters.d + (D_FUNCTIONS * i + ${c}u) * FEATURES4 + f] = d${m}_${c};
//:end
  }
//:end
}
