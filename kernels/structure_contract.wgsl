// Sums over the atoms of each structure:
//   M_s[a][f] = Σ_i X_i[a] Y_i[f]      v_s[a] = Σ_i X_i[a] w_i
// Forward of the attention: X = φ(keys), Y = values, w = 1. Adjoint: X = φ(queries), Y and w = adjoints of numerator and
// denominator. X: [atom][m], Y: [atom][F], w: [atom] (w, 0, 0, 0).
// A thread computes SUM_TILE × SUM_TILE blocks of 4×4 of M; the last column of tiles is v. Where hardware wants more
// threads, SUM_SLICES of them share a tile, each with its own atoms.

struct Parameters {
  structures: u32,
  x: u32,
  y: u32,
  w: u32, // NONE: all 1
  matrix: u32, // [structure][m][F]
  vector: u32, // [structure][m]
}

const ROWS = (RANDOM4 + SUM_TILE - 1u) / SUM_TILE; // of tiles
const COLUMNS = (FEATURES4 + SUM_TILE - 1u) / SUM_TILE;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> features: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;

//:if SUM_SLICES != 1
const PARTS = 4u * SUM_TILE * SUM_TILE;

var<workgroup> parts: array<vec4<f32>, PARTS * THREADS>;

//:end
@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let tile = id.x / SUM_SLICES;
  let row = tile / (COLUMNS + 1u);
  let column = tile % (COLUMNS + 1u);
  let is_vector = column == COLUMNS;
  let structure = id.y;
  let first = indices[parameters.structures + 2u * structure];
  let count = select(0u, indices[parameters.structures + 2u * structure + 1u], row < ROWS);
//:for t in 0..SUM_TILE
  let a${t} = min(row * SUM_TILE + ${t}u, RANDOM4 - 1u);
  let f${t} = min(column * SUM_TILE + ${t}u, FEATURES4 - 1u);
//:end
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
  var m${r}_${c}_${k} = vec4<f32>(0.0);
//:end
//:end
//:end
  for (var i = first + id.x % SUM_SLICES; i < first + count; i += SUM_SLICES) {
//:for r in 0..SUM_TILE
    let x${r} = features[parameters.x + i * RANDOM4 + a${r}];
//:end
//:for c in 0..SUM_TILE
    var y${c} = vec4<f32>(1.0, 0.0, 0.0, 0.0);
    if (!is_vector || parameters.w != NONE) {
      y${c} = features[select(parameters.y + i * FEATURES4 + f${c}, parameters.w + i, is_vector)];
    }
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
  let vector = parameters.vector + structure * RANDOM4;
//:if SUM_SLICES == 1
  if (row < ROWS && is_vector) {
//:for r in 0..SUM_TILE
    features[vector + a${r}] = vec4<f32>(m${r}_0_0.x, m${r}_0_1.x, m${r}_0_2.x, m${r}_0_3.x);
//:end
  }
  if (row < ROWS && !is_vector) {
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
    features[matrix + (4u * a${r} + ${k}u) * FEATURES4 + f${c}] = m${r}_${c}_${k};
//:end
//:end
//:end
  }
//:end
//:if SUM_SLICES != 1
//:for r in 0..SUM_TILE
//:for c in 0..SUM_TILE
//:for k in 0..4
  parts[((${r}u * SUM_TILE + ${c}u) * 4u + ${k}u) * THREADS + thread] = m${r}_${c}_${k};
//:end
//:end
//:end
  workgroupBarrier();
  let slice = id.x % SUM_SLICES;
  for (var part = slice; part < PARTS && row < ROWS; part += SUM_SLICES) {
    var sum = vec4<f32>(0.0);
    for (var t = thread - slice; t < thread - slice + SUM_SLICES; t++) {
      sum += parts[part * THREADS + t];
    }
    let a = min(row * SUM_TILE + part / (4u * SUM_TILE), RANDOM4 - 1u);
    let f = min(column * SUM_TILE + part / 4u % SUM_TILE, FEATURES4 - 1u);
    if (is_vector) {
      features[vector + a][part % 4u] = sum.x;
    } else {
      features[matrix + (4u * a + part % 4u) * FEATURES4 + f] = sum;
    }
  }
//:end
}
