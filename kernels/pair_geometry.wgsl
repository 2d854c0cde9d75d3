// What depends on a pair's vector alone: unit vector, distance and its place in the tables, nuclear repulsion. One thread a
// pair.
//   geometry[u] = (p, r)           p = unit vector first → second, r in Å
//   place[u] = (δ, interval)       where r lies in the tables of radial_maps.wgsl
//   gradient[u] = (∂E/∂vector, E)  of the ZBL repulsion (eV/Å, eV)
// r times the repulsion, which has no pole, is tabulated as a polynomial in δ like the radial maps.

struct Parameters {
  pairs: u32,
  first: u32, // in indices
  second: u32,
  image: u32, // where in positions the pair's image offset stands
  atoms: u32, // atom table in indices: structure, element, …
  element_count: u32,
  repulsion: u32, // vec4s in elements: [element][element][interval][8]
  geometry: u32, // vec4s in pairs
  place: u32,
  gradient: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
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
  let image = split_position(indices[parameters.image + u]);
  let vector = split_pair_vector(split_position(2u * i), split_position(2u * j), image);
  let distance = distance_of(vector.h, vector.l);
  let r = distance.r;
  let unit = (vector.h + vector.l) / r;
  pairs[parameters.geometry + u] = vec4<f32>(unit, r);
  pairs[parameters.place + u] = vec4<f32>(distance.delta, f32(distance.interval), 0.0, 0.0);

  var gradient = vec4<f32>(0.0);
  if (REPULSION && r < CUTOFF) {
    let delta = distance.delta;
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
