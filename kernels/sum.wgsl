// Adjoint of one input read by several blocks: y = Σ_b x_b, each [rows][width], one after the other; one thread a vec4.

struct Parameters {
  count: u32, // vec4s of one array
  terms: u32,
  x: u32,
  y: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= parameters.count) {
    return;
  }
  var sum = vec4<f32>(0.0);
  for (var b = 0u; b < parameters.terms; b++) {
    sum += features[parameters.x + b * parameters.count + id.x];
  }
  features[parameters.y + id.x] = sum;
}
