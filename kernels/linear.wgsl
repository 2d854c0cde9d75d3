// Rows of linear layers, forward and adjoint:  y = [a′(p) ∘] (W·[a](x) + b) [+ r₁] [+ r₂]
//   forward layer of a residual block   y = W·a(x) + b              (second layer: + the block's input as r₁)
//   its adjoint                         x̄ = a′(x) ∘ (Wᵀ·ȳ)          (first layer: + the block's output adjoint as r₁)
// One dispatch computes many layers that do not depend on each other: workgroup z is the job, x a block of rows, y a
// block of columns. W is packed [block][input][column], a block being LAYER_BLOCK vec4 columns, with inputs filled up with
// zeros to a multiple of F; Wᵀ is packed a second time, so that the same kernel serves both directions. Rows of x, y, p, r
// are [row][width], padded with zeros to whole vec4s; offsets count vec4s.
//
// A thread computes TILE_ROWS rows × TILE_COLUMNS vec4 columns in named registers; the inputs are activated once while
// they are staged in workgroup memory, and the loop over k stays rolled (see docs/performance.md).

struct Job {
  rows: u32,
  inputs: u32, // vec4s a row
  outputs: u32, // vec4s a row
  x: u32,
  y: u32,
  weight: u32,
  bias: u32, // this and all below: NONE where the layer has none
  activation: u32, // α of the input's activation, followed by β
  derivative: u32, // α of the output's activation, followed by β
  p: u32, // where the derivative is taken
  r1: u32,
  r2: u32,
}

struct Jobs {
  jobs: array<array<vec4<u32>, 3>, MAX_JOBS>,
}

@group(0) @binding(0) var<uniform> table: Jobs;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

var<workgroup> staged: array<vec4<f32>, WORKGROUP_ROWS * MAX_INPUTS>;

fn load_job(index: u32) -> Job {
  let a = table.jobs[index][0];
  let b = table.jobs[index][1];
  let c = table.jobs[index][2];
  return Job(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w, c.x, c.y, c.z, c.w);
}

fn finish(job: Job, row: u32, column: u32, sum: vec4<f32>) {
  if (row >= job.rows || column >= job.outputs) {
    return;
  }
  var y = sum;
  if (job.bias != NONE) {
    y += weights[job.bias + column];
  }
  let at = row * job.outputs + column;
  if (job.derivative != NONE) {
    let alpha = weights[job.derivative + column];
    let beta = weights[job.derivative + job.outputs + column];
    y *= activation_derivative(features[job.p + at], alpha, beta);
  }
  if (job.r1 != NONE) {
    y += features[job.r1 + at];
  }
  if (job.r2 != NONE) {
    y += features[job.r2 + at];
  }
  features[job.y + at] = y;
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS, 1)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let job = load_job(group.z);
  let first_row = group.x * WORKGROUP_ROWS;
  let first_column = group.y * (COLUMN_THREADS * TILE_COLUMNS);
  if (first_row >= job.rows || first_column >= job.outputs) {
    return;
  }

  let last_row = job.rows - 1u - first_row;
  for (var column = local.x; column < job.inputs; column += COLUMN_THREADS) {
    var alpha = vec4<f32>(0.0);
    var beta = vec4<f32>(0.0);
    if (job.activation != NONE) {
      alpha = weights[job.activation + column];
      beta = weights[job.activation + job.inputs + column];
    }
    for (var row = local.y; row < WORKGROUP_ROWS; row += ROW_THREADS) {
      var x = features[job.x + (first_row + min(row, last_row)) * job.inputs + column];
      if (job.activation != NONE) {
        x = activation(x, alpha, beta);
      }
      staged[row * MAX_INPUTS + column] = x;
    }
  }
  workgroupBarrier();

  let row = local.y * TILE_ROWS;
  let block = 4u * ((job.inputs + FEATURES4 - 1u) / FEATURES4 * FEATURES4) * LAYER_BLOCK;
//:for c in 0..TILE_COLUMNS
  let column${c} = first_column + ${c}u * COLUMN_THREADS + local.x;
  let packed${c} = min(column${c}, job.outputs - 1u);
  let weight${c} = job.weight + packed${c} / LAYER_BLOCK * block + packed${c} % LAYER_BLOCK;
//:end
//:for r in 0..TILE_ROWS
//:for c in 0..TILE_COLUMNS
  var sum${r}_${c} = vec4<f32>(0.0);
//:end
//:end
  for (var k = 0u; k < job.inputs; k++) {
    let w = 4u * k * LAYER_BLOCK;
//:for c in 0..TILE_COLUMNS
    let a${c} = weights[weight${c} + w];
    let b${c} = weights[weight${c} + w + LAYER_BLOCK];
    let c${c} = weights[weight${c} + w + 2u * LAYER_BLOCK];
    let d${c} = weights[weight${c} + w + 3u * LAYER_BLOCK];
//:end
//:for r in 0..TILE_ROWS
    let x${r} = staged[(row + ${r}u) * MAX_INPUTS + k];
//:for c in 0..TILE_COLUMNS
    sum${r}_${c} += fma(x${r}.xxxx, a${c}, fma(x${r}.yyyy, b${c}, fma(x${r}.zzzz, c${c}, x${r}.w * d${c})));
//:end
//:end
  }
//:for r in 0..TILE_ROWS
//:for c in 0..TILE_COLUMNS
  finish(job, first_row + row + ${r}u, column${c}, sum${r}_${c});
//:end
//:end
}
