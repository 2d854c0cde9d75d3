// Adjoint of attention's quotient n = a/b (a numerator [atom][F], b denominator [atom]); one thread an atom:
//   ā = n̄/b       b̄ = −(n̄·n)/b
// The value stands in structure_product.wgsl (NORMALISED).

struct Parameters {
  atoms: u32,
  n: u32,
  denominator: u32,
  n_adjoint: u32,
  numerator_adjoint: u32,
  denominator_adjoint: u32,
  features4: u32, // FEATURES4: a loop to a constant bound would be unrolled, and take long to compile
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= parameters.atoms) {
    return;
  }
  let inverse = 1.0 / features[parameters.denominator + i].x;
  var product = 0.0;
  for (var f = 0u; f < parameters.features4; f++) {
    let n_adjoint = features[parameters.n_adjoint + i * FEATURES4 + f];
    product += dot(n_adjoint, features[parameters.n + i * FEATURES4 + f]);
    features[parameters.numerator_adjoint + i * FEATURES4 + f] = n_adjoint * inverse;
  }
  features[parameters.denominator_adjoint + i] = vec4<f32>(-product * inverse, 0.0, 0.0, 0.0);
}
