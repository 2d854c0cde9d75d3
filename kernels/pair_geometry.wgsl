// Everything of a pair that depends on its vector alone: unit vector, distance, radial basis with its derivative,
// nuclear repulsion. One thread a pair.
//   geometry[u] = (p, r)           p = unit vector first → second, r in Å
//   gradient[u] = (∂E/∂vector, E)  starts with the ZBL repulsion (eV/Å, eV); pair_adjoint adds the network's part
//   basis[u][K] = f_k(r)·fc(r), basis[U + u][K] its derivative; all 0 for r ≥ cutoff
// The basis functions times the cutoff function, and r times the repulsion (which has no pole), are polynomials
//   c₀ + δ(c₁ + δ(c₂ + δ(c₃ + δ(c₄ + δ c₅))))
// on short intervals, tabulated in float64 from the model's own formulas (src/engine/radial_tables.ts): every kind of
// radial basis costs the same here, and none depends on how well a driver computes exp.

struct Parameters {
  pairs: u32,
  first: u32, // in indices
  second: u32,
  image: u32, // where in positions the pair's image offset stands
  atoms: u32, // atom table in indices: structure, element, …
  element_count: u32,
  repulsion: u32, // vec4s in elements: [element][element][interval][8]
  geometry: u32, // vec4s in pairs
  gradient: u32,
  basis: u32,
  table: u32, // vec4s in weights: [interval][6][K]
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let u = id.x;
  if (u >= parameters.pairs) {
    return;
  }
  let i = indices[parameters.first + u];
  let j = indices[parameters.second + u];
  let vector = split_pair_vector(i, j, indices[parameters.image + u]);
  let distance = distance_of(vector.h, vector.l);
  let r = distance.r;
  let unit = (vector.h + vector.l) / r;
  pairs[parameters.geometry + u] = vec4<f32>(unit, r);
  let values = parameters.basis + u * BASIS4;
  let slopes = parameters.basis + (parameters.pairs + u) * BASIS4;
  if (r >= CUTOFF) {
    for (var k = 0u; k < BASIS4; k++) {
      pairs[values + k] = vec4<f32>(0.0);
      pairs[slopes + k] = vec4<f32>(0.0);
    }
    pairs[parameters.gradient + u] = vec4<f32>(0.0);
    return;
  }

  let delta = distance.delta;
  for (var k = 0u; k < BASIS4; k++) {
    let c = parameters.table + distance.interval * 6u * BASIS4 + k;
    let c1 = weights[c + BASIS4];
    let c2 = weights[c + 2u * BASIS4];
    let c3 = weights[c + 3u * BASIS4];
    let c4 = weights[c + 4u * BASIS4];
    let c5 = weights[c + 5u * BASIS4];
    pairs[values + k] = weights[c] + delta * (c1 + delta * (c2 + delta * (c3 + delta * (c4 + delta * c5))));
    pairs[slopes + k] = c1 + delta * (2.0 * c2 + delta * (3.0 * c3 + delta * (4.0 * c4 + delta * (5.0 * c5))));
  }

  var gradient = vec4<f32>(0.0);
  if (REPULSION) {
    let a = indices[parameters.atoms + 4u * i + 1u];
    let b = indices[parameters.atoms + 4u * j + 1u];
    let row = parameters.repulsion + 2u * ((a * parameters.element_count + b) * INTERVALS + distance.interval);
    let c = elements[row];
    let d = elements[row + 1u];
    let y = c.x + delta * (c.y + delta * (c.z + delta * (c.w + delta * (d.x + delta * d.y))));
    let slope = c.y + delta * (2.0 * c.z + delta * (3.0 * c.w + delta * (4.0 * d.x + delta * (5.0 * d.y))));
    // E = y/r
    let energy = y / r;
    gradient = vec4<f32>(((slope - energy) / r) * unit, energy);
  }
  pairs[parameters.gradient + u] = gradient;
}
