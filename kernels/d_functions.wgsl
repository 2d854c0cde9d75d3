// d-type functions of a unit vector and the adjoint of their dependence on it.
//   irreducible  √3 xy, √3 xz, √3 yz, (3z² − 1)/2, √3/2 (x² − y²)
//   Cartesian    x², y², z², √2 xy, √2 xz, √2 yz

struct DFunctions {
//:for c in 0..D_FUNCTIONS
  v${c}: f32,
//:end
}

//:if D_FUNCTIONS == 5
fn d_functions(p: vec3<f32>) -> DFunctions {
  return DFunctions(
    SQRT3 * p.x * p.y,
    SQRT3 * p.x * p.z,
    SQRT3 * p.y * p.z,
    0.5 * (3.0 * p.z * p.z - 1.0),
    0.5 * SQRT3 * (p.x * p.x - p.y * p.y),
  );
}

// Σ_c (∂d_c/∂p) d̄_c
fn d_functions_adjoint(p: vec3<f32>, d: DFunctions) -> vec3<f32> {
  return vec3<f32>(
    SQRT3 * (p.y * d.v0 + p.z * d.v1 + p.x * d.v4),
    SQRT3 * (p.x * d.v0 + p.z * d.v2 - p.y * d.v4),
    SQRT3 * (p.x * d.v1 + p.y * d.v2) + 3.0 * p.z * d.v3,
  );
}
//:end
//:if D_FUNCTIONS == 6
fn d_functions(p: vec3<f32>) -> DFunctions {
  return DFunctions(
    p.x * p.x,
    p.y * p.y,
    p.z * p.z,
    SQRT2 * p.x * p.y,
    SQRT2 * p.x * p.z,
    SQRT2 * p.y * p.z,
  );
}

// Σ_c (∂d_c/∂p) d̄_c
fn d_functions_adjoint(p: vec3<f32>, d: DFunctions) -> vec3<f32> {
  return vec3<f32>(
    2.0 * p.x * d.v0 + SQRT2 * (p.y * d.v3 + p.z * d.v4),
    2.0 * p.y * d.v1 + SQRT2 * (p.x * d.v3 + p.z * d.v5),
    2.0 * p.z * d.v2 + SQRT2 * (p.x * d.v4 + p.y * d.v5),
  );
}
//:end
