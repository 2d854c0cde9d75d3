// The atoms that atom i interacts with through electrostatics and dispersion: without a cutoff all atoms of its
// structure, else a list of (atom, image). The atom table says which, [atom] (structure, element, begin, end | DIRECT).

const DIRECT = 0x80000000u;

struct Neighbours {
  begin: u32,
  end: u32,
  direct: bool,
}

struct LongRangePair {
  atom: u32,
  vector: vec3<f32>,
  r: f32,
}

fn long_range_neighbours(atom_table: u32, i: u32) -> Neighbours {
  let begin = indices[atom_table + 4u * i + 2u];
  let end = indices[atom_table + 4u * i + 3u];
  return Neighbours(begin, end & ~DIRECT, (end & DIRECT) != 0u);
}

// The pair of an atom at `own` with its neighbour n. An atom is among all those of its structure itself: distance 0.
fn long_range_pair(own: SplitVector, neighbours: Neighbours, list: u32, n: u32) -> LongRangePair {
  var atom = n;
  var image = SplitVector(vec3<f32>(0.0), vec3<f32>(0.0));
  if (!neighbours.direct) {
    atom = indices[list + 2u * n];
    image = split_position(indices[list + 2u * n + 1u]);
  }
  let vector = split_pair_vector(own, split_position(2u * atom), image);
  let whole = vector.h + vector.l;
  return LongRangePair(atom, whole, length(whole));
}
