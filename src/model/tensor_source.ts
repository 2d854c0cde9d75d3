import type { Tensor } from "./model.ts";
import { ModelFileError } from "./model_file_error.ts";

/** A shape as the architecture demands it; `null` is an extent that the tensor itself decides. */
export type ExpectedShape = readonly (number | null)[];

/** What the architecture's tensors are taken from, one name after another. */
export interface TensorSource {
  /** The tensor of that name, which has one of the shapes and finite values. */
  take(name: string, ...shapes: readonly ExpectedShape[]): Tensor;
}

/** The tensors of a model file, each checked when it is taken. */
export class ModelTensors implements TensorSource {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #taken = new Set<string>();

  /** Reads from these; nothing is copied. */
  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
  }

  /**
   * The tensor of that name; its data is the model's own.
   *
   * @throws {ModelFileError} where it is missing, has another shape or a value that is not finite.
   */
  take(name: string, ...shapes: readonly ExpectedShape[]): Tensor {
    const tensor = this.#tensors.get(name);
    const expected = shapes.map(formatShape).join(" or ");
    if (tensor === undefined) {
      throw new ModelFileError(
        `Expected a tensor of shape ${expected}, which the hyperparameters ask for, but found none`,
        {
          tensor: name,
        },
      );
    }
    if (!shapes.some((shape) => isOfShape(tensor.shape, shape))) {
      throw new ModelFileError(`Expected shape ${expected} but found ${formatShape(tensor.shape)}`, { tensor: name });
    }
    const index = firstInfinite(tensor.data);
    if (index >= 0) {
      throw new ModelFileError(`Expected finite values but found ${tensor.data[index]} as element ${index}`, {
        tensor: name,
      });
    }
    this.#taken.add(name);
    return tensor;
  }

  /**
   * Makes sure that nothing is left over but what is known to be of no use.
   *
   * @throws {ModelFileError} naming the first tensor that nobody took.
   */
  refuseOthers(unused: ReadonlySet<string>): void {
    const others = [...this.#tensors.keys()].filter((name) => !this.#taken.has(name) && !unused.has(name));
    if (others.length > 0) {
      throw new ModelFileError(
        `Expected only tensors that the hyperparameters ask for but found ${others.length} more, the first of them this`,
        { tensor: others[0]! },
      );
    }
  }
}

/** Where the first value stands that is not finite; −1: all are. A loop, for it passes over every number of a model. */
function firstInfinite(data: Float64Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

function isOfShape(found: readonly number[], expected: ExpectedShape): boolean {
  return found.length === expected.length &&
    expected.every((extent, axis) => extent === null || extent === found[axis]);
}

function formatShape(shape: ExpectedShape): string {
  return `[${shape.map((extent) => extent ?? "any").join(", ")}]`;
}
