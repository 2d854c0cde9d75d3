import type { Activation, Linear, ResidualBlock, ResidualMlp } from "./network.ts";
import type { TensorSource } from "./tensor_source.ts";

/** Takes a linear layer: `.weight` [outputs][inputs] and, where it has one, `.bias` [outputs]. */
export function buildLinear(
  source: TensorSource,
  name: string,
  outputs: number,
  inputs: number,
  options: { bias: boolean },
): Linear {
  return {
    outputs,
    inputs,
    weight: source.take(`${name}.weight`, [outputs, inputs]).data,
    bias: options.bias ? source.take(`${name}.bias`, [outputs]).data : null,
  };
}

/** Takes an activation: `.alpha` and `.beta` [features]. */
export function buildActivation(source: TensorSource, name: string, features: number): Activation {
  return {
    alpha: source.take(`${name}.alpha`, [features]).data,
    beta: source.take(`${name}.beta`, [features]).data,
  };
}

/** Takes a stack of residual blocks: `.stack.0`, `.stack.1`, … */
export function buildResidualStack(
  source: TensorSource,
  name: string,
  features: number,
  count: number,
  options: { bias: boolean },
): ResidualBlock[] {
  const blocks: ResidualBlock[] = [];
  for (let index = 0; index < count; index++) {
    const block = `${name}.stack.${index}`;
    blocks.push({
      activation1: buildActivation(source, `${block}.activation1`, features),
      linear1: buildLinear(source, `${block}.linear1`, features, features, options),
      activation2: buildActivation(source, `${block}.activation2`, features),
      linear2: buildLinear(source, `${block}.linear2`, features, features, options),
    });
  }
  return blocks;
}

/** Takes a residual MLP: `.residual.stack.…`, `.activation`, `.linear`. */
export function buildResidualMlp(
  source: TensorSource,
  name: string,
  features: number,
  count: number,
  options: { bias: boolean } = { bias: true },
): ResidualMlp {
  return {
    stack: buildResidualStack(source, `${name}.residual`, features, count, options),
    activation: buildActivation(source, `${name}.activation`, features),
    linear: buildLinear(source, `${name}.linear`, features, features, options),
  };
}
