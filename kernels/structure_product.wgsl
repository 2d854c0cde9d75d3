// Rows times a matrix of their structure; one thread up to PRODUCT_ATOMS atoms of one structure and four outputs, y of the
// grid = job:
//   NORMALISED   y_i = x_i·M_s / (x_i·v_s + 1e-8), the denominator kept in w_i     attention's output n from φ(queries)
//   PLAIN        y_i = x_i·M_s                                                     adjoint of the values
//   EXTENDED     y_i = x_i·M_sᵀ + w_i v_s  (w = 1 where there is none)             adjoints of φ(queries), φ(keys)
// x: [atom][inputs], M: [structure][inputs][outputs] (EXTENDED: [outputs][inputs]), v: [structure][inputs or outputs],
// w: [atom] (x of a vec4).

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
  tiles: vec4<u32>, // number of tiles, where they stand in indices: [tile] structure, first atom, number of atoms
  jobs: array<array<vec4<u32>, 2>, MAX_PRODUCTS>,
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
  let tile = id.x / job.outputs;
  let column = id.x % job.outputs;
  if (tile >= parameters.tiles.x) {
    return;
  }
  let structure = indices[parameters.tiles.y + 3u * tile];
  let first = indices[parameters.tiles.y + 3u * tile + 1u];
  let count = indices[parameters.tiles.y + 3u * tile + 2u];
  let transposed = job.mode == EXTENDED;
  let matrix = job.matrix + structure * 4u * job.inputs * job.outputs + select(column, 4u * column * job.inputs, transposed);
  let stride = select(job.outputs, job.inputs, transposed); // between the four rows of a block
  let step = select(4u * job.outputs, 1u, transposed); // between blocks
//:for r in 0..PRODUCT_ATOMS
  let atom${r} = first + min(${r}u, count - 1u);
  var y${r} = vec4<f32>(0.0);
  var denominator${r} = 1e-8;
//:end
  for (var k = 0u; k < job.inputs; k++) {
    let at = matrix + k * step;
    var m = mat4x4<f32>(features[at], features[at + stride], features[at + 2u * stride], features[at + 3u * stride]);
    if (transposed) {
      m = transpose(m);
    }
    var v = vec4<f32>(0.0);
    if (job.mode == NORMALISED) {
      v = features[job.vector + structure * job.inputs + k];
    }
//:for r in 0..PRODUCT_ATOMS
    let x${r} = features[job.x + atom${r} * job.inputs + k];
    y${r} += m * x${r};
    denominator${r} += dot(x${r}, v);
//:end
  }
  var v = vec4<f32>(0.0);
  if (job.mode == EXTENDED) {
    v = features[job.vector + structure * job.outputs + column];
  }
//:for r in 0..PRODUCT_ATOMS
  if (${r}u < count) {
    if (job.mode == NORMALISED) {
      y${r} /= denominator${r};
      if (column == 0u) {
        features[job.w + atom${r}] = vec4<f32>(denominator${r}, 0.0, 0.0, 0.0);
      }
    }
    if (job.mode == EXTENDED) {
      var w = 1.0;
      if (job.w != NONE) {
        w = features[job.w + atom${r}].x;
      }
      y${r} += w * v;
    }
    features[job.y + atom${r} * job.outputs + column] = y${r};
  }
//:end
}
