// Learned activations a(x) of rows [row][F] and their derivatives a′(x), for linear_rows.wgsl; y of the grid = job. One
// thread computes one vec4 column of ACTIVATION_ROWS rows.

struct Job {
  rows: u32,
  x: u32,
  activation: u32, // α, followed by β
  value: u32,
  slope: u32,
}

struct Jobs {
  jobs: array<array<vec4<u32>, 2>, MAX_JOBS>,
}

@group(0) @binding(0) var<uniform> table: Jobs;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = table.jobs[id.y][0];
  let job = Job(a.x, a.y, a.z, a.w, table.jobs[id.y][1].x);
  let first_row = id.x / FEATURES4 * ACTIVATION_ROWS;
  let column = id.x % FEATURES4;
  if (first_row >= job.rows) {
    return;
  }
  let alpha = weights[job.activation + column];
  let beta = weights[job.activation + FEATURES4 + column];
  let end = min(first_row + ACTIVATION_ROWS, job.rows);
  for (var row = first_row; row < end; row++) {
    let at = row * FEATURES4 + column;
    let x = features[job.x + at];
    features[job.value + at] = activation(x, alpha, beta);
    features[job.slope + at] = activation_derivative(x, alpha, beta);
  }
}
