import { angularFunctions, angularFunctionsAdjoint } from "./angular.ts";
import { type LocalPairs, zeroPairsAdjoint } from "./local_interaction.ts";
import { type ModuleInputs, moduleInputs, moduleInputsAdjoint, type ModuleInputsTape } from "./module_inputs.ts";
import { moduleOutputs, moduleOutputsAdjoint, type ModuleOutputsTape } from "./module_outputs.ts";
import type { PairGeometry } from "./pair_geometry.ts";
import type { PreparedSystem } from "./prepared_system.ts";
import { radialFunctions, radialFunctionsAdjoint } from "./radial_basis.ts";
import type { Layers } from "./residual.ts";
import { share } from "./team.ts";
import { total } from "./total.ts";

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

/** Derivatives of the energy with respect to the pairs' geometry. */
export interface PairGeometryAdjoint {
  /** ∂E/∂r `[U]`, eV/Å. */
  readonly distances: Float64Array;
  /** ∂E/∂p `[U][3]`, eV. */
  readonly directions: Float64Array;
}

/** All modules and the output layer over the pairs within the network's cutoff. */
export function networkTerm(layers: Layers, system: PreparedSystem, geometry: PairGeometry): NetworkTerm {
  const { workspace, team, operations } = layers;
  const { network, composition: { numbers } } = system;
  const { basisFunctions, elementBias, output, hyperparameters: { cutoff, irreps } } = network;
  const atoms = numbers.length;
  const basis = radialFunctions(layers, network.radialBasis, basisFunctions, cutoff, geometry.distances);
  const pairs = {
    pairs: geometry.pairs,
    basis: basis.values,
    angular: angularFunctions(layers, geometry, irreps),
  };
  const modules: NetworkTape["modules"][number][] = [];
  let x: Float64Array | null = null;
  let summed: Float64Array | null = null;
  for (const module of network.modules) {
    const { inputs, tape: inputsTape } = x === null
      ? { inputs: system.firstInputs, tape: null }
      : moduleInputs(layers, module, x, atoms);
    const { outputs, tape: outputsTape } = moduleOutputs(layers, module, pairs, inputs);
    modules.push({ inputs, inputsTape, outputsTape });
    summed = summed === null ? outputs.y : total(layers, atoms, [summed, outputs.y]);
    x = outputs.x;
  }
  const outputs = workspace.float64(2 * atoms);
  const energies = workspace.float64(atoms), charges = workspace.float64(atoms);
  const own = share(team, atoms);
  operations.linear(output, summed!, outputs, own);
  for (let i = own.from; i < own.to; i++) {
    const z = numbers[i]!;
    energies[i] = outputs[2 * i]! + elementBias[2 * z]!;
    charges[i] = outputs[2 * i + 1]! + elementBias[2 * z + 1]!;
  }
  return { energies, charges, tape: { pairs, basisDerivatives: basis.derivatives, modules } };
}

/**
 * Adjoint of {@link networkTerm} for the sum of the atomic energies and any function of the charges: ∂E/∂q̃ `[N]`, eV/e →
 * what depends on the pairs' geometry.
 */
export function networkTermAdjoint(
  layers: Layers,
  { network, composition: { numbers } }: PreparedSystem,
  geometry: PairGeometry,
  tape: NetworkTape,
  charges: Float64Array,
): PairGeometryAdjoint {
  const { workspace, team, operations } = layers;
  const { features, basisFunctions, output, hyperparameters: { irreps } } = network;
  const atoms = numbers.length;
  const outputs = workspace.float64(2 * atoms);
  const y = workspace.float64(atoms * features);
  const own = share(team, atoms);
  for (let i = own.from; i < own.to; i++) {
    outputs[2 * i] = 1;
    outputs[2 * i + 1] = charges[i]!;
  }
  operations.linearAdjoint(output, outputs, y, own);
  const pairsAdjoint = zeroPairsAdjoint(layers, tape.pairs);
  let x: Float64Array | null = null;
  for (let m = tape.modules.length - 1; m >= 0; m--) {
    const module = network.modules[m]!;
    const { inputs, inputsTape, outputsTape } = tape.modules[m]!;
    const adjoint = moduleOutputsAdjoint(
      layers,
      module,
      tape.pairs,
      inputs,
      outputsTape,
      { x, y },
      pairsAdjoint,
      inputsTape !== null,
    );
    if (inputsTape !== null) x = moduleInputsAdjoint(layers, module, inputsTape, adjoint!, atoms);
  }
  return {
    distances: radialFunctionsAdjoint(layers, tape.basisDerivatives, pairsAdjoint.basis, basisFunctions),
    directions: angularFunctionsAdjoint(layers, geometry, irreps, pairsAdjoint.p, pairsAdjoint.d),
  };
}
