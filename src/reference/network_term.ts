import { angularFunctions, angularFunctionsAdjoint } from "./angular.ts";
import { accumulate } from "./elementwise.ts";
import type { TermExecution } from "./execution.ts";
import { type LocalPairs, zeroPairsAdjoint } from "./local_interaction.ts";
import { type ModuleInputs, moduleInputs, moduleInputsAdjoint, type ModuleInputsTape } from "./module_inputs.ts";
import { moduleOutputs, moduleOutputsAdjoint, type ModuleOutputsTape } from "./module_outputs.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import type { PreparedSystem } from "./prepared_system.ts";
import { radialFunctions, radialFunctionsAdjoint } from "./radial_basis.ts";

/** What the neural network says about each atom. */
export interface NetworkTerm {
  /** Energies, element bias included `[N]`, eV. */
  readonly energies: Float64Array;
  /** Partial charges before charge conservation, element bias included `[N]`, e. */
  readonly charges: Float64Array;
  readonly tape: NetworkTape;
}

/** What the adjoint of {@link networkTerm} needs. */
export interface NetworkTape {
  readonly pairs: LocalPairs;
  /** ∂basis/∂r `[U][K]`. */
  readonly basisDerivatives: Float64Array;
  readonly modules: readonly {
    readonly inputs: ModuleInputs;
    /** `null` for the first module, whose inputs do not depend on the positions. */
    readonly inputsTape: ModuleInputsTape | null;
    readonly outputsTape: ModuleOutputsTape;
  }[];
}

/** All modules and the output layer over the pairs within the network's cutoff. */
export function networkTerm(
  execution: TermExecution,
  system: PreparedSystem,
  geometry: PairGeometry,
): NetworkTerm {
  const { network, layers, composition: { numbers } } = system;
  const { basisFunctions, features, hyperparameters: { cutoff, irreps } } = network;
  const basis = radialFunctions(execution, network.radialBasis, basisFunctions, cutoff, geometry.distances);
  const pairs = {
    pairs: geometry.pairs,
    basis: basis.values,
    angular: angularFunctions(execution, geometry, irreps),
  };
  const summed = new Float64Array(numbers.length * features);
  const modules: NetworkTape["modules"][number][] = [];
  let x: Float64Array | null = null;
  for (const module of network.modules) {
    const { inputs, tape: inputsTape } = x === null
      ? { inputs: system.firstInputs, tape: null }
      : moduleInputs(layers, module, x, numbers.length);
    const { outputs, tape: outputsTape } = moduleOutputs(layers, module, pairs, inputs);
    modules.push({ inputs, inputsTape, outputsTape });
    accumulate(summed, outputs.y);
    x = outputs.x;
  }
  const output = layers.products.linear(network.output, summed, numbers.length);
  return {
    energies: Float64Array.from(numbers, (z, i) => output[2 * i]! + network.elementBias[2 * z]!),
    charges: Float64Array.from(numbers, (z, i) => output[2 * i + 1]! + network.elementBias[2 * z + 1]!),
    tape: { pairs, basisDerivatives: basis.derivatives, modules },
  };
}

/**
 * Adjoint of {@link networkTerm} for the sum of the atomic energies and any function of the charges: ∂E/∂q̃ `[N]`, eV/e →
 * ∂E/∂r `[U]`, eV/Å, and ∂E/∂p `[U][3]`, eV, of
 * the pairs' distances r and directions p.
 */
export function networkTermAdjoint(
  execution: TermExecution,
  { network, layers, composition: { numbers } }: PreparedSystem,
  geometry: PairGeometry,
  tape: NetworkTape,
  charges: Float64Array,
): { distances: Float64Array; directions: Float64Array } {
  const atoms = numbers.length;
  const output = Float64Array.from({ length: 2 * atoms }, (_, at) => at % 2 === 0 ? 1 : charges[(at - 1) / 2]!);
  const y = layers.products.linearAdjoint(network.output, output, atoms);
  const pairsAdjoint = zeroPairsAdjoint(tape.pairs);
  let x: Float64Array | null = null;
  for (let m = tape.modules.length - 1; m >= 0; m--) {
    const module = network.modules[m]!;
    const { inputs, inputsTape, outputsTape } = tape.modules[m]!;
    const adjoint = moduleOutputsAdjoint(layers, module, tape.pairs, inputs, outputsTape, { x, y }, pairsAdjoint);
    if (inputsTape !== null) x = moduleInputsAdjoint(layers, module, inputsTape, adjoint, atoms);
  }
  const { basisFunctions, hyperparameters: { irreps } } = network;
  return {
    distances: radialFunctionsAdjoint(execution, tape.basisDerivatives, pairsAdjoint.basis, basisFunctions),
    directions: angularFunctionsAdjoint(execution, geometry, irreps, pairsAdjoint.p, pairsAdjoint.d),
  };
}
