import type { Network } from "../model/network.ts";
import { checkElements } from "./checks.ts";
import type { Execution } from "./execution.ts";
import type { ModuleInputs } from "./module_inputs.ts";
import { type Composition, prepareSystem } from "./prepared_system.ts";
import { executionOf, type SharedModel, shareModel } from "./shared_model.ts";
import { compileKernels, constantBytes } from "./simd_operations.ts";
import { soloTeam } from "./team.ts";

/** Computes for other engines what depends on a composition alone. */
export class SystemPreparation {
  readonly #network: Network;
  readonly #model: SharedModel;
  readonly #execution: Execution;

  /** @param network Kept, and copied. */
  constructor(network: Network) {
    this.#network = network;
    this.#model = shareModel(network, compileKernels(), constantBytes, 1);
    this.#execution = executionOf(this.#model, soloTeam);
  }

  /**
   * The first module's inputs `[N][F]`, in new arrays.
   *
   * @throws RangeError for an element that the model's tables have no row for.
   */
  firstInputs(composition: Composition): ModuleInputs {
    checkElements(this.#network, composition.numbers);
    const { network, polarizabilities } = this.#model;
    this.#execution.workspace.reset();
    const { x, local, nonlocal } = prepareSystem(this.#execution, network, polarizabilities, composition).firstInputs;
    return {
      x: x.slice(),
      local: { x: local.x.slice(), s: local.s.slice(), p: local.p.slice(), d: local.d.slice() },
      nonlocal: nonlocal.slice(),
    };
  }
}
