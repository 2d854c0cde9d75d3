// Pair vectors to the last bit float32 allows. A coordinate travels as hi + lo: hi a multiple of 2⁻¹² Å, lo the rest
// (at most 2⁻¹³ Å). Differences and sums of the hi parts are exact in float32 below 2048 Å, in any order of evaluation,
// so the vector is rounded once. The same holds for the periodic image's offset S·cell.
//   positions[2i] = hi, positions[2i + 1] = lo of atom i; image s stands at positions[images + 2s], likewise (Å).

@group(0) @binding(5) var<storage, read> positions: array<vec4<f32>>;

struct SplitVector {
  h: vec3<f32>,
  l: vec3<f32>,
}

fn split_position(at: u32) -> SplitVector {
  return SplitVector(positions[at].xyz, positions[at + 1u].xyz);
}

fn split_pair_vector(i: SplitVector, j: SplitVector, image: SplitVector) -> SplitVector {
  return SplitVector((j.h - i.h) + image.h, (j.l - i.l) + image.l);
}
