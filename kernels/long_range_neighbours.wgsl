// The atoms that atom i interacts with through electrostatics and dispersion: without a cutoff all atoms of its
// structure, else a list of (atom, image). The atom table says which, [atom] (structure, element, begin, end | DIRECT).

const DIRECT = 0x80000000u;

struct Neighbours {
  begin: u32,
  end: u32,
  direct: bool,
}

fn long_range_neighbours(atom_table: u32, i: u32) -> Neighbours {
  let begin = indices[atom_table + 4u * i + 2u];
  let end = indices[atom_table + 4u * i + 3u];
  return Neighbours(begin, end & ~DIRECT, (end & DIRECT) != 0u);
}

// (atom, where in positions its image's offset stands)
fn long_range_neighbour(neighbours: Neighbours, list: u32, images: u32, n: u32) -> vec2<u32> {
  if (neighbours.direct) {
    return vec2<u32>(n, images);
  }
  return vec2<u32>(indices[list + 2u * n], indices[list + 2u * n + 1u]);
}
