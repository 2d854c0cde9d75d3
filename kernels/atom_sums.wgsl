// Sums over the threads that share an atom: one workgroup an atom, each thread every ATOM_THREADS-th of its neighbours. So
// hardware has threads enough for a small structure too, and a software driver's SIMD lanes are as busy as with an atom each.
// A kernel says how many vec4s it sums: SUMS, at most ATOM_THREADS.

var<workgroup> parts: array<vec4<f32>, SUMS * ATOM_THREADS>;
var<workgroup> sums: array<vec4<f32>, SUMS>;

fn leave_part(thread: u32, sum: u32, part: vec4<f32>) {
  parts[sum * ATOM_THREADS + thread] = part;
}

// In the order of the threads, so that a sum is the same every time; all threads take part, and may read sums then.
fn add_parts(thread: u32) {
  workgroupBarrier();
  if (thread < SUMS) {
    var sum = parts[thread * ATOM_THREADS];
    for (var t = 1u; t < ATOM_THREADS; t++) {
      sum += parts[thread * ATOM_THREADS + t];
    }
    sums[thread] = sum;
  }
  workgroupBarrier();
}
