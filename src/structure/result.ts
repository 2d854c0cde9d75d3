/** A quantity that can be asked for; the names are those of `--properties`. */
export type Property =
  | "energy"
  | "forces"
  | "virial"
  | "stress"
  | "charges"
  | "dipole"
  | "energies"
  | "polarizabilities"
  | "c6"
  | "hessian"
  | "domain"
  | "committee";

/** The energy's terms for each atom, eV, `[N]` each; their sum is the energy. */
export interface AtomicEnergies {
  /** The network's own term, element bias included. */
  readonly nn: Float64Array;
  /** Nuclear (ZBL) repulsion. */
  readonly repulsion: Float64Array;
  /** Electrostatics of the partial charges. */
  readonly electrostatics: Float64Array;
  /** D4 dispersion. */
  readonly dispersion: Float64Array;
}

/**
 * What an engine computes for one structure. Energy and forces are always there, the others when they were asked for.
 * All arrays are float64, flat and row-major, and belong to the caller.
 */
export interface Result {
  /** Potential energy, eV. */
  readonly energy: number;
  /** Forces −∂E/∂R `[N][3]`, eV/Å. */
  readonly forces: Float64Array;
  /** Virial −∂E/∂ε `[3][3]`, eV, strain ε applied to positions and cell alike; symmetric. */
  readonly virial?: Float64Array;
  /** Stress +∂E/∂ε / V `[3][3]`, eV/Å³; only for structures with a three-dimensional cell. */
  readonly stress?: Float64Array;
  /** Partial charges `[N]`, e; they sum to the total charge. */
  readonly charges?: Float64Array;
  /** Dipole Σ q R `[3]` about the coordinates' origin, eÅ. For a charged structure it depends on the origin. */
  readonly dipole?: Float64Array;
  /** The energy's terms for each atom. */
  readonly energies?: AtomicEnergies;
  /** D4 atomic polarizabilities `[N]`, Å³. */
  readonly polarizabilities?: Float64Array;
  /** D4 atomic C6 coefficients `[N]`, eV Å⁶. */
  readonly c6?: Float64Array;
  /** Hessian ∂²E/∂R∂R `[3N][3N]`, eV/Å². */
  readonly hessian?: Float64Array;
  /** In which ways the structure is outside what the model was trained on; empty where it is inside. */
  readonly domain?: readonly string[];
  /** What each member of a committee of models computed, in the order of the models; only from a committee. */
  readonly committee?: readonly Result[];
}
