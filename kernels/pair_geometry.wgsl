// Everything of a pair that depends on its vector alone: unit vector, distance, radial basis with its derivative,
// nuclear repulsion. One thread a pair.
//   geometry[u] = (p, r)           p = unit vector first → second, r in Å
//   gradient[u] = (∂E/∂vector, E)  starts with the ZBL repulsion (eV/Å, eV); pair_adjoint adds the network's part
//   basis[u][K] = f_k(r)·fc(r), basis[U + u][K] its derivative; all 0 for r ≥ cutoff
// Cutoff function  fc(r) = exp(−r²/((rc − r)(rc + r)))
// Radial functions, each exponent including that of fc, t = −αr:
//   exp-bernstein  exp(log c + n t + v log(1 − eᵗ))  [· eᵗ]
//   exp-gaussian   exp(−w (eᵗ − center)²)            [· eᵗ]
//   gaussian       exp(−w (r − center)²)
//   bernstein      exp(log c + n log(r/c) + v log(1 − r/c)), 0 for r ≥ c
//   sinc           sin(πx)/(πx), x = factor·r
// ZBL  E = ke Z_i Z_j / r · fc(r) · Σ_k c_k exp(−a_k (Z_i^p + Z_j^p) d r)    (both directed halves together)

struct Parameters {
  pairs: u32,
  first: u32, // in indices
  second: u32,
  image: u32, // where in positions the pair's image offset stands
  atoms: u32, // atom table in indices: structure, element, …
  elements: u32, // element table in elements
  geometry: u32, // vec4s in pairs
  gradient: u32,
  basis: u32,
  radial: u32, // vec4s in weights: three arrays [K]
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
@group(0) @binding(6) var<storage, read> elements: array<vec4<f32>>;

// sin(πx) and cos(πx) to float32's precision for any x; the built-in sin may be off by 2⁻¹¹.
fn sine_cosine_pi(x: vec4<f32>) -> array<vec4<f32>, 2> {
  let n = round(x);
  let y = (x - n) * PI; // in [−π/2, π/2]
  let y2 = y * y;
  let sine = y * (1.0 + y2 * (-1.66666667e-1 + y2 * (8.33333333e-3 + y2 * (-1.98412698e-4 + y2 * (2.75573192e-6 + y2 * (-2.50521084e-8 + y2 * 1.60590438e-10))))));
  let cosine = 1.0 + y2 * (-0.5 + y2 * (4.16666667e-2 + y2 * (-1.38888889e-3 + y2 * (2.48015873e-5 + y2 * (-2.75573192e-7 + y2 * (2.08767570e-9 - y2 * 1.14707456e-11))))));
  let sign = 1.0 - 2.0 * abs(n - 2.0 * floor(0.5 * n));
  return array(sign * sine, sign * cosine);
}

// 1 − eᵗ for t ≤ 0 without cancellation.
fn one_minus_exp(t: f32) -> f32 {
  let series = -t * (1.0 + t * (0.5 + t * (1.66666667e-1 + t * (4.16666667e-2 + t * (8.33333333e-3 + t * (1.38888889e-3 + t * 1.98412698e-4))))));
  return select(1.0 - exp(t), series, t > -0.5);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let u = id.x;
  if (u >= parameters.pairs) {
    return;
  }
  let i = indices[parameters.first + u];
  let j = indices[parameters.second + u];
  let vector = pair_vector(i, j, indices[parameters.image + u]);
  let r = length(vector);
  let unit = vector / r;
  pairs[parameters.geometry + u] = vec4<f32>(unit, r);

  // fc = exp(fc_exponent); beyond an exponent of −80 (and beyond the cutoff) everything here is 0 in float32.
  let denominator = (CUTOFF - r) * (CUTOFF + r);
  let fc_exponent = -r * r / denominator;
  let inside = r < CUTOFF && fc_exponent > -80.0;
  let fc_slope = -2.0 * r * (CUTOFF * CUTOFF) / (denominator * denominator);

  for (var k = 0u; k < BASIS4; k++) {
    let first = weights[parameters.radial + k];
    let second = weights[parameters.radial + BASIS4 + k];
    let third = weights[parameters.radial + 2u * BASIS4 + k];
    var value = vec4<f32>(0.0);
    var slope = vec4<f32>(0.0);
    if (inside) {
      var exponent = vec4<f32>(0.0);
      var exponent_slope = vec4<f32>(0.0);
      var factor = vec4<f32>(1.0);
      var factor_slope = vec4<f32>(0.0);
      if (BASIS == EXP_BERNSTEIN) {
        let t = -ALPHA * r;
        let e = exp(t);
        let rest = one_minus_exp(t);
        exponent = first + second * t + third * log(rest);
        exponent_slope = -ALPHA * (second - third * (e / rest));
        if (EXP_WEIGHTING) {
          exponent += t;
          exponent_slope -= ALPHA;
        }
      } else if (BASIS == EXP_GAUSSIAN) {
        let t = -ALPHA * r;
        let e = exp(t);
        let distance = e - second;
        exponent = -first * distance * distance;
        exponent_slope = 2.0 * first * distance * (ALPHA * e);
        if (EXP_WEIGHTING) {
          exponent += t;
          exponent_slope -= ALPHA;
        }
      } else if (BASIS == GAUSSIAN) {
        let distance = r - second;
        exponent = -first * distance * distance;
        exponent_slope = -2.0 * first * distance;
      } else if (BASIS == BERNSTEIN) {
        let rest = max(BERNSTEIN_CUTOFF - r, 1e-30);
        exponent = first + second * log(r / BERNSTEIN_CUTOFF) + third * log(rest / BERNSTEIN_CUTOFF);
        exponent_slope = second / r - third / rest;
        if (r >= BERNSTEIN_CUTOFF) {
          factor = vec4<f32>(0.0);
        }
      } else {
        let x = first * r;
        let sc = sine_cosine_pi(x);
        let y = PI * x;
        factor = sc[0] / y;
        factor_slope = (sc[1] - factor) / r;
        // near 0: sin(y)/y = 1 − y²/6 + y⁴/120
        let small = abs(y) < vec4<f32>(0.1);
        factor = select(factor, 1.0 - y * y * (1.0 / 6.0 - y * y / 120.0), small);
        factor_slope = select(factor_slope, first * PI * y * (-1.0 / 3.0 + y * y / 30.0), small);
      }
      let envelope = exp(exponent + fc_exponent);
      value = envelope * factor;
      slope = envelope * (factor_slope + factor * (exponent_slope + fc_slope));
    }
    // Padding beyond K must stay 0, whatever the parameters' padding gives.
    let used = vec4<u32>(4u * k, 4u * k + 1u, 4u * k + 2u, 4u * k + 3u) < vec4<u32>(BASIS_FUNCTIONS);
    pairs[parameters.basis + u * BASIS4 + k] = select(vec4<f32>(0.0), value, used);
    pairs[parameters.basis + (parameters.pairs + u) * BASIS4 + k] = select(vec4<f32>(0.0), slope, used);
  }

  var energy = 0.0;
  var derivative = 0.0;
  if (REPULSION && inside) {
    let a = elements[parameters.elements + indices[parameters.atoms + 4u * i + 1u] * ELEMENT_STRIDE];
    let b = elements[parameters.elements + indices[parameters.atoms + 4u * j + 1u] * ELEMENT_STRIDE];
    let rate = vec4<f32>(ZBL_EXPONENTS) * ((a.y + b.y) * ZBL_SCALE);
    let terms = vec4<f32>(ZBL_COEFFICIENTS) * exp(-rate * r);
    let screening = dot(terms, vec4<f32>(1.0));
    let prefactor = COULOMB * a.x * b.x / r * exp(fc_exponent);
    energy = prefactor * screening;
    derivative = energy * (fc_slope - 1.0 / r) - prefactor * dot(terms, rate);
  }
  pairs[parameters.gradient + u] = vec4<f32>(derivative * unit, energy);
}
