// Rows times a matrix of their structure; one thread an (atom, four outputs), y of the grid = job:
//   NORMALISED   y_i = x_i·M_s / (x_i·v_s + 1e-8), the denominator kept in w_i     attention's output n from φ(queries)
//   PLAIN        y_i = x_i·M_s                                                     adjoint of the values
//   EXTENDED     y_i = x_i·M_s + w_i v_s  (w = 1 where there is none)              adjoints of φ(queries), φ(keys)
// x: [atom][inputs], M: [structure][inputs][outputs], v: [structure][inputs or outputs], w: [atom] (x of a vec4).

struct Job {
  mode: u32,
  inputs: u32, // vec4s
  outputs: u32,
  x: u32,
  matrix: u32,
  vector: u32,
  w: u32,
  y: u32,
}

struct Parameters {
  atoms: vec4<u32>, // number of atoms, atom table in indices
  jobs: array<array<vec4<u32>, 2>, 2>,
}

const PLAIN = 0u;
const NORMALISED = 1u;
const EXTENDED = 2u;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = parameters.jobs[id.y][0];
  let b = parameters.jobs[id.y][1];
  let job = Job(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
  let i = id.x / job.outputs;
  let column = id.x % job.outputs;
  if (i >= parameters.atoms.x) {
    return;
  }
  let structure = indices[parameters.atoms.y + 4u * i];
  let matrix = job.matrix + structure * 4u * job.inputs * job.outputs + column;
  var y = vec4<f32>(0.0);
  var denominator = 1e-8;
  for (var k = 0u; k < job.inputs; k++) {
    let x = features[job.x + i * job.inputs + k];
    let row = matrix + 4u * k * job.outputs;
    y += x.x * features[row] + x.y * features[row + job.outputs]
      + x.z * features[row + 2u * job.outputs] + x.w * features[row + 3u * job.outputs];
    if (job.mode == NORMALISED) {
      denominator += dot(x, features[job.vector + structure * job.inputs + k]);
    }
  }
  if (job.mode == NORMALISED) {
    y /= denominator;
    if (column == 0u) {
      features[job.w + i] = vec4<f32>(denominator, 0.0, 0.0, 0.0);
    }
  }
  if (job.mode == EXTENDED) {
    var w = 1.0;
    if (job.w != NONE) {
      w = features[job.w + i].x;
    }
    y += w * features[job.vector + structure * job.outputs + column];
  }
  features[job.y + i * job.outputs + column] = y;
}
