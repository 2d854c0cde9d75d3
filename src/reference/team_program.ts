import { buildAllPairs } from "../structure/all_pairs.ts";
import type { PairList } from "../structure/pair_list.ts";
import type { Structure } from "../structure/structure.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import type { Execution } from "./execution.ts";
import { type Composition, type PreparedSystem, prepareSystem } from "./prepared_system.ts";
import { executionOf, type SharedModel } from "./shared_model.ts";
import type { Team } from "./team.ts";
import type { Workspace } from "./workspace.ts";

/** What the first thread knows of a step, and hands to the others. */
export interface StepInputs {
  readonly structure: Structure;
  readonly network: PairList;
  /** `null`: the network's list. Not looked at where {@link StepShape.farPairs} is "all". */
  readonly longRange: PairList | null;
}

/** What all threads have to know of a step before they can be handed the rest. */
export interface StepShape {
  /** Number of pairs in the network's list. */
  readonly nearPairs: number;
  /** Number of pairs in the long-range list; "near": it is the network's; "all": all pairs of a cluster. */
  readonly farPairs: number | "near" | "all";
  readonly hasCell: boolean;
}

/**
 * What every thread of a team runs: all of them call the same methods in the same order, the first one with what is to be
 * computed, the others with `null` in its place.
 */
export class TeamProgram {
  readonly #model: SharedModel;
  readonly #longRangeCutoff: number | null;
  readonly #team: Team;
  readonly #preparation: Execution;
  #step: Execution;
  #system: PreparedSystem | null = null;
  /** All pairs of the composition's atoms, where a step has asked for them. */
  #allPairs: PairList | null = null;

  constructor(model: SharedModel, longRangeCutoff: number | null, team: Team) {
    this.#model = model;
    this.#longRangeCutoff = longRangeCutoff;
    this.#team = team;
    this.#preparation = executionOf(model, team);
    this.#step = this.#preparation;
  }

  /** Computes what depends on a composition alone, and keeps it for the steps to come. */
  prepare(atoms: number, composition: Composition | null): void {
    const { workspace } = this.#preparation;
    workspace.reset();
    const numbers = workspace.int32(atoms);
    const electrons = workspace.float64(2);
    if (composition !== null) {
      numbers.set(composition.numbers);
      electrons.set([composition.charge, composition.unpaired]);
    }
    this.#team.barrier();
    this.#system = prepareSystem(this.#preparation, this.#model.network, this.#model.polarizabilities, {
      numbers: Uint8Array.from(numbers),
      charge: electrons[0]!,
      unpaired: electrons[1]!,
    });
    this.#team.barrier();
    this.#allPairs = null;
    this.#step = executionOf(this.#model, this.#team, workspace.end);
  }

  /** Evaluates a structure of the prepared composition. */
  evaluate(shape: StepShape, inputs: StepInputs | null): Evaluation {
    const system = this.#system!;
    const atoms = system.composition.numbers.length;
    if (shape.farPairs === "all" && this.#allPairs === null) this.#listAllPairs(atoms);
    const { workspace } = this.#step;
    workspace.reset();
    const positions = workspace.float64(3 * atoms);
    const cell = workspace.float64(9);
    if (inputs !== null) {
      positions.set(inputs.structure.positions);
      if (shape.hasCell) cell.set(inputs.structure.cell!);
    }
    const network = handedPairs(workspace, atoms, shape.nearPairs, inputs && inputs.network);
    const longRange = shape.farPairs === "near"
      ? network
      : shape.farPairs === "all"
      ? this.#allPairs!
      : handedPairs(workspace, atoms, shape.farPairs, inputs && inputs.longRange);
    this.#team.barrier();
    const structure = { positions, cell: shape.hasCell ? cell : null };
    return evaluate(this.#step, system, structure, { network, longRange, longRangeCutoff: this.#longRangeCutoff });
  }

  /** They are the same at every step, so they are kept where the system is. */
  #listAllPairs(atoms: number): void {
    const { workspace } = this.#preparation;
    const list = this.#team.rank === 0 ? buildAllPairs(atoms) : null;
    this.#allPairs = handedPairs(workspace, atoms, atoms * (atoms - 1) / 2, list);
    this.#team.barrier();
    this.#step = executionOf(this.#model, this.#team, workspace.end);
  }
}

/** A pair list in memory that all threads see, filled by the one that has it. */
function handedPairs(workspace: Workspace, atomCount: number, pairCount: number, list: PairList | null): PairList {
  const handed = {
    atomCount,
    pairCount,
    first: workspace.int32(pairCount),
    second: workspace.int32(pairCount),
    shift: workspace.int32(3 * pairCount),
    start: workspace.int32(atomCount + 1),
    neighbour: workspace.int32(2 * pairCount),
    entry: workspace.int32(2 * pairCount),
  };
  if (list !== null) {
    handed.first.set(list.first);
    handed.second.set(list.second);
    handed.shift.set(list.shift);
    handed.start.set(list.start);
    handed.neighbour.set(list.neighbour);
    handed.entry.set(list.entry);
  }
  return handed;
}
