// Forces and virial of each atom; adds to what long_range.wgsl left. One thread an atom.
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

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

fn pair_data(i: u32) -> vec4<f32> {
  return elements[parameters.elements + indices[parameters.atom_table + 4u * i + 1u] * ELEMENT_STRIDE];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  let n = parameters.atoms;
  if (i >= n) {
    return;
  }
  var force = vec3<f32>(0.0);
  var diagonal = vec3<f32>(0.0);
  var off_diagonal = vec3<f32>(0.0);
  var repulsion = 0.0;
  var own = vec4<f32>(0.0);
  var own_adjoint = 0.0;
  if (DISPERSION) {
    own = pair_data(i);
    own_adjoint = features[parameters.adjoints + i].y;
  }
  let end = indices[parameters.start + i + 1u];
  for (var k = indices[parameters.start + i]; k < end; k++) {
    let entry = bitcast<i32>(indices[parameters.entry + k]);
    let u = u32(max(entry, ~entry));
    let geometry = pairs[parameters.geometry + u];
    let vector = geometry.w * geometry.xyz;
    var gradient = pairs[parameters.gradient + u];
    repulsion += gradient.w;
    if (DISPERSION) {
      let j = indices[select(parameters.first, parameters.second, entry >= 0) + u];
      let other = pair_data(j);
      if (counts_near(own, other)) {
        let slope = coordination(geometry.w / BOHR, own, other).y / BOHR;
        gradient += ((own_adjoint + features[parameters.adjoints + j].y) * slope) * vec4<f32>(geometry.xyz, 0.0);
      }
    }
    force += select(-gradient.xyz, gradient.xyz, entry >= 0);
    diagonal += vector * gradient.xyz;
    // the virial is symmetric but for rounding: its symmetric part
    off_diagonal += 0.5 * (vector.xxy * gradient.yzz + vector.yzz * gradient.xxy);
  }
  for (var m = 0u; m < MODULES; m++) {
    let shares = parameters.shares + 3u * FEATURES4 * (m * n + i);
    for (var f = 0u; f < 3u * FEATURES4; f += 3u) {
      let virial = features[shares + f + 1u];
      force += features[shares + f].xyz;
      diagonal += 2.0 * virial.xyz;
      off_diagonal += 2.0 * vec3<f32>(virial.w, features[shares + f + 2u].xy);
    }
  }
  if (DISPERSION && parameters.far != 0u) {
    let neighbours = long_range_neighbours(parameters.atom_table, i);
    let position = split_position(2u * i);
    for (var k = neighbours.begin; k < neighbours.end; k++) {
      let pair = long_range_pair(position, neighbours, parameters.list, k);
      let other = pair_data(pair.atom);
      if ((neighbours.direct && pair.atom == i) || counts_near(own, other)) {
        continue;
      }
      let slope = coordination(pair.r / BOHR, own, other).y / BOHR;
      let gradient = ((own_adjoint + features[parameters.adjoints + pair.atom].y) * slope / pair.r) * pair.vector;
      force += gradient;
      diagonal += pair.vector * gradient;
      off_diagonal += pair.vector.xxy * gradient.yzz;
    }
  }
  results[i] += vec4<f32>(0.0, 0.5 * repulsion, 0.0, 0.0);
  results[n + i] += vec4<f32>(force, 0.0);
  results[3u * n + i] -= 0.5 * vec4<f32>(diagonal, off_diagonal.x);
  results[4u * n + i] -= 0.5 * vec4<f32>(off_diagonal.yz, 0.0, 0.0);
}
