// Rows of linear layers for a driver that runs kernels on the processor:
//   plain       y = (W·x + b) [∘ s] [+ r₁] [+ r₂]
//   activated   y = W·x + b [+ r₁] [+ r₂], and a(y), a′(y) of the layer that reads y next
// In a residual block's forward layers x is an activation's value, from the layer before or from activations.wgsl; in their
// adjoints W is transposed, and s the derivative.
// One thread computes LAYER_BLOCK vec4 columns of one row, of F inputs; x of the grid = rows, y = job: one block of a layer's
// columns. Rows of x are x_stride apart, those of y and of all that goes with it are stride apart; offsets count vec4s.
//
// On Mesa's software driver eight threads are one SIMD group, and reading or writing a vec4 of a buffer takes as long as
// some hundred multiplications, for it is done thread by thread. Workgroup memory at a constant address however is an
// operand of the multiplication, at no cost, if nothing around it branches. So a block of W is staged there, k is unrolled,
// and conditions come when the sums are complete (see docs/performance.md).

struct Job {
  rows: u32,
  x: u32,
  x_stride: u32,
  inputs: u32, // at most F; beyond, W is zero, and x whatever stands there
  y: u32, // NONE where only its activation is read
  stride: u32,
  columns: u32, // at most LAYER_BLOCK: those that are written
  weight: u32,
  bias: u32, // this and all below: NONE where there is none
  sum: u32, // of earlier terms, where a layer has more than F inputs
  scale: u32,
  r1: u32,
  r2: u32,
  activation: u32, // α, followed by β
  value: u32,
  slope: u32,
}

struct Jobs {
  jobs: array<array<vec4<u32>, 4>, MAX_JOBS>,
}

@group(0) @binding(0) var<uniform> table: Jobs;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;

override ROWS: u32;

const INPUTS = 4u * FEATURES4;

var<workgroup> staged_weights: array<vec4<f32>, INPUTS * LAYER_BLOCK>;
var<workgroup> staged_bias: array<vec4<f32>, LAYER_BLOCK>;
var<workgroup> staged_alpha: array<vec4<f32>, LAYER_BLOCK>;
var<workgroup> staged_beta: array<vec4<f32>, LAYER_BLOCK>;

fn load_job(index: u32) -> Job {
  let a = table.jobs[index][0];
  let b = table.jobs[index][1];
  let c = table.jobs[index][2];
  let d = table.jobs[index][3];
  return Job(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w, c.x, c.y, c.z, c.w, d.x, d.y, d.z, d.w);
}

@compute @workgroup_size(ROWS)
fn plain(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  layer(group, local.x, false);
}

@compute @workgroup_size(ROWS)
fn activated(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  layer(group, local.x, true);
}

fn layer(group: vec3<u32>, thread: u32, is_activated: bool) {
  let job = load_job(group.y);
  for (var i = thread; i < INPUTS * LAYER_BLOCK; i += ROWS) {
    staged_weights[i] = weights[job.weight + i];
  }
  if (thread < LAYER_BLOCK) {
    var bias = vec4<f32>(0.0);
    if (job.bias != NONE) {
      bias = weights[job.bias + thread];
    }
    staged_bias[thread] = bias;
    if (is_activated) {
      staged_alpha[thread] = weights[job.activation + thread];
      staged_beta[thread] = weights[job.activation + FEATURES4 + thread];
    }
  }
  workgroupBarrier();

  let row = group.x * ROWS + thread;
  let some_row = min(row, job.rows - 1u);
  let from_row = job.x + some_row * job.x_stride;
//:for c in 0..LAYER_BLOCK
  var y${c} = vec4<f32>(0.0);
//:end
  if (job.sum != NONE) {
    let sum = job.sum + some_row * job.stride;
//:for c in 0..LAYER_BLOCK
    y${c} = features[sum + ${c}u];
//:end
  }
//:for k in 0..FEATURES4
  let x${k} = select(vec4<f32>(0.0), features[from_row + ${k}u], ${k}u < job.inputs);
//:for c in 0..LAYER_BLOCK
  y${c} += fma(
    x${k}.xxxx,
    staged_weights[4u * ${k}u * LAYER_BLOCK + ${c}u],
    fma(
      x${k}.yyyy,
      staged_weights[(4u * ${k}u + 1u) * LAYER_BLOCK + ${c}u],
      fma(
        x${k}.zzzz,
        staged_weights[(4u * ${k}u + 2u) * LAYER_BLOCK + ${c}u],
        x${k}.w * staged_weights[(4u * ${k}u + 3u) * LAYER_BLOCK + ${c}u],
      ),
    ),
  );
//:end
//:end

//:for c in 0..LAYER_BLOCK
  y${c} += staged_bias[${c}];
  let alpha${c} = staged_alpha[${c}];
  let beta${c} = staged_beta[${c}];
//:end
  if (row >= job.rows) {
    return;
  }
  let at = row * job.stride;
//:for c in 0..LAYER_BLOCK
  if (${c}u < job.columns) {
    if (!is_activated && job.scale != NONE) {
      y${c} *= features[job.scale + at + ${c}u];
    }
    if (job.r1 != NONE) {
      y${c} += features[job.r1 + at + ${c}u];
    }
    if (job.r2 != NONE) {
      y${c} += features[job.r2 + at + ${c}u];
    }
    if (job.y != NONE) {
      features[job.y + at + ${c}u] = y${c};
    }
    if (is_activated) {
      features[job.value + at + ${c}u] = activation(y${c}, alpha${c}, beta${c});
      features[job.slope + at + ${c}u] = activation_derivative(y${c}, alpha${c}, beta${c});
    }
  }
//:end
}
