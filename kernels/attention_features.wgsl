// Random features of the linear-scaling attention; one workgroup a structure, one thread a row at a time.
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
  xq: u32,
  xk: u32,
  uq: u32,
  uk: u32,
  q: u32, // φ of queries
  k: u32, // φ of keys
  rows: u32, // [atom] place of the query's maximum, h of the key
  maxima: u32, // [structure] atom and place of the key maximum
  q_adjoint: u32,
  k_adjoint: u32,
  uq_adjoint: u32,
  uk_adjoint: u32,
  xq_adjoint: u32,
  xk_adjoint: u32,
}

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
  for (var k = 0u; k < RANDOM4; k++) {
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
  for (var f = 0u; f < FEATURES4; f++) {
    let v = features[x + f];
    sum += dot(v, v);
  }
  return sum * HALF_INVERSE_SQRT_FEATURES;
}

fn write_features(u: u32, h: f32, maximum: f32, phi: u32) {
  for (var k = 0u; k < RANDOM4; k++) {
    // the maximum first: U − max cancels exactly where it is largest
    let value = (exp((features[u + k] - maximum) - h) + 1e-4) * INVERSE_SQRT_RANDOM;
    features[phi + k] = select(vec4<f32>(0.0), value, used(k));
  }
}

@compute @workgroup_size(GROUP_THREADS)
fn value(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let end = first + indices[parameters.structures + 2u * group.x + 1u];
  var best = Maximum(-3.0e38, 0xffffffffu, 0u);
  for (var i = first + thread; i < end; i += GROUP_THREADS) {
    let row = row_maximum(parameters.uq + i * RANDOM4, i);
    write_features(parameters.uq + i * RANDOM4, half_square(parameters.xq + i * FEATURES4), row.value, parameters.q + i * RANDOM4);
    features[parameters.rows + i] = vec4<f32>(f32(row.place), half_square(parameters.xk + i * FEATURES4), 0.0, 0.0);
    let key = row_maximum(parameters.uk + i * RANDOM4, i);
    if (key.value > best.value) {
      best = key;
    }
  }
  maxima[thread] = best;
  workgroupBarrier();
  if (thread == 0u) {
    for (var t = 1u; t < GROUP_THREADS; t++) {
      let other = maxima[t];
      if (other.value > best.value || (other.value == best.value && other.atom < best.atom)) {
        best = other;
      }
    }
    winner = best;
    features[parameters.maxima + group.x] = vec4<f32>(f32(best.atom), f32(best.place), 0.0, 0.0);
  }
  workgroupBarrier();
  let maximum = winner.value;
  for (var i = first + thread; i < end; i += GROUP_THREADS) {
    write_features(parameters.uk + i * RANDOM4, features[parameters.rows + i].y, maximum, parameters.k + i * RANDOM4);
  }
}

// Writes Ū without the maximum's share and −T X/√F; returns T.
fn row_adjoint(phi: u32, phi_adjoint: u32, u_adjoint: u32, x: u32, x_adjoint: u32) -> f32 {
  var sum = 0.0;
  for (var k = 0u; k < RANDOM4; k++) {
    let e = select(vec4<f32>(0.0), features[phi + k] - 1e-4 * INVERSE_SQRT_RANDOM, used(k));
    let u = e * features[phi_adjoint + k];
    features[u_adjoint + k] = u;
    sum += dot(u, vec4<f32>(1.0));
  }
  for (var f = 0u; f < FEATURES4; f++) {
    features[x_adjoint + f] = (-2.0 * HALF_INVERSE_SQRT_FEATURES * sum) * features[x + f];
  }
  return sum;
}

fn subtract(u_adjoint: u32, place: u32, amount: f32) {
  let c = place % 4u;
  let mask = vec4<u32>(c) == vec4<u32>(0u, 1u, 2u, 3u);
  features[u_adjoint + place / 4u] -= select(vec4<f32>(0.0), vec4<f32>(amount), mask);
}

@compute @workgroup_size(GROUP_THREADS)
fn adjoint(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = indices[parameters.structures + 2u * group.x];
  let end = first + indices[parameters.structures + 2u * group.x + 1u];
  var sum = 0.0;
  for (var i = first + thread; i < end; i += GROUP_THREADS) {
    let m = i * RANDOM4;
    let f = i * FEATURES4;
    let q = row_adjoint(parameters.q + m, parameters.q_adjoint + m, parameters.uq_adjoint + m, parameters.xq + f, parameters.xq_adjoint + f);
    subtract(parameters.uq_adjoint + m, u32(features[parameters.rows + i].x), q);
    sum += row_adjoint(parameters.k + m, parameters.k_adjoint + m, parameters.uk_adjoint + m, parameters.xk + f, parameters.xk_adjoint + f);
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    for (var t = 1u; t < GROUP_THREADS; t++) {
      sum += sums[t];
    }
    total = sum;
  }
  workgroupBarrier();
  let place = features[parameters.maxima + group.x];
  let atom = u32(place.x);
  if ((atom - first) % GROUP_THREADS == thread) {
    subtract(parameters.uk_adjoint + atom * RANDOM4, u32(place.y), total);
  }
}
