// What D4 needs of each atom, one workgroup an atom; a, b run over the 7 (padded 8) reference systems:
//   CN_i = Σ_j count(r_ij)
//   W_a = Σ_k mask exp(−6 w (CN − cn)²), normalised over a (fixgweights where the sum is ≤ 1e-8)
//   ζ_a = W_a exp(3(1 − exp(2 gam (1 − qref/qmod)))), qmod = zeff + q_i   (e³ where qmod ≤ 1e-8)
//   T_e,b = Σ_a ζ_a C6ref[element of i, a; e, b] for every element e present, so that a pair costs 7 products
// Row of an atom: ζ [8], ∂ζ/∂CN [8], ∂ζ/∂q [8], T [elements][8]. Also the results α = Σ ζ α₀ (Å³) and C6_ii (eV Å⁶).

struct Parameters {
  atoms: u32,
  atom_table: u32,
  list: u32, // long-range neighbours in indices
  start: u32, // entries of the network's pairs
  entry: u32,
  first: u32,
  second: u32,
  geometry: u32, // vec4s in pairs
  far: u32, // whether there are elements that count beyond the network's cutoff
  elements: u32, // vec4s
  element_count: u32,
  c6: u32, // scalars in elements: C6ref [element][element][7][8], atomic units
  rows: u32, // scalars in features
  row: u32, // scalars a row
}

const SUMS = 1u;
const REFERENCES = 7u;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<f32>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<f32>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

fn pair_data(e: u32) -> vec4<f32> {
  let at = 4u * (parameters.elements + e * ELEMENT_STRIDE);
  return vec4<f32>(elements[at], elements[at + 1u], elements[at + 2u], elements[at + 3u]);
}

var<workgroup> zeta: array<f32, 8>; // W before they are normalised, then ζ
var<workgroup> slopes: array<f32, 8>; // ∂W/∂CN
var<workgroup> c6: array<f32, 8>;

@compute @workgroup_size(ATOM_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = group.x;
  let element = indices[parameters.atom_table + 4u * i + 1u];
  let own = pair_data(element);
  let near = indices[parameters.start + i + 1u];
  let neighbours = long_range_neighbours(parameters.atom_table, i);
  let far = select(0u, neighbours.end - neighbours.begin, parameters.far != 0u);
  let position = split_position(2u * i);
  var part = 0.0;
  // the network's pairs, then those of dispersion
  for (var n = indices[parameters.start + i] + thread; n < near + far; n += ATOM_THREADS) {
    var j = i;
    var r = 0.0;
    if (n < near) {
      let entry = bitcast<i32>(indices[parameters.entry + n]);
      let u = u32(max(entry, ~entry));
      j = indices[select(parameters.first, parameters.second, entry >= 0) + u];
      r = pairs[parameters.geometry + u].w;
    } else {
      let pair = long_range_pair(position, neighbours, parameters.list, neighbours.begin + n - near);
      j = pair.atom;
      r = pair.r;
    }
    let other = pair_data(indices[parameters.atom_table + 4u * j + 1u]);
    if (r > 0.0 && counts_near(own, other) == (n < near)) {
      part += coordination(r / BOHR, own, other).x;
    }
  }
  leave_part(thread, 0u, vec4<f32>(part));
  add_parts(thread);
  let cn = sums[0].x;

  let table = 4u * (parameters.elements + element * ELEMENT_STRIDE);
  for (var a = thread; a < 8u; a += ATOM_THREADS) {
    var weight = 0.0;
    var slope = 0.0;
    if (a < REFERENCES) {
      for (var k = 0u; k < 3u; k++) {
        let at = table + ELEMENT_GAUSSIANS + 4u * (3u * a + k);
        let distance = cn - elements[at + 2u];
        let gaussian = elements[at] * exp(-6.0 * elements[at + 1u] * distance * distance);
        weight += gaussian;
        slope -= 12.0 * elements[at + 1u] * distance * gaussian;
      }
    }
    zeta[a] = weight;
    slopes[a] = slope;
  }
  workgroupBarrier();
  var norm = 0.0;
  var norm_slope = 0.0;
  for (var a = 0u; a < REFERENCES; a++) {
    norm += zeta[a];
    norm_slope += slopes[a];
  }
  workgroupBarrier();

  let row = parameters.rows + i * parameters.row;
  let zeff = elements[table + 4u];
  let gam = elements[table + 5u];
  let qmod = zeff + results[parameters.atoms + i].w;
  for (var a = thread; a < 8u; a += ATOM_THREADS) {
    var weight = 0.0;
    var slope = 0.0;
    var scale = 20.085537; // e³
    var scale_slope = 0.0;
    if (a < REFERENCES) {
      weight = elements[table + ELEMENT_FIXED_WEIGHTS + a];
      if (norm > 1e-8) {
        weight = zeta[a] / norm;
        slope = (slopes[a] - weight * norm_slope) / norm;
      }
      if (qmod > 1e-8) {
        let qref = elements[table + ELEMENT_REFERENCE_CHARGES + a];
        // above 30 the outer exponential is 0 in float32, and so is the slope
        let inner = exp(min(2.0 * gam * (1.0 - qref / qmod), 30.0));
        scale = exp(3.0 * (1.0 - inner));
        scale_slope = -6.0 * gam * inner * scale * qref / (qmod * qmod);
      }
    }
    zeta[a] = weight * scale;
    features[row + a] = weight * scale;
    features[row + 8u + a] = slope * scale;
    features[row + 16u + a] = weight * scale_slope;
  }
  workgroupBarrier();

  for (var output = thread; output < 8u * parameters.element_count; output += ATOM_THREADS) {
    let e = output / 8u;
    let b = output % 8u;
    let column = parameters.c6 + (element * parameters.element_count + e) * 56u + b;
    var sum = 0.0;
    for (var a = 0u; a < REFERENCES; a++) {
      sum += zeta[a] * elements[column + 8u * a];
    }
    features[row + 24u + output] = sum;
    if (e == element) {
      c6[b] = sum * zeta[b];
    }
  }
  workgroupBarrier();
  if (thread == 0u) {
    var polarizability = 0.0;
    var own_c6 = 0.0;
    for (var a = 0u; a < REFERENCES; a++) {
      polarizability += zeta[a] * elements[table + ELEMENT_POLARIZABILITIES + a];
      own_c6 += c6[a];
    }
    results[2u * parameters.atoms + i] += vec4<f32>(polarizability, own_c6 * (HARTREE * BOHR6), 0.0, 0.0);
  }
}
