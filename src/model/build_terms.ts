import type { Hyperparameters } from "./hyperparameters.ts";
import { ModelFileError } from "./model_file_error.ts";
import type { Dispersion, RadialBasis, Repulsion } from "./network.ts";
import { softplus } from "./softplus.ts";
import type { TensorSource } from "./tensor_source.ts";

/** Takes the radial basis functions' parameters; a width stored once for all is repeated for each function. */
export function buildRadialBasis(source: TensorSource, hyperparameters: Hyperparameters): RadialBasis {
  const { basis: kind, basisFunctions: count, expWeighting: weighted } = hyperparameters;
  const name = "radial_basis_functions";
  const vector = (parameter: string) => source.take(`${name}.${parameter}`, [count]).data;
  const scalar = (parameter: string) => source.take(`${name}.${parameter}`, []).data[0]!;
  switch (kind) {
    case "exp-bernstein":
      return {
        kind,
        alpha: softplus(scalar("_alpha")),
        weighted,
        logc: vector("logc"),
        n: vector("n"),
        v: vector("v"),
      };
    case "exp-gaussian":
      return {
        kind,
        alpha: softplus(scalar("_alpha")),
        weighted,
        width: new Float64Array(count).fill(scalar("width")),
        center: vector("center"),
      };
    case "gaussian":
      return { kind, width: new Float64Array(count).fill(scalar("width")), center: vector("center") };
    case "bernstein":
      return {
        kind,
        cutoff: checkCutoff(scalar("cutoff"), hyperparameters.cutoff),
        logc: vector("logc"),
        n: vector("n"),
        v: vector("v"),
      };
    case "sinc":
      return { kind, factor: vector("factor") };
  }
}

/** The stored cutoff is the hyperparameter rounded to float32. */
function checkCutoff(stored: number, cutoff: number): number {
  if (Math.abs(stored - cutoff) > 1e-6 * cutoff) {
    throw new ModelFileError(`Expected the hyperparameters' cutoff of ${cutoff} Å but found ${stored}`, {
      tensor: "radial_basis_functions.cutoff",
    });
  }
  return stored;
}

/** Takes the ZBL repulsion's parameters. */
export function buildRepulsion(source: TensorSource): Repulsion {
  const scalar = (parameter: string) => softplus(source.take(`zbl_repulsion_energy.${parameter}`, [1]).data[0]!);
  const coefficients = Float64Array.from([1, 2, 3, 4], (k) => scalar(`_c${k}`));
  const sum = coefficients.reduce((total, coefficient) => total + coefficient, 0);
  return {
    coefficients: coefficients.map((coefficient) => coefficient / sum),
    exponents: Float64Array.from([1, 2, 3, 4], (k) => scalar(`_a${k}`)),
    power: scalar("_apow"),
    scale: scalar("_adiv"),
  };
}

/** Reference systems of an element, imaginary frequencies, and coordination numbers counted for a reference system. */
const [references, frequencies, counts] = [7, 23, 3];

/** Takes the D4 dispersion's parameters and tables, whose rows are atomic numbers 0 to `maxAtomicNumber` − 1. */
export function buildDispersion(source: TensorSource, maxAtomicNumber: number): Dispersion {
  const name = "d4_dispersion_energy";
  const scalar = (parameter: string) => softplus(source.take(`${name}.${parameter}`, []).data[0]!);
  const rows = (parameter: string, ...shape: number[]) =>
    source.take(`${name}.${parameter}`, [maxAtomicNumber, ...shape]).data;
  const sscale = source.take(`${name}.sscale`, [null]).data;
  const refsys = rows("refsys", references);
  refuseUnknownSystems(refsys, Math.min(sscale.length, maxAtomicNumber), `${name}.refsys`);
  return {
    s6: scalar("_s6"),
    s8: scalar("_s8"),
    a1: scalar("_a1"),
    a2: scalar("_a2"),
    scaleq: scalar("_scaleq"),
    refsys,
    zeff: rows("zeff"),
    refh: rows("refh", references),
    sscale,
    secaiw: source.take(`${name}.secaiw`, [sscale.length, frequencies]).data,
    gam: rows("gam"),
    ascale: rows("ascale", references),
    alphaiw: rows("alphaiw", references, frequencies),
    hcount: rows("hcount", references),
    casimirPolderWeights: source.take(`${name}.casimir_polder_weights`, [frequencies]).data,
    rcov: rows("rcov"),
    en: rows("en"),
    ncountMask: rows("ncount_mask", references, counts),
    ncountWeight: rows("ncount_weight", references, counts),
    cn: rows("cn", references, counts),
    fixgweights: rows("fixgweights", references),
    refq: rows("refq", references),
    sqrtR4r2: rows("sqrt_r4r2"),
    alpha: rows("alpha", references, frequencies),
  };
}

/** `refsys` indexes the rows of `sscale`, `secaiw`, `zeff` and `gam`. */
function refuseUnknownSystems(refsys: Float64Array, limit: number, name: string): void {
  const index = refsys.findIndex((system) => !(Number.isInteger(system) && system >= 0 && system < limit));
  if (index >= 0) {
    throw new ModelFileError(
      `Expected indices of reference systems from 0 to ${limit - 1} but found ${refsys[index]} as element ${index}`,
      { tensor: name },
    );
  }
}
