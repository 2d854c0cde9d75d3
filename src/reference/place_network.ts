import type { InteractionModule, Linear, Network } from "../model/network.ts";
import type { PreparedLinear } from "./operations.ts";
import type { Workspace } from "./workspace.ts";

/** The same shape with all numbers in a workspace's memory, where {@link Operations} and other threads find them. */
export type Placed<T> = T extends Linear ? PreparedLinear
  : T extends Float64Array ? Float64Array
  : T extends readonly (infer Element)[] ? readonly Placed<Element>[]
  : T extends object ? { readonly [Key in keyof T]: Placed<T[Key]> }
  : T;

/** A module in a workspace's memory. */
export interface PlacedModule extends Placed<InteractionModule> {
  /** The attention's random features as a layer, X/F^¼ → U: ωᵀ/F^¼ `[m][F]`; `null` means exact attention. */
  readonly randomProjection: PreparedLinear | null;
}

/** A network in a workspace's memory. */
export interface PlacedNetwork extends Omit<Placed<Network>, "modules"> {
  /** The modules, the first applied first. */
  readonly modules: readonly PlacedModule[];
}

/** Copies a network's numbers into a workspace, each layer's twice: as they are and transposed. */
export function placeNetwork(network: Network, workspace: Workspace): PlacedNetwork {
  return {
    ...place(network, workspace),
    modules: network.modules.map((module) => ({
      ...place(module, workspace),
      randomProjection: module.omega === null
        ? null
        : placeLinear(randomProjection(module.omega, network.features, module.randomFeatures), workspace),
    })),
  };
}

/** X/F^¼ → U of the attention's random features ω `[F][m]`, as a layer. */
export function randomProjection(omega: Float64Array, inputs: number, outputs: number): Linear {
  const weight = transposed(omega, inputs, outputs).map((element) => element / inputs ** 0.25);
  return { inputs, outputs, weight, bias: null };
}

function place<T>(value: T, workspace: Workspace): Placed<T>;
function place(value: unknown, workspace: Workspace): unknown {
  if (value instanceof Float64Array) return copied(value, workspace);
  if (Array.isArray(value)) return value.map((element) => place(element, workspace));
  if (typeof value !== "object" || value === null) return value;
  if (isLinear(value)) return placeLinear(value, workspace);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, place(part, workspace)]));
}

/** Copies a layer's numbers into a workspace. */
export function placeLinear({ inputs, outputs, weight, bias }: Linear, workspace: Workspace): PreparedLinear {
  const forward = workspace.float64(panelsLength(inputs, outputs));
  const backward = workspace.float64(panelsLength(outputs, inputs));
  putPanels(weight, 1, inputs, inputs, outputs, forward);
  putPanels(weight, inputs, 1, outputs, inputs, backward);
  return {
    inputs,
    outputs,
    weight: copied(weight, workspace),
    bias: bias && copied(bias, workspace),
    forward,
    backward,
  };
}

const panelWidth = 8;

/** Numbers in the panels of a matrix `[k][n]`. */
function panelsLength(k: number, n: number): number {
  return Math.ceil(n / panelWidth) * k * panelWidth;
}

/** Writes the matrix m(l, j) = values[l·row + j·column] `[k][n]` in panels. */
function putPanels(
  values: Float64Array,
  row: number,
  column: number,
  k: number,
  n: number,
  panels: Float64Array,
): void {
  let to = 0;
  for (let first = 0; first < n; first += panelWidth) {
    const end = Math.min(first + panelWidth, n);
    for (let l = 0; l < k; l++, to += panelWidth) {
      for (let j = first; j < end; j++) panels[to + j - first] = values[l * row + j * column]!;
    }
  }
}

function isLinear(value: object): value is Linear {
  return "weight" in value && "inputs" in value && "outputs" in value;
}

/** `[rows][columns]` → `[columns][rows]`. */
export function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column]!;
  }
  return result;
}

/** A copy in a workspace. */
export function copied(values: Float64Array, workspace: Workspace): Float64Array {
  const result = workspace.float64(values.length);
  result.set(values);
  return result;
}
