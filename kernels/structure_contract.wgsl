// Sums over the atoms of each structure, one thread a 4×4 block of M (the last column of blocks: v):
//   M_s[a][f] = Σ_i X_i[a] Y_i[f]      v_s[a] = Σ_i X_i[a] w_i
// Forward of the attention: X = φ(keys), Y = values, w = 1. Adjoint: X = φ(queries), Y and w = adjoints of numerator and
// denominator. M is written twice, as [m][F] and as [F][m]. X: [atom][m], Y: [atom][F], w: [atom] (x of a vec4).

struct Parameters {
  structures: u32,
  x: u32,
  y: u32,
  w: u32, // NONE: all 1
  matrix: u32, // [structure][m][F]
  transposed: u32, // [structure][F][m]
  vector: u32, // [structure][m]
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = id.x / (FEATURES4 + 1u);
  let f = id.x % (FEATURES4 + 1u);
  if (a >= RANDOM4) {
    return;
  }
  let structure = id.y;
  let first = indices[parameters.structures + 2u * structure];
  let end = first + indices[parameters.structures + 2u * structure + 1u];
  if (f == FEATURES4) {
    var sum = vec4<f32>(0.0);
    for (var i = first; i < end; i++) {
      var w = 1.0;
      if (parameters.w != NONE) {
        w = features[parameters.w + i].x;
      }
      sum += features[parameters.x + i * RANDOM4 + a] * w;
    }
    features[parameters.vector + structure * RANDOM4 + a] = sum;
    return;
  }
//:for r in 0..4
  var row${r} = vec4<f32>(0.0);
//:end
  for (var i = first; i < end; i++) {
    let x = features[parameters.x + i * RANDOM4 + a];
    let y = features[parameters.y + i * FEATURES4 + f];
//:for r in 0..4
    row${r} += x[${r}] * y;
//:end
  }
  let matrix = parameters.matrix + (structure * RANDOM4 + a) * 4u * FEATURES4 + f;
  let columns = transpose(mat4x4<f32>(row0, row1, row2, row3));
  let transposed = parameters.transposed + (structure * FEATURES4 + f) * 4u * RANDOM4 + a;
//:for r in 0..4
  features[matrix + ${r}u * FEATURES4] = row${r};
  features[transposed + ${r}u * RANDOM4] = columns[${r}];
//:end
}
