// Electrostatics and D4 dispersion of each atom with all its long-range neighbours, value and derivatives; one workgroup
// an atom. With x = r/L and the cutoff forms of MODEL.md where there is a cutoff L:
//   electrostatics  e_i = ½ q_i V_i,  V_i = ke Σ_j q_j f(r),  f = s·damped + (1 − s)·coulomb,  s switching rc/4 → 3rc/4
//   dispersion      e_i = ½ ζ_i·D_i,  D_i = −Σ_j g(r) T_j[element of i],
//                   g = s6/(r⁶ + r0⁶) + s8 B²/(r⁸ + r0⁸), B = √3 sqrt_r4r2_i sqrt_r4r2_j, r0 = a1 B + a2   (atomic units)
// so that ∂E/∂q_i = V_i + D_i·∂ζ_i/∂q and ∂E/∂CN_i = D_i·∂ζ_i/∂CN. Forces and virial here hold charges and coordination
// numbers fixed; what flows through them follows in charges.wgsl and forces.wgsl.

struct Parameters {
  atoms: u32,
  atom_table: u32,
  list: u32,
  elements: u32,
  rows: u32, // of dispersion_weights, vec4s
  row: u32, // vec4s a row
  adjoints: u32, // out: [atom] (∂E/∂q, ∂E/∂CN, ·, ·)
}

const SUMS = 5u;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> results: array<vec4<f32>>;

// (f, df/dr) of the damped Coulomb interaction.
fn coulomb(r: f32) -> vec2<f32> {
  let s = switching(r, 0.25 * CUTOFF, 0.75 * CUTOFF);
  var plain = vec2<f32>(1.0 / r, -1.0 / (r * r));
  if (HAS_LONG_RANGE_CUTOFF) {
    let rest = LONG_RANGE_CUTOFF - r;
    // 1/r + r/L² − 2/L without cancellation
    plain = vec2<f32>(rest * rest / (r * LONG_RANGE_CUTOFF * LONG_RANGE_CUTOFF), 1.0 / (LONG_RANGE_CUTOFF * LONG_RANGE_CUTOFF) - 1.0 / (r * r));
  }
  if (s.x == 0.0) {
    return plain;
  }
  let root = inverseSqrt(r * r + 1.0);
  var damped = vec2<f32>(root, -r * root * root * root);
  if (HAS_LONG_RANGE_CUTOFF) {
    damped += vec2<f32>(r * DAMPED_TILT - DAMPED_SHIFT, DAMPED_TILT);
  }
  return vec2<f32>(
    s.x * damped.x + (1.0 - s.x) * plain.x,
    s.y * (damped.x - plain.x) + s.x * damped.y + (1.0 - s.x) * plain.y,
  );
}

// (1/(rⁿ + r0ⁿ), its derivative), shifted and tilted to reach 0 at the cutoff; powers are given as rⁿ⁻¹ and r0ⁿ.
fn damped_power(r: f32, power: f32, r0n: f32, n: f32, cutoff_power: f32) -> vec2<f32> {
  let v = 1.0 / (power * r + r0n);
  let slope = -n * (power * v) * v;
  if (!HAS_LONG_RANGE_CUTOFF) {
    return vec2<f32>(v, slope);
  }
  let cutoff = LONG_RANGE_CUTOFF / BOHR;
  let at = 1.0 / (cutoff_power * cutoff + r0n);
  let at_slope = -n * (cutoff_power * at) * at;
  return vec2<f32>(v - at - at_slope * (r - cutoff), slope - at_slope);
}

// (g, dg/dr), atomic units.
fn dispersion(r: f32, b: f32) -> vec2<f32> {
  let r0 = D4_A1 * b + D4_A2;
  let r0_2 = r0 * r0;
  let r0_6 = r0_2 * r0_2 * r0_2;
  let r2 = r * r;
  let r5 = r2 * r2 * r;
  let cutoff = LONG_RANGE_CUTOFF / BOHR;
  let c5 = cutoff * cutoff * cutoff * cutoff * cutoff;
  return D4_S6 * damped_power(r, r5, r0_6, 6.0, c5)
    + (D4_S8 * b * b) * damped_power(r, r5 * r2, r0_6 * r0_2, 8.0, c5 * cutoff * cutoff);
}

@compute @workgroup_size(ATOM_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = group.x;
  let n = parameters.atoms;
  let element = indices[parameters.atom_table + 4u * i + 1u];
  let radius = elements[parameters.elements + element * ELEMENT_STRIDE + 1u].z;
  let own = parameters.rows + i * parameters.row;
  var zeta0 = vec4<f32>(0.0);
  var zeta1 = vec4<f32>(0.0);
  if (DISPERSION) {
    zeta0 = features[own];
    zeta1 = features[own + 1u];
  }
  let charge = results[n + i].w;
  let neighbours = long_range_neighbours(parameters.atom_table, i);
  let position = split_position(2u * i);

  var potential = 0.0;
  var d0 = vec4<f32>(0.0);
  var d1 = vec4<f32>(0.0);
  var force = vec3<f32>(0.0);
  var diagonal = vec3<f32>(0.0); // of Σ vector ⊗ gradient
  var off_diagonal = vec3<f32>(0.0); // xy, xz, yz
  for (var k = neighbours.begin + thread; k < neighbours.end; k += ATOM_THREADS) {
    let pair = long_range_pair(position, neighbours, parameters.list, k);
    let j = pair.atom;
    let r = pair.r;
    if (neighbours.direct && j == i) {
      continue;
    }
    if (HAS_LONG_RANGE_CUTOFF && r >= LONG_RANGE_CUTOFF) {
      continue;
    }
    var slope = 0.0;
    if (ELECTROSTATICS) {
      let f = (COULOMB * results[n + j].w) * coulomb(r);
      potential += f.x;
      slope += charge * f.y;
    }
    if (DISPERSION) {
      let other = indices[parameters.atom_table + 4u * j + 1u];
      let g = dispersion(r / BOHR, SQRT3 * radius * elements[parameters.elements + other * ELEMENT_STRIDE + 1u].z) * vec2<f32>(HARTREE, HARTREE / BOHR);
      let t = parameters.rows + j * parameters.row + 6u + 2u * element;
      let t0 = features[t];
      let t1 = features[t + 1u];
      d0 -= g.x * t0;
      d1 -= g.x * t1;
      slope -= g.y * (dot(zeta0, t0) + dot(zeta1, t1));
    }
    let gradient = (slope / r) * pair.vector;
    force += gradient;
    diagonal += pair.vector * gradient;
    off_diagonal += pair.vector.xxy * gradient.yzz;
  }

  leave_part(thread, 0u, vec4<f32>(force, potential));
  leave_part(thread, 1u, vec4<f32>(diagonal, off_diagonal.x));
  leave_part(thread, 2u, vec4<f32>(off_diagonal.yz, 0.0, 0.0));
  leave_part(thread, 3u, d0);
  leave_part(thread, 4u, d1);
  add_parts(thread);
  if (thread != 0u) {
    return;
  }
  potential = sums[0].w;
  d0 = sums[3];
  d1 = sums[4];
  var adjoints = vec4<f32>(potential, 0.0, 0.0, 0.0);
  var dispersion_energy = 0.0;
  if (DISPERSION) {
    adjoints += vec4<f32>(
      dot(d0, features[own + 4u]) + dot(d1, features[own + 5u]),
      dot(d0, features[own + 2u]) + dot(d1, features[own + 3u]),
      0.0,
      0.0,
    );
    dispersion_energy = 0.5 * (dot(zeta0, d0) + dot(zeta1, d1));
  }
  features[parameters.adjoints + i] = adjoints;
  // the rest of q: what its rounding to float32 left, to first order in the energy
  let electrostatic_energy = (0.5 * charge + results[2u * n + i].z) * potential;
  results[i] += vec4<f32>(0.0, 0.0, electrostatic_energy, dispersion_energy);
  results[n + i] += vec4<f32>(sums[0].xyz, 0.0);
  results[3u * n + i] = -0.5 * sums[1];
  results[4u * n + i] = -0.5 * sums[2];
}
