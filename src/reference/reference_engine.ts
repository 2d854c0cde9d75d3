import type { Network } from "../model/network.ts";
import { cellVolume } from "../structure/cell.ts";
import { CutoffPairs } from "../structure/cutoff_pairs.ts";
import type { PhaseObserver } from "../structure/evaluation_phase.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { checkCoordinates, checkElements, checkProperties } from "./checks.ts";
import { collectResult, type ReferenceResult } from "./collect_result.ts";
import { hessian } from "./hessian.ts";
import type { Composition } from "./prepared_system.ts";
import { shareModel } from "./shared_model.ts";
import { soloTeam } from "./team.ts";
import { type StepInputs, type StepShape, TeamProgram } from "./team_program.ts";

/**
 * How much farther than a cutoff the lists look that pairs are taken from, Å: new ones every some ten steps of dynamics at
 * room temperature, with a third more candidates than pairs.
 */
const skin = 0.6;

/** How a {@link ReferenceEngine} computes. */
export interface ReferenceOptions {
  /** Where electrostatics and dispersion end, Å, or `null` for nowhere, in place of what the model says. */
  readonly longRangeCutoff?: number | null | undefined;
  /** What `compileKernels` gives; without it plain TypeScript computes. */
  readonly kernels?: WebAssembly.Module | null | undefined;
  /** Called at the end of each part of an evaluation. */
  readonly onPhase?: PhaseObserver | undefined;
}

/** SpookyNet in float64 on the processor. Finds the pairs itself and remembers the last composition it has seen. */
export class ReferenceEngine {
  readonly #network: Network;
  /** Whether there are terms that look beyond the network's cutoff. */
  readonly #hasLongRange: boolean;
  readonly #networkPairs: CutoffPairs;
  /** Pairs within the long-range cutoff; `null`: there is none, or no term that would ask for them. */
  readonly #longRangePairs: CutoffPairs | null;
  readonly #onPhase: PhaseObserver | undefined;
  readonly #program: TeamProgram;
  #prepared: Composition | null = null;

  /**
   * @param network Kept, and copied to where the kernels find it.
   * @throws RangeError for a long-range cutoff that is not a positive length.
   */
  constructor(network: Network, options: ReferenceOptions = {}) {
    const { longRangeCutoff = network.hyperparameters.longRangeCutoff, kernels = null } = options;
    if (longRangeCutoff !== null && !(longRangeCutoff > 0 && longRangeCutoff < Infinity)) {
      throw new RangeError(`Expected a positive long-range cutoff in Å but found ${longRangeCutoff}`);
    }
    this.#network = network;
    this.#networkPairs = new CutoffPairs(network.hyperparameters.cutoff, skin);
    this.#hasLongRange = network.hyperparameters.electrostatics || network.dispersion !== null;
    this.#longRangePairs = longRangeCutoff === null || !this.#hasLongRange
      ? null
      : new CutoffPairs(longRangeCutoff, skin);
    this.#onPhase = options.onPhase;
    this.#program = new TeamProgram(shareModel(network, kernels, 1, 1), longRangeCutoff, soloTeam);
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
    checkElements(this.#network, structure.numbers);
    const { energy, forces, ...others } = this.#evaluate(structure);
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
        hessian: hessian(structure, (displaced) => this.#evaluate(displaced).forces),
      }),
    };
  }

  #evaluate(structure: Structure): ReferenceResult {
    const { shape, inputs } = this.#step(structure);
    this.#prepare(structure);
    this.#onPhase?.("neighbour list");
    const result = collectResult(structure, this.#program.evaluate(shape, inputs));
    this.#onPhase?.("computation");
    return result;
  }

  #prepare({ numbers, charge, unpaired }: Structure): void {
    const last = this.#prepared;
    const isSame = last !== null && last.charge === charge && last.unpaired === unpaired &&
      last.numbers.length === numbers.length && last.numbers.every((z, i) => z === numbers[i]);
    if (isSame) return;
    const composition = { numbers: numbers.slice(), charge, unpaired };
    this.#program.prepare(numbers.length, composition);
    this.#prepared = composition;
  }

  /** The pairs that the terms run over. */
  #step(structure: Structure): { shape: StepShape; inputs: StepInputs } {
    const network = this.#networkPairs.update(structure);
    const longRange = this.#longRangePairs?.update(structure) ?? null;
    if (this.#hasLongRange && longRange === null && structure.periodic.includes(true)) {
      throw new RangeError(
        "Expected a long-range cutoff for a periodic structure but found none in the model, whose electrostatics and " +
          "dispersion reach everywhere; Ewald sums are not available: give a long-range cutoff",
      );
    }
    return {
      shape: {
        nearPairs: network.pairCount,
        farPairs: longRange?.pairCount ?? (this.#hasLongRange ? "all" : "near"),
        hasCell: structure.cell !== null,
      },
      inputs: { structure, network, longRange },
    };
  }
}
