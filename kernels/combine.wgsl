// Invariants of the local interaction from the projected messages (A, B halves of projection_p and projection_d);
// one thread an (atom, four features).
// value:    l_i = s_i + Σ_c A_i[c] ∘ B_i[c]     over the 3 p and D_FUNCTIONS d components
// adjoint:  Ā = l̄ ∘ B,  B̄ = l̄ ∘ A             (s̄ = l̄ itself)
// l, s: [atom][F]; projections: [atom][component][A: F | B: F].

struct Parameters {
  atoms: u32,
  s: u32,
  p: u32,
  d: u32,
  l: u32,
  p_adjoint: u32,
  d_adjoint: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn value(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (i >= parameters.atoms) {
    return;
  }
  var l = features[parameters.s + i * FEATURES4 + f];
  for (var c = 0u; c < 3u; c++) {
    let at = parameters.p + (3u * i + c) * 2u * FEATURES4 + f;
    l += features[at] * features[at + FEATURES4];
  }
  for (var c = 0u; c < D_FUNCTIONS; c++) {
    let at = parameters.d + (D_FUNCTIONS * i + c) * 2u * FEATURES4 + f;
    l += features[at] * features[at + FEATURES4];
  }
  features[parameters.l + i * FEATURES4 + f] = l;
}

@compute @workgroup_size(THREADS)
fn adjoint(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x / FEATURES4;
  let f = id.x % FEATURES4;
  if (i >= parameters.atoms) {
    return;
  }
  let l = features[parameters.l + i * FEATURES4 + f];
  for (var c = 0u; c < 3u; c++) {
    let at = (3u * i + c) * 2u * FEATURES4 + f;
    features[parameters.p_adjoint + at] = l * features[parameters.p + at + FEATURES4];
    features[parameters.p_adjoint + at + FEATURES4] = l * features[parameters.p + at];
  }
  for (var c = 0u; c < D_FUNCTIONS; c++) {
    let at = (D_FUNCTIONS * i + c) * 2u * FEATURES4 + f;
    features[parameters.d_adjoint + at] = l * features[parameters.d + at + FEATURES4];
    features[parameters.d_adjoint + at + FEATURES4] = l * features[parameters.d + at];
  }
}
