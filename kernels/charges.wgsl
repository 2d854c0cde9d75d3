// Atomic energies and partial charges from the summed features f, one workgroup a structure:
// value:    [e_i, q̃_i] = output·f_i (+ the element's charge bias; that of the energy is added in float64 on the host),
//           q_i = q̃_i + (Q − Σ q̃)/N, so that the charges sum to Q
// adjoint:  f̄_i = w_e + (q̄_i − Σ q̄/N) w_q
// Clears the results of each atom: results[slot·N + i], slots (e_nn, e_rep, e_ele, e_disp), (F, q), (α, C6, ·, ·),
// (W_xx, W_yy, W_zz, W_xy), (W_xz, W_yz, ·, ·).

struct Parameters {
  atoms: u32,
  atom_table: u32,
  structures: u32,
  elements: u32,
  charges: u32, // [structure] (Q, …) in elements
  output: u32, // w_e [F], w_q [F] in weights
  f: u32,
  q_adjoint: u32, // [atom] (∂E/∂q, …)
  f_adjoint: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

var<workgroup> sums: array<f32, GROUP_THREADS>;
var<workgroup> total: f32;

fn add_up(thread: u32, sum: f32) {
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    var all = 0.0;
    for (var t = 0u; t < GROUP_THREADS; t++) {
      all += sums[t];
    }
    total = all;
  }
  workgroupBarrier();
}

@compute @workgroup_size(GROUP_THREADS)
fn value(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let count = indices[parameters.structures + 2u * group.x + 1u];
  let n = parameters.atoms;
  var sum = 0.0;
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    var energy = 0.0;
    var charge = elements[parameters.elements + indices[parameters.atom_table + 4u * i + 1u] * ELEMENT_STRIDE + 1u].w;
    for (var k = 0u; k < FEATURES4; k++) {
      let f = features[parameters.f + i * FEATURES4 + k];
      energy += dot(weights[parameters.output + k], f);
      charge += dot(weights[parameters.output + FEATURES4 + k], f);
    }
    results[i] = vec4<f32>(energy, 0.0, 0.0, 0.0);
    results[n + i] = vec4<f32>(0.0, 0.0, 0.0, charge);
    for (var slot = 2u; slot < RESULT_SLOTS; slot++) {
      results[slot * n + i] = vec4<f32>(0.0);
    }
    sum += charge;
  }
  add_up(thread, sum);
  let shift = (elements[parameters.charges + group.x].x - total) / f32(count);
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    results[n + i] += vec4<f32>(0.0, 0.0, 0.0, shift);
  }
}

@compute @workgroup_size(GROUP_THREADS)
fn adjoint(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let count = indices[parameters.structures + 2u * group.x + 1u];
  var sum = 0.0;
  if (CHARGE_TERMS) {
    for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
      sum += features[parameters.q_adjoint + i].x;
    }
  }
  add_up(thread, sum);
  let mean = total / f32(count);
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    var q = 0.0;
    if (CHARGE_TERMS) {
      q = features[parameters.q_adjoint + i].x - mean;
    }
    for (var k = 0u; k < FEATURES4; k++) {
      features[parameters.f_adjoint + i * FEATURES4 + k] = weights[parameters.output + k] + q * weights[parameters.output + FEATURES4 + k];
    }
  }
}
