import type { Network } from "../model/network.ts";
import { buildAllPairs } from "../structure/all_pairs.ts";
import { cellVolume } from "../structure/cell.ts";
import { CutoffPairs } from "../structure/cutoff_pairs.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { PhaseObserver } from "../structure/evaluation_phase.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { checkCoordinates, checkProperties } from "./checks.ts";
import type { DenseProducts } from "./dense.ts";
import { evaluate, type EvaluationPairs, type ReferenceResult } from "./evaluate.ts";
import { hessian } from "./hessian.ts";
import { type PreparedSystem, SystemPreparation } from "./prepared_system.ts";

/**
 * How much farther than a cutoff the lists look that pairs are taken from, Å: new ones every some ten steps of dynamics at
 * room temperature, with a third more candidates than pairs.
 */
const skin = 0.6;

/** How a {@link ReferenceEngine} computes. */
export interface ReferenceOptions {
  /** Where electrostatics and dispersion end, Å, or `null` for nowhere, in place of what the model says. */
  readonly longRangeCutoff?: number | null | undefined;
  /** What the dense products are computed with, in place of plain TypeScript. */
  readonly products?: DenseProducts | undefined;
  /** Called at the end of each part of an evaluation. */
  readonly onPhase?: PhaseObserver | undefined;
}

/** SpookyNet in float64 on the processor. Finds the pairs itself and remembers the last composition it has seen. */
export class ReferenceEngine {
  readonly #network: Network;
  readonly #preparation: SystemPreparation;
  readonly #longRangeCutoff: number | null;
  readonly #networkPairs: CutoffPairs;
  /** Pairs within the long-range cutoff; `null`: there is none. */
  readonly #cutoffPairs: CutoffPairs | null;
  #allPairs: PairList | null = null;
  readonly #onPhase: PhaseObserver | undefined;
  #prepared: PreparedSystem | null = null;

  /**
   * @param network Kept, not copied.
   * @throws RangeError for a long-range cutoff that is not a positive length.
   */
  constructor(network: Network, options: ReferenceOptions = {}) {
    const { longRangeCutoff = network.hyperparameters.longRangeCutoff } = options;
    if (longRangeCutoff !== null && !(longRangeCutoff > 0 && longRangeCutoff < Infinity)) {
      throw new RangeError(`Expected a positive long-range cutoff in Å but found ${longRangeCutoff}`);
    }
    this.#network = network;
    this.#preparation = new SystemPreparation(network, options.products);
    this.#longRangeCutoff = longRangeCutoff;
    this.#networkPairs = new CutoffPairs(network.hyperparameters.cutoff, skin);
    this.#cutoffPairs = longRangeCutoff === null ? null : new CutoffPairs(longRangeCutoff, skin);
    this.#onPhase = options.onPhase;
  }

  /**
   * Computes energy, forces and the other properties asked for. The stress is left out for structures that do not repeat
   * along all three axes.
   *
   * @param structure Not changed, nothing of it is kept. Whether its electrons can exist is not checked here.
   * @throws RangeError where the structure is not one for this model: unknown elements, coincident atoms, positions that
   * are not finite, a property that the model lacks, or a periodic structure whose long-range terms have no cutoff.
   */
  compute(structure: Structure, properties: ReadonlySet<Property>): Result {
    checkProperties(this.#network, properties);
    checkCoordinates(structure);
    const system = this.#prepare(structure);
    const { energy, forces, ...others } = this.#evaluate(system, structure);
    const { virial, charges, dipole, energies, polarizabilities, c6 } = others;
    const volume = structure.periodic.includes(false) ? null : cellVolume(structure.cell!);
    return {
      energy,
      forces,
      ...(properties.has("virial") && { virial }),
      ...(properties.has("stress") && volume !== null && { stress: virial.map((element) => -element / volume) }),
      ...(properties.has("charges") && { charges }),
      ...(properties.has("dipole") && { dipole }),
      ...(properties.has("energies") && { energies }),
      ...(properties.has("polarizabilities") && { polarizabilities }),
      ...(properties.has("c6") && { c6 }),
      ...(properties.has("hessian") && {
        hessian: hessian(structure, (displaced) => this.#evaluate(system, displaced).forces),
      }),
    };
  }

  #prepare({ numbers, charge, unpaired }: Structure): PreparedSystem {
    const last = this.#prepared?.composition;
    const same = last !== undefined && last.charge === charge && last.unpaired === unpaired &&
      last.numbers.length === numbers.length && last.numbers.every((z, i) => z === numbers[i]);
    return same ? this.#prepared! : this.#prepared = this.#preparation.prepare({ numbers, charge, unpaired });
  }

  #evaluate(system: PreparedSystem, structure: Structure): ReferenceResult {
    const pairs = this.#pairs(structure);
    this.#onPhase?.("neighbour list");
    const result = evaluate(system, structure, pairs);
    this.#onPhase?.("computation");
    return result;
  }

  #pairs(structure: Structure): EvaluationPairs {
    const network = this.#networkPairs.update(structure);
    const hasLongRange = this.#network.hyperparameters.electrostatics || this.#network.dispersion !== null;
    return {
      network,
      longRange: hasLongRange ? this.#longRangePairs(structure) : network,
      longRangeCutoff: this.#longRangeCutoff,
    };
  }

  #longRangePairs(structure: Structure): PairList {
    if (this.#cutoffPairs !== null) return this.#cutoffPairs.update(structure);
    if (structure.periodic.includes(true)) {
      throw new RangeError(
        "Expected a long-range cutoff for a periodic structure but found none in the model, whose electrostatics and " +
          "dispersion reach everywhere; Ewald sums are not available: give a long-range cutoff",
      );
    }
    const atoms = structure.numbers.length;
    if (this.#allPairs?.atomCount !== atoms) this.#allPairs = buildAllPairs(atoms);
    return this.#allPairs;
  }
}
