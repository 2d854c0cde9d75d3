// Adjoint of the local interaction's messages (local_gather.wgsl), each pair once; one thread a (cluster, four features).
// With a the pair's first atom, in the cluster, b its second, p and d of the vector a → b, which carries messages both
// ways (p changes sign between the two, g and d do not):
//   x̄s_a += g_s s̄_b      x̄p_a −= g_p Σ_c p_c P̄_b[c]      x̄d_a += g_d Σ_c d_c D̄_b[c]
//   x̄s_b += g_s s̄_a      x̄p_b += g_p Σ_c p_c P̄_a[c]      x̄d_b += g_d Σ_c d_c D̄_a[c]
//   ∂E/∂r  = Σ_f g_s′ (s̄_a xs_b + s̄_b xs_a) + g_p′ Σ_c p_c (P̄_a[c] xp_b − P̄_b[c] xp_a) + g_d′ Σ_c d_c (D̄_a[c] xd_b + D̄_b[c] xd_a)
//   p̄_c    = Σ_f g_p (P̄_a[c] xp_b − P̄_b[c] xp_a)          d̄_c = Σ_f g_d (D̄_a[c] xd_b + D̄_b[c] xd_a)
//   ∂E/∂vector = ∂E/∂r p + (1 − p pᵀ)(p̄ + (∂d/∂p)ᵀ d̄) / r
// The gradient is linear in the features, so each thread has the part of its own four. What a gets (force F_a = Σ ∂E/∂vector)
// is summed here; what b gets from all of the cluster is left in a row, which local_gather_adjoint.wgsl collects. So the order
// in which these sums run depends on who is in a cluster, and here clusters are atoms that follow each other.
// left: [row][x̄s, x̄p, x̄d, (−F, ·)][F].
// shares: [atom][F/4] (F, ·), (V_xx, V_yy, V_zz, V_xy), (V_xz, V_yz, ·, ·) with V = Σ vector ⊗ ∂E/∂vector.
// g, g′: [pair][3·F].

struct Parameters {
  clusters: u32,
  table: u32,
  rows: u32,
  geometry: u32,
  radial: u32,
  slope: u32,
  xs: u32,
  xp: u32,
  xd: u32,
  s: u32, // adjoints that are read
  p: u32,
  d: u32,
  xs_adjoint: u32, // and those that are written
  xp_adjoint: u32,
  xd_adjoint: u32,
  shares: u32,
  left: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<vec4<u32>>;

fn total(x: vec4<f32>) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

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
  // an atom that is missing has no pair; what is loaded for it is of no use
  let a${m} = select(atoms[${m}], atoms[0], atoms[${m}] == NONE);
  let own_xs${m} = features[parameters.xs + a${m} * FEATURES4 + f];
  let own_xp${m} = features[parameters.xp + a${m} * FEATURES4 + f];
  let own_xd${m} = features[parameters.xd + a${m} * FEATURES4 + f];
  let own_s${m} = features[parameters.s + a${m} * FEATURES4 + f];
//:for c in 0..3
  let own_p${m}_${c} = features[parameters.p + (3u * a${m} + ${c}u) * FEATURES4 + f];
//:end
//:for c in 0..D_FUNCTIONS
  let own_d${m}_${c} = features[parameters.d + (D_FUNCTIONS * a${m} + ${c}u) * FEATURES4 + f];
//:end
  var xs${m} = vec4<f32>(0.0);
  var xp${m} = vec4<f32>(0.0);
  var xd${m} = vec4<f32>(0.0);
  var force${m} = vec3<f32>(0.0);
  var diagonal${m} = vec3<f32>(0.0);
  var off_diagonal${m} = vec3<f32>(0.0);
//:end
  for (var n = atoms.w; n < end; n++) {
    let row = indices[parameters.rows + n];
    let b = row.x * FEATURES4 + f;
    let xs = features[parameters.xs + b];
    let xp = features[parameters.xp + b];
    let xd = features[parameters.xd + b];
    let s = features[parameters.s + b];
//:for c in 0..3
    let p${c} = features[parameters.p + (3u * row.x + ${c}u) * FEATURES4 + f];
//:end
//:for c in 0..D_FUNCTIONS
    let d${c} = features[parameters.d + (D_FUNCTIONS * row.x + ${c}u) * FEATURES4 + f];
//:end
    var left_s = vec4<f32>(0.0);
    var left_p = vec4<f32>(0.0);
    var left_d = vec4<f32>(0.0);
    var left_gradient = vec3<f32>(0.0);
//:for m in 0..CLUSTER_ATOMS
    if (row[${m} + 1] != NONE) {
      let u = row[${m} + 1] / 2u;
      let geometry = pairs[parameters.geometry + u];
      let g = parameters.radial + 3u * u * FEATURES4 + f;
      let slope = parameters.slope + 3u * u * FEATURES4 + f;
      if (geometry.w < CUTOFF) {
        let gs = pairs[g];
        let gp = pairs[g + FEATURES4];
        let gd = pairs[g + 2u * FEATURES4];
        let unit = geometry.xyz;
        let d = d_functions(unit);
        var along_p = vec4<f32>(0.0);
        var own_along_p = vec4<f32>(0.0);
//:for c in 0..3
        along_p += unit[${c}] * p${c};
        own_along_p += unit[${c}] * own_p${m}_${c};
//:end
        var along_d = vec4<f32>(0.0);
        var own_along_d = vec4<f32>(0.0);
//:for c in 0..D_FUNCTIONS
        along_d += d.v${c} * d${c};
        own_along_d += d.v${c} * own_d${m}_${c};
//:end
        xs${m} += gs * s;
        xp${m} -= gp * along_p;
        xd${m} += gd * along_d;
        left_s += gs * own_s${m};
        left_p += gp * own_along_p;
        left_d += gd * own_along_d;
        let radial = pairs[slope] * (own_s${m} * xs + s * own_xs${m})
          + pairs[slope + FEATURES4] * (own_along_p * xp - along_p * own_xp${m})
          + pairs[slope + 2u * FEATURES4] * (own_along_d * xd + along_d * own_xd${m});
        let from_p = gp * xp;
        let to_p = gp * own_xp${m};
        let from_d = gd * xd;
        let to_d = gd * own_xd${m};
        let p_adjoint = vec3<f32>(
//:for c in 0..3
          total(own_p${m}_${c} * from_p - p${c} * to_p),
//:end
        );
        let d_adjoint = DFunctions(
//:for c in 0..D_FUNCTIONS
          total(own_d${m}_${c} * from_d + d${c} * to_d),
//:end
        );
        let turning = p_adjoint + d_functions_adjoint(unit, d_adjoint);
        let gradient = total(radial) * unit + (turning - dot(turning, unit) * unit) / geometry.w;
        let vector = geometry.w * unit;
        force${m} += gradient;
        diagonal${m} += vector * gradient;
        // the virial is symmetric but for rounding: its symmetric part
        off_diagonal${m} += 0.5 * (vector.xxy * gradient.yzz + vector.yzz * gradient.xxy);
        left_gradient += gradient;
      }
    }
//:end
    let left = parameters.left + 4u * n * FEATURES4 + f;
    features[left] = left_s;
    features[left + FEATURES4] = left_p;
    features[left + 2u * FEATURES4] = left_d;
    features[left + 3u * FEATURES4] = vec4<f32>(left_gradient, 0.0);
  }
//:for m in 0..CLUSTER_ATOMS
  if (atoms[${m}] != NONE) {
    let at = a${m} * FEATURES4 + f;
    features[parameters.xs_adjoint + at] = xs${m};
    features[parameters.xp_adjoint + at] = xp${m};
    features[parameters.xd_adjoint + at] = xd${m};
    features[parameters.shares + 3u * at] = vec4<f32>(force${m}, 0.0);
    features[parameters.shares + 3u * at + 1u] = vec4<f32>(diagonal${m}, off_diagonal${m}.x);
    features[parameters.shares + 3u * at + 2u] = vec4<f32>(off_diagonal${m}.yz, 0.0, 0.0);
  }
//:end
}
