import { buildLinear, buildResidualMlp, buildResidualStack } from "./build_layers.ts";
import { buildDispersion, buildRadialBasis, buildRepulsion } from "./build_terms.ts";
import type { Hyperparameters } from "./hyperparameters.ts";
import type { Model } from "./model.ts";
import type { ElectronicEmbedding, InteractionModule, Network } from "./network.ts";
import { ModelTensors, type TensorSource } from "./tensor_source.ts";

/** What checkpoints hold besides: the probability of a module during training, and the Gaussians' cutoff. */
const unusedTensors: ReadonlySet<string> = new Set(["keep_prob", "radial_basis_functions.cutoff"]);

/** Numbers that describe the electron configuration of an element. */
const configurationLength = 20;

/**
 * Puts a model's tensors into the architecture's own shape: every tensor looked up by its published name, constrained
 * parameters through their softplus in float64, ZBL coefficients normalised.
 *
 * Arrays that need no such treatment are the model's own, not copies; nobody may write to them.
 *
 * @throws {ModelFileError} naming the tensor, where one is missing, has another shape than the hyperparameters ask
 * for, holds a value that is not finite, or is not known.
 */
export function buildNetwork(model: Model): Network {
  const tensors = new ModelTensors(model.tensors);
  const network = assembleNetwork(model.hyperparameters, tensors);
  tensors.refuseOthers(unusedTensors);
  return network;
}

/**
 * Builds a network of the architecture that the hyperparameters describe from any source of tensors. This is the one
 * list of the published names and their shapes.
 */
export function assembleNetwork(hyperparameters: Hyperparameters, source: TensorSource): Network {
  const { features, maxAtomicNumber } = hyperparameters;
  return {
    hyperparameters,
    features,
    basisFunctions: hyperparameters.basisFunctions,
    elementBias: source.take("element_bias", [maxAtomicNumber, 2]).data,
    elementEmbedding: source.take("nuclear_embedding.element_embedding", [maxAtomicNumber, features]).data,
    electronConfig: source.take("nuclear_embedding.electron_config", [maxAtomicNumber, configurationLength]).data,
    configLinear: buildLinear(source, "nuclear_embedding.config_linear", features, configurationLength, {
      bias: false,
    }),
    chargeEmbedding: buildElectronicEmbedding(source, "charge_embedding", 2, hyperparameters),
    spinEmbedding: buildElectronicEmbedding(source, "magmom_embedding", 1, hyperparameters),
    radialBasis: buildRadialBasis(source, hyperparameters),
    modules: Array.from(
      { length: hyperparameters.modules },
      (_, index) => buildModule(source, `module.${index}`, hyperparameters),
    ),
    output: buildLinear(source, "output", 2, features, { bias: false }),
    repulsion: hyperparameters.zblRepulsion ? buildRepulsion(source) : null,
    dispersion: hyperparameters.dispersion ? buildDispersion(source, maxAtomicNumber) : null,
  };
}

/** @param inputs Numbers that a linear embedding makes of the charge (2: positive, negative) or the spin (1). */
function buildElectronicEmbedding(
  source: TensorSource,
  name: string,
  inputs: number,
  { features, residual, nonlinearEmbedding }: Hyperparameters,
): ElectronicEmbedding {
  const [bias, plain] = [{ bias: true }, { bias: false }];
  if (nonlinearEmbedding) {
    return {
      kind: "nonlinear",
      query: buildLinear(source, `${name}.linear_q`, features, features, plain),
      featurizeKey: buildLinear(source, `${name}.featurize_k`, features, 1, bias),
      resblockKey: buildResidualMlp(source, `${name}.resblock_k`, features, residual.electron, bias),
      featurizeValue: buildLinear(source, `${name}.featurize_v`, features, 1, plain),
      resblockValue: buildResidualMlp(source, `${name}.resblock_v`, features, residual.electron, plain),
    };
  }
  return {
    kind: "linear",
    query: buildLinear(source, `${name}.linear_q`, features, features, bias),
    key: buildLinear(source, `${name}.linear_k`, features, inputs, plain),
    value: buildLinear(source, `${name}.linear_v`, features, inputs, plain),
    resblock: buildResidualMlp(source, `${name}.resblock`, features, residual.electron, plain),
  };
}

function buildModule(source: TensorSource, name: string, hyperparameters: Hyperparameters): InteractionModule {
  const { features, basisFunctions, residual } = hyperparameters;
  const local = `${name}.local_interaction`;
  const nonlocal = `${name}.nonlocal_interaction`;
  const radial = (kind: string) =>
    buildLinear(source, `${local}.radial_${kind}`, features, basisFunctions, { bias: false });
  const projection = (kind: string) =>
    buildLinear(source, `${local}.projection_${kind}`, 2 * features, features, { bias: false });
  const omega = source.take(`${nonlocal}.attention.omega`, [features, null], [0]);
  return {
    residualPre: buildResidualStack(source, `${name}.residual_pre`, features, residual.pre, { bias: true }),
    radialS: radial("s"),
    radialP: radial("p"),
    radialD: radial("d"),
    resblockX: buildResidualMlp(source, `${local}.resblock_x`, features, residual.localX),
    resblockS: buildResidualMlp(source, `${local}.resblock_s`, features, residual.localS),
    resblockP: buildResidualMlp(source, `${local}.resblock_p`, features, residual.localP),
    resblockD: buildResidualMlp(source, `${local}.resblock_d`, features, residual.localD),
    projectionP: projection("p"),
    projectionD: projection("d"),
    resblockLocal: buildResidualMlp(source, `${local}.resblock`, features, residual.local),
    resblockQ: buildResidualMlp(source, `${nonlocal}.resblock_q`, features, residual.nonlocalQ),
    resblockK: buildResidualMlp(source, `${nonlocal}.resblock_k`, features, residual.nonlocalK),
    resblockV: buildResidualMlp(source, `${nonlocal}.resblock_v`, features, residual.nonlocalV),
    omega: omega.data.length > 0 ? omega.data : null,
    randomFeatures: omega.data.length / features,
    residualPost: buildResidualStack(source, `${name}.residual_post`, features, residual.post, { bias: true }),
    resblock: buildResidualMlp(source, `${name}.resblock`, features, residual.output),
  };
}

/** Whether a network can take atoms of that atomic number: 1 to `maxAtomicNumber` − 1 (row 0 of the tables is empty). */
export function supportedElement(network: Pick<Network, "hyperparameters">, atomicNumber: number): boolean {
  return Number.isInteger(atomicNumber) && atomicNumber >= 1 &&
    atomicNumber < network.hyperparameters.maxAtomicNumber;
}
