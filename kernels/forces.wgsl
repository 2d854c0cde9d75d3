// Forces and virial of each atom; adds to what long_range.wgsl left. One workgroup an atom.
//   F_i += Σ ∂E/∂vector over the vectors that start at i, W_i −= ½ Σ vector ⊗ ∂E/∂vector
// of the network, whose parts pair_adjoint.wgsl left, of the repulsion, with e_rep = ½ Σ_u E_u, and, through the
// coordination numbers, of every pair: (C̄N_i + C̄N_j) count′(r).

struct Parameters {
  atoms: u32,
  atom_table: u32,
  list: u32,
  elements: u32,
  start: u32,
  entry: u32,
  first: u32,
  second: u32,
  geometry: u32,
  gradient: u32, // of the repulsion
  adjoints: u32,
  far: u32, // whether there are elements whose coordination numbers reach beyond the network's cutoff
  shares: u32, // [module][atom][F/4][3] of pair_adjoint, the virial of each pair once
}

const SUMS = 3u;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

fn pair_data(i: u32) -> vec4<f32> {
  return elements[parameters.elements + indices[parameters.atom_table + 4u * i + 1u] * ELEMENT_STRIDE];
}

@compute @workgroup_size(ATOM_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = group.x;
  let n = parameters.atoms;
  var force = vec3<f32>(0.0);
  var diagonal = vec3<f32>(0.0);
  var off_diagonal = vec3<f32>(0.0);
  var repulsion = 0.0;
  var own = vec4<f32>(0.0);
  var own_adjoint = 0.0;
  var far = 0u;
  let near = indices[parameters.start + i + 1u];
  let neighbours = long_range_neighbours(parameters.atom_table, i);
  let position = split_position(2u * i);
  if (DISPERSION) {
    own = pair_data(i);
    own_adjoint = features[parameters.adjoints + i].y;
    far = select(0u, neighbours.end - neighbours.begin, parameters.far != 0u);
  }
  // the network's pairs, then those of dispersion; vectors start at i
  for (var n = indices[parameters.start + i] + thread; n < near + far; n += ATOM_THREADS) {
    var j = i;
    var r = 0.0;
    var unit = vec3<f32>(0.0);
    var gradient = vec3<f32>(0.0);
    if (n < near) {
      let entry = bitcast<i32>(indices[parameters.entry + n]);
      let u = u32(max(entry, ~entry));
      let geometry = pairs[parameters.geometry + u];
      let of_repulsion = pairs[parameters.gradient + u];
      let sign = select(-1.0, 1.0, entry >= 0);
      j = indices[select(parameters.first, parameters.second, entry >= 0) + u];
      r = geometry.w;
      unit = sign * geometry.xyz;
      gradient = sign * of_repulsion.xyz;
      repulsion += of_repulsion.w;
    } else {
      let pair = long_range_pair(position, neighbours, parameters.list, neighbours.begin + n - near);
      j = pair.atom;
      r = pair.r;
      unit = select(vec3<f32>(0.0), pair.vector / pair.r, pair.r > 0.0);
    }
    if (DISPERSION && r > 0.0) {
      let other = pair_data(j);
      if (counts_near(own, other) == (n < near)) {
        gradient += ((own_adjoint + features[parameters.adjoints + j].y) * coordination(r / BOHR, own, other).y / BOHR) * unit;
      }
    }
    force += gradient;
    let vector = r * unit;
    diagonal += vector * gradient;
    // the virial is symmetric but for rounding: its symmetric part
    off_diagonal += 0.5 * (vector.xxy * gradient.yzz + vector.yzz * gradient.xxy);
  }
  for (var part = thread; part < MODULES * FEATURES4; part += ATOM_THREADS) {
    let share = parameters.shares + 3u * ((part / FEATURES4 * n + i) * FEATURES4 + part % FEATURES4);
    let virial = features[share + 1u];
    force += features[share].xyz;
    diagonal += 2.0 * virial.xyz;
    off_diagonal += 2.0 * vec3<f32>(virial.w, features[share + 2u].xy);
  }
  leave_part(thread, 0u, vec4<f32>(force, repulsion));
  leave_part(thread, 1u, vec4<f32>(diagonal, off_diagonal.x));
  leave_part(thread, 2u, vec4<f32>(off_diagonal.yz, 0.0, 0.0));
  add_parts(thread);
  if (thread == 0u) {
    results[i] += vec4<f32>(0.0, 0.5 * sums[0].w, 0.0, 0.0);
    results[n + i] += vec4<f32>(sums[0].xyz, 0.0);
    results[3u * n + i] -= 0.5 * sums[1];
    results[4u * n + i] -= 0.5 * sums[2];
  }
}
