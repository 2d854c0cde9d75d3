// Atomic energies and partial charges from the summed features f, one workgroup a structure:
// value:    [e_i, q̃_i] = output·f_i (+ the element's charge bias; that of the energy is added in float64 on the host),
//           q_i = q̃_i + (Q − Σ q̃)/N, so that the charges sum to Q
// adjoint:  f̄_i = w_e + (q̄_i − Σ q̄/N) w_q
// Charges are shared out in whole units of 2⁻²⁵ e (coarser, by powers of two, only where a charge exceeds 32 e): integer
// sums are exact, so the charges sum to Q exactly. A charge leaves as q + rest, float32 and what its rounding left.
// Clears the results of each atom: results[slot·N + i], slots (e_nn, e_rep, e_ele, e_disp), (F, q), (α, C6, rest of q, ·),
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
  features4: u32, // FEATURES4: a loop to a constant bound would be unrolled, and take long to compile
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

var<workgroup> sums: array<f32, GROUP_THREADS>;
var<workgroup> limbs: array<vec2<i32>, GROUP_THREADS>;
var<workgroup> total: f32;
var<workgroup> share: vec2<i32>;

fn add_up(thread: u32, busy: u32, sum: f32) {
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    var all = 0.0;
    for (var t = 0u; t < busy; t++) {
      all += sums[t];
    }
    total = all;
  }
  workgroupBarrier();
}

// The largest power of two that a charge's unit must be, given each thread's largest charge.
fn find_unit(thread: u32, busy: u32, largest: f32) -> f32 {
  sums[thread] = largest;
  workgroupBarrier();
  if (thread == 0u) {
    var all = 0.0;
    for (var t = 0u; t < busy; t++) {
      all = max(all, sums[t]);
    }
    var unit = 1.0 / 33554432.0;
    for (var doubling = 0u; doubling < 64u && all > 1073741824.0 * unit; doubling++) {
      unit *= 2.0;
    }
    total = unit;
  }
  workgroupBarrier();
  return total;
}

// ⌊(2¹⁶ a + b)/n⌋ and the remainder, for 0 < n < 2¹⁵.
fn divide(a: i32, b: i32, n: i32) -> vec2<i32> {
  let quotient_a = floor_divide(a, n);
  let rest = (a - quotient_a * n) * 65536 + b;
  let quotient_b = floor_divide(rest, n);
  return vec2<i32>(quotient_a * 65536 + quotient_b, rest - quotient_b * n);
}

fn floor_divide(a: i32, n: i32) -> i32 {
  let quotient = a / n;
  return select(quotient, quotient - 1, quotient * n > a);
}

@compute @workgroup_size(GROUP_THREADS)
fn value(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let count = indices[parameters.structures + 2u * group.x + 1u];
  let n = parameters.atoms;
  let busy = min(GROUP_THREADS, count); // threads with atoms
  var largest = 0.0;
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    var energy = vec4<f32>(0.0);
    var charge = vec4<f32>(0.0);
    for (var k = 0u; k < parameters.features4; k++) {
      let f = features[parameters.f + i * FEATURES4 + k];
      energy = fma(weights[parameters.output + k], f, energy);
      charge = fma(weights[parameters.output + FEATURES4 + k], f, charge);
    }
    let bias = elements[parameters.elements + indices[parameters.atom_table + 4u * i + 1u] * ELEMENT_STRIDE + 1u].w;
    let q = dot(charge, vec4<f32>(1.0)) + bias;
    results[i] = vec4<f32>(dot(energy, vec4<f32>(1.0)), 0.0, 0.0, 0.0);
    results[n + i] = vec4<f32>(0.0, 0.0, 0.0, q);
    for (var slot = 2u; slot < RESULT_SLOTS; slot++) {
      results[slot * n + i] = vec4<f32>(0.0);
    }
    largest = max(largest, abs(q));
  }
  let unit = find_unit(thread, busy, largest);
  var sum = vec2<i32>(0);
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    let whole = i32(round(results[n + i].w / unit));
    sum += vec2<i32>(whole >> 16u, whole & 0xffff);
  }
  limbs[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    let charge = i32(round(elements[parameters.charges + group.x].x / unit));
    var rest = vec2<i32>(charge >> 16u, charge & 0xffff);
    for (var t = 0u; t < busy; t++) {
      rest -= limbs[t];
    }
    share = divide(rest.x, rest.y, i32(count));
  }
  workgroupBarrier();
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    let q = results[n + i].w;
    // the division's remainder, less than one unit an atom, goes to the first atoms
    let whole = i32(round(q / unit)) + share.x + select(0, 1, i32(i - first) < share.y);
    let rounded = f32(whole);
    // a charge that is not a number must stay so: conversion to an integer hides it
    results[n + i] = vec4<f32>(0.0, 0.0, 0.0, select(q, rounded * unit, abs(q) < 1e30));
    results[2u * n + i] = vec4<f32>(0.0, 0.0, f32(whole - i32(rounded)) * unit, 0.0);
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
  add_up(thread, min(GROUP_THREADS, count), sum);
  let mean = total / f32(count);
  for (var i = first + thread; i < first + count; i += GROUP_THREADS) {
    var q = 0.0;
    if (CHARGE_TERMS) {
      q = features[parameters.q_adjoint + i].x - mean;
    }
    for (var k = 0u; k < parameters.features4; k++) {
      features[parameters.f_adjoint + i * FEATURES4 + k] = weights[parameters.output + k] + q * weights[parameters.output + FEATURES4 + k];
    }
  }
}
