// The network's gradient with respect to a pair's vector, one module's part; one thread a pair a → b, which carries the
// messages of both directions (p changes sign, g and d do not):
//   ∂E/∂r  = Σ_f g_s′ (s̄_a xs_b + s̄_b xs_a) + g_p′ Σ_c p_c (P̄_a[c] xp_b − P̄_b[c] xp_a) + g_d′ Σ_c d_c (D̄_a[c] xd_b + D̄_b[c] xd_a)
//   p̄_c    = Σ_f g_p (P̄_a[c] xp_b − P̄_b[c] xp_a)          d̄_c = Σ_f g_d (D̄_a[c] xd_b + D̄_b[c] xd_a)
//   ∂E/∂vector += ∂E/∂r p + (1 − p pᵀ)(p̄ + (∂d/∂p)ᵀ d̄) / r
// g, g′: [pair][M·3·F], values then derivatives (U rows each).

struct Parameters {
  pairs: u32,
  first: u32,
  second: u32,
  geometry: u32,
  gradient: u32,
  radial: u32,
  slope: u32,
  radial_stride: u32,
  xs: u32,
  xp: u32,
  xd: u32,
  s: u32, // adjoints
  p: u32,
  d: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let u = id.x;
  if (u >= parameters.pairs) {
    return;
  }
  let geometry = pairs[parameters.geometry + u];
  let r = geometry.w;
  if (r >= CUTOFF) {
    return;
  }
  let unit = geometry.xyz;
  let d = d_functions(unit);
  let a = indices[parameters.first + u] * FEATURES4;
  let b = indices[parameters.second + u] * FEATURES4;

  var radial = vec4<f32>(0.0);
//:for c in 0..3
  var p${c} = vec4<f32>(0.0);
//:end
//:for c in 0..D_FUNCTIONS
  var d${c} = vec4<f32>(0.0);
//:end
  for (var f = 0u; f < FEATURES4; f++) {
    let g = parameters.radial + u * parameters.radial_stride + f;
    let slope = parameters.slope + u * parameters.radial_stride + f;
    radial += pairs[slope] * (features[parameters.s + a + f] * features[parameters.xs + b + f]
      + features[parameters.s + b + f] * features[parameters.xs + a + f]);

    let xpa = features[parameters.xp + a + f];
    let xpb = features[parameters.xp + b + f];
    let gp = pairs[g + FEATURES4];
    var along_p = vec4<f32>(0.0);
//:for c in 0..3
    let m${c} = features[parameters.p + 3u * a + ${c}u * FEATURES4 + f] * xpb
      - features[parameters.p + 3u * b + ${c}u * FEATURES4 + f] * xpa;
    p${c} += gp * m${c};
    along_p += unit[${c}] * m${c};
//:end
    radial += pairs[slope + FEATURES4] * along_p;

    let xda = features[parameters.xd + a + f];
    let xdb = features[parameters.xd + b + f];
    let gd = pairs[g + 2u * FEATURES4];
    var along_d = vec4<f32>(0.0);
//:for c in 0..D_FUNCTIONS
    let n${c} = features[parameters.d + D_FUNCTIONS * a + ${c}u * FEATURES4 + f] * xdb
      + features[parameters.d + D_FUNCTIONS * b + ${c}u * FEATURES4 + f] * xda;
    d${c} += gd * n${c};
    along_d += d.v${c} * n${c};
//:end
    radial += pairs[slope + 2u * FEATURES4] * along_d;
  }

  let one = vec4<f32>(1.0);
  let d_adjoint = DFunctions(
//:for c in 0..D_FUNCTIONS
    dot(d${c}, one),
//:end
  );
  let turning = vec3<f32>(dot(p0, one), dot(p1, one), dot(p2, one)) + d_functions_adjoint(unit, d_adjoint);
  let gradient = dot(radial, one) * unit + (turning - dot(turning, unit) * unit) / r;
  pairs[parameters.gradient + u] += vec4<f32>(gradient, 0.0);
}
