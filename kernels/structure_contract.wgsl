// Sums over the atoms of each structure, one thread SUM_TILE × SUM_TILE blocks of 4×4 of M (the last column of threads: v):
//   M_s[a][f] = Σ_i X_i[a] Y_i[f]      v_s[a] = Σ_i X_i[a] w_i
// Forward of the attention: X = φ(keys), Y = values, w = 1. Adjoint: X = φ(queries), Y and w = adjoints of numerator and
// denominator. X: [atom][m], Y: [atom][F], w: [atom] (x of a vec4).

struct Parameters {
  structures: u32,
  x: u32,
  y: u32,
  w: u32, // NONE: all 1
  matrix: u32, // [structure][m][F]
  vector: u32, // [structure][m]
}

const ROWS = (RANDOM4 + SUM_TILE - 1u) / SUM_TILE; // of threads
const COLUMNS = (FEATURES4 + SUM_TILE - 1u) / SUM_TILE;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / (COLUMNS + 1u);
  let column = id.x % (COLUMNS + 1u);
  if (row >= ROWS) {
    return;
  }
  let structure = id.y;
  let first = indices[parameters.structures + 2u * structure];
  let end = first + indices[parameters.structures + 2u * structure + 1u];
//:for r in 0..SUM_TILE
  let a${r} = min(row * SUM_TILE + ${r}u, RANDOM4 - 1u);
//:end
  if (column == COLUMNS) {
//:for r in 0..SUM_TILE
    var sum${r} = vec4<f32>(0.0);
//:end
    for (var i = first; i < end; i++) {
      var w = 1.0;
      if (parameters.w != NONE) {
        w = features[parameters.w + i].x;
      }
//:for r in 0..SUM_TILE
      sum${r} += features[parameters.x + i * RANDOM4 + a${r}] * w;
//:end
    }
//:for r in 0..SUM_TILE
    features[parameters.vector + structure * RANDOM4 + a${r}] = sum${r};
//:end
    return;
  }
//:for c in 0..SUM_TILE
  let f${c} = min(column * SUM_TILE + ${c}u, FEATURES4 - 1u);
//:end
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
  var m${r}_${c}_${k} = vec4<f32>(0.0);
//:end
//:end
//:end
  for (var i = first; i < end; i++) {
//:for r in 0..SUM_TILE
    let x${r} = features[parameters.x + i * RANDOM4 + a${r}];
//:end
//:for c in 0..SUM_TILE
    let y${c} = features[parameters.y + i * FEATURES4 + f${c}];
//:end
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
    m${r}_${c}_${k} += x${r}[${k}] * y${c};
//:end
//:end
//:end
  }
  // where a tile reaches over the edge, blocks are the same and so is what is written
  let matrix = parameters.matrix + structure * 4u * RANDOM4 * FEATURES4;
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
  features[matrix + (4u * a${r} + ${k}u) * FEATURES4 + f${c}] = m${r}_${c}_${k};
//:end
//:end
//:end
}
