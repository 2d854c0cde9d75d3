// Random features of the linear-scaling attention; one workgroup a structure, one thread a row at a time, first the
// queries' rows, then the keys'.
// value:    φ(X) = (exp(U − h − max) + 1e-4)/√m,   U = X·ω/F^¼ [atom][m],   h = |X|²/(2√F)
//           max = each row's own for queries, the whole structure's for keys (both over U alone).
// adjoint:  with e = φ − 1e-4/√m and T = Σ e φ̄:   Ū = e φ̄, less T at the maximum;   X̄ = Ū·ωᵀ/F^¼ − T X/√F
//           T runs over the row for queries; for keys the maximum's share runs over the whole structure.
// The published forces differentiate through both maxima, so the place of each is kept (ties: the first). Places stand
// among the features as whole numbers, exact below 2²⁴; their bits alone would be subnormal numbers, which a device may
// flush to zero.
// X: [atom][F]; U, φ: [atom][m]; all padded with zeros to whole vec4s.

struct Parameters {
  structures: u32, // structure table in indices: first atom, number of atoms
  maxima: u32, // [structure] atom and place of the key maximum
  // queries' and keys', two of each
  x: vec2<u32>,
  u: vec2<u32>,
  phi: vec2<u32>,
  rows: vec2<u32>, // [atom] place of the row's maximum, the maximum, h
  phi_adjoint: vec2<u32>,
  u_adjoint: vec2<u32>,
  x_adjoint: vec2<u32>,
  // RANDOM4 and FEATURES4: loops to constant bounds would be unrolled, and take long to compile
  random4: u32,
  features4: u32,
}

const KEYS = 1u; // the role; queries are 0

struct Maximum {
  value: f32,
  atom: u32,
  place: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

var<workgroup> maxima: array<Maximum, GROUP_THREADS>;
var<workgroup> sums: array<f32, GROUP_THREADS>;
var<workgroup> winner: Maximum;
var<workgroup> total: f32;

fn used(k: u32) -> vec4<bool> {
  return vec4<u32>(4u * k, 4u * k + 1u, 4u * k + 2u, 4u * k + 3u) < vec4<u32>(RANDOM_FEATURES);
}

fn row_maximum(u: u32, atom: u32) -> Maximum {
  var best = Maximum(-3.0e38, atom, 0u);
  for (var k = 0u; k < parameters.random4; k++) {
    let x = select(vec4<f32>(-3.0e38), features[u + k], used(k));
//:for c in 0..4
    if (x[${c}] > best.value) {
      best = Maximum(x[${c}], atom, 4u * k + ${c}u);
    }
//:end
  }
  return best;
}

fn half_square(x: u32) -> f32 {
  var sum = 0.0;
  for (var f = 0u; f < parameters.features4; f++) {
    let v = features[x + f];
    sum += dot(v, v);
  }
  return sum * HALF_INVERSE_SQRT_FEATURES;
}

@compute @workgroup_size(GROUP_THREADS)
fn value(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let count = indices[parameters.structures + 2u * group.x + 1u];
  var best = Maximum(-3.0e38, 0xffffffffu, 0u);
  for (var row = thread; row < 2u * count; row += GROUP_THREADS) {
    let role = row / count;
    let i = first + row % count;
    let maximum = row_maximum(parameters.u[role] + i * RANDOM4, i);
    let h = half_square(parameters.x[role] + i * FEATURES4);
    features[parameters.rows[role] + i] = vec4<f32>(f32(maximum.place), maximum.value, h, 0.0);
    if (role == KEYS && maximum.value > best.value) {
      best = maximum;
    }
  }
  maxima[thread] = best;
  workgroupBarrier();
  if (thread == 0u) {
    for (var t = 1u; t < min(GROUP_THREADS, 2u * count); t++) {
      let other = maxima[t];
      if (other.value > best.value || (other.value == best.value && other.atom < best.atom)) {
        best = other;
      }
    }
    winner = best;
    features[parameters.maxima + group.x] = vec4<f32>(f32(best.atom), f32(best.place), 0.0, 0.0);
  }
  workgroupBarrier();
  for (var row = thread; row < 2u * count; row += GROUP_THREADS) {
    let role = row / count;
    let i = first + row % count;
    let own = features[parameters.rows[role] + i];
    let maximum = select(own.y, winner.value, role == KEYS);
    for (var k = 0u; k < parameters.random4; k++) {
      // the maximum first: U − max cancels exactly where it is largest
      let u = features[parameters.u[role] + i * RANDOM4 + k];
      let phi = (exp((u - maximum) - own.z) + 1e-4) * INVERSE_SQRT_RANDOM;
      features[parameters.phi[role] + i * RANDOM4 + k] = select(vec4<f32>(0.0), phi, used(k));
    }
  }
}

fn subtract(u_adjoint: u32, place: u32, amount: f32) {
  let c = place % 4u;
  let mask = vec4<u32>(c) == vec4<u32>(0u, 1u, 2u, 3u);
  features[u_adjoint + place / 4u] -= select(vec4<f32>(0.0), vec4<f32>(amount), mask);
}

@compute @workgroup_size(GROUP_THREADS)
fn adjoint(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let count = indices[parameters.structures + 2u * group.x + 1u];
  var sum = 0.0;
  for (var row = thread; row < 2u * count; row += GROUP_THREADS) {
    let role = row / count;
    let i = first + row % count;
    let u_adjoint = parameters.u_adjoint[role] + i * RANDOM4;
    var t = 0.0;
    for (var k = 0u; k < parameters.random4; k++) {
      let at = i * RANDOM4 + k;
      let e = select(vec4<f32>(0.0), features[parameters.phi[role] + at] - 1e-4 * INVERSE_SQRT_RANDOM, used(k));
      let u = e * features[parameters.phi_adjoint[role] + at];
      features[u_adjoint + k] = u;
      t += dot(u, vec4<f32>(1.0));
    }
    for (var f = 0u; f < parameters.features4; f++) {
      let at = i * FEATURES4 + f;
      features[parameters.x_adjoint[role] + at] = (-2.0 * HALF_INVERSE_SQRT_FEATURES * t) * features[parameters.x[role] + at];
    }
    if (role == KEYS) {
      sum += t;
    } else {
      subtract(u_adjoint, u32(features[parameters.rows[role] + i].x), t);
    }
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    for (var t = 1u; t < min(GROUP_THREADS, 2u * count); t++) {
      sum += sums[t];
    }
    total = sum;
  }
  workgroupBarrier();
  let place = features[parameters.maxima + group.x];
  let atom = u32(place.x);
  if ((count + atom - first) % GROUP_THREADS == thread) {
    subtract(parameters.u_adjoint[KEYS] + atom * RANDOM4, u32(place.y), total);
  }
}
