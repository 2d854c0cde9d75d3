import { none } from "../packed_weights.ts";
import type { PlanContext } from "./plan_context.ts";

/** Modes of `structure_product.wgsl`. */
const plain = 0, normalised = 1, extended = 2;

/** The kernel's parameters that only the adjoint has. */
const noAdjoints = [0, 0, 0, 0, 0, 0];

/** Queries, keys and values `[atom][F]`, or their adjoints; offsets count vec4s of the features buffer. */
export interface AttentionInputs {
  readonly q: number;
  readonly k: number;
  readonly v: number;
}

/** A structure's sums Σ φ ⊗ y and Σ φ w. */
interface StructureSums {
  readonly matrix: number;
  readonly vector: number;
}

/** What the attention leaves for its adjoint. */
export interface AttentionState extends StructureSums {
  readonly inputs: AttentionInputs;
  readonly uq: number;
  readonly uk: number;
  /** φ of queries and keys `[atom][m]`. */
  readonly phiQ: number;
  readonly phiK: number;
  /** Maxima of the queries' and of the keys' rows `[atom]` each. */
  readonly rows: readonly number[];
  readonly maxima: number;
  readonly denominator: number;
  /** The nonlocal interaction `[atom][F]`. */
  readonly output: number;
}

/** Module m's linear-scaling attention over each structure's atoms. */
export function planAttention(context: PlanContext, m: number, inputs: AttentionInputs): AttentionState {
  const { batch, weights, features, writer } = context;
  const { features4, random4 } = weights;
  const omega = weights.omega[m]!;
  const uq = randomArray(context), uk = randomArray(context);
  const phiQ = randomArray(context), phiK = randomArray(context);
  const job = { rows: batch.atoms, inputs: omega.inputs, outputs: omega.outputs, weight: omega.weight };
  context.linear([{ ...job, x: inputs.q, y: uq }, { ...job, x: inputs.k, y: uk }]);
  const rows = [features.take(batch.atoms), features.take(batch.atoms)], maxima = features.take(batch.structures);
  writer.dispatch(
    "attention_features",
    [batch.structureTable, maxima, inputs.q, inputs.k, uq, uk, phiQ, phiK, ...rows, ...noAdjoints, random4, features4],
    batch.structures,
  );
  const sums = contract(context, phiK, inputs.v, none);
  const denominator = features.take(batch.atoms);
  const output = context.atomArray();
  product(context, [{
    mode: normalised,
    inputs: random4,
    outputs: features4,
    x: phiQ,
    matrix: sums.matrix,
    vector: sums.vector,
    w: denominator,
    y: output,
  }]);
  return { inputs, uq, uk, phiQ, phiK, rows, maxima, ...sums, denominator, output };
}

/** Adjoint of {@linkcode planAttention}. */
export function planAttentionAdjoint(
  context: PlanContext,
  m: number,
  state: AttentionState,
  outputAdjoint: number,
): AttentionInputs {
  const { batch, weights, features, writer } = context;
  const { features4, random4 } = weights;
  const { inputs } = state;
  const numerator = context.atomArray(), denominator = features.take(batch.atoms);
  writer.dispatch(
    "attention_quotient_adjoint",
    [batch.atoms, state.output, state.denominator, outputAdjoint, numerator, denominator, features4],
    context.groups(batch.atoms),
  );
  const sums = contract(context, state.phiQ, numerator, denominator);
  const phiQ = randomArray(context), phiK = randomArray(context);
  const v = context.atomArray();
  const toFeatures = { mode: extended, inputs: features4, outputs: random4 };
  product(context, [
    { ...toFeatures, x: numerator, matrix: state.matrix, vector: state.vector, w: denominator, y: phiQ },
    { ...toFeatures, x: inputs.v, matrix: sums.matrix, vector: sums.vector, w: none, y: phiK },
    { mode: plain, inputs: random4, outputs: features4, x: state.phiK, matrix: sums.matrix, vector: 0, w: none, y: v },
  ]);
  const uq = randomArray(context), uk = randomArray(context);
  const queryPart = context.atomArray(), keyPart = context.atomArray();
  writer.dispatch("attention_features_adjoint", [
    ...[batch.structureTable, state.maxima, inputs.q, inputs.k, state.uq, state.uk, state.phiQ, state.phiK],
    ...[...state.rows, phiQ, phiK, uq, uk, queryPart, keyPart, random4, features4],
  ], batch.structures);
  const omega = weights.omega[m]!;
  const q = context.atomArray(), k = context.atomArray();
  const job = { rows: batch.atoms, inputs: omega.outputs, outputs: omega.inputs, weight: omega.transposed };
  context.linear([{ ...job, x: uq, y: q, r1: queryPart }, { ...job, x: uk, y: k, r1: keyPart }]);
  return { q, k, v };
}

/** Room for `[atom][m]`. */
function randomArray({ batch, weights, features }: PlanContext): number {
  return features.take(batch.atoms * weights.random4);
}

function contract(context: PlanContext, x: number, y: number, w: number): StructureSums {
  const { batch, weights: { features4, random4 }, features, tile: { sumTile, sumSlices } } = context;
  const matrix = features.take(batch.structures * 4 * random4 * features4);
  const vector = features.take(batch.structures * random4);
  context.writer.dispatch(
    "structure_contract",
    [batch.structureTable, x, y, w, matrix, vector],
    context.groups(Math.ceil(random4 / sumTile) * (Math.ceil(features4 / sumTile) + 1) * sumSlices),
    batch.structures,
  );
  return { matrix, vector };
}

/** One job of `structure_product.wgsl`. */
interface ProductJob {
  readonly mode: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly x: number;
  readonly matrix: number;
  readonly vector: number;
  readonly w: number;
  readonly y: number;
}

function product(context: PlanContext, jobs: readonly ProductJob[]): void {
  const { atomTiles, atomTileCount } = context.batch;
  const words = jobs.flatMap((job) => [
    job.mode,
    job.inputs,
    job.outputs,
    job.x,
    job.matrix,
    job.vector,
    job.w,
    job.y,
  ]);
  context.writer.dispatch(
    "structure_product",
    [atomTileCount, atomTiles, 0, 0, ...words],
    context.groups(atomTileCount * Math.max(...jobs.map((job) => job.outputs))),
    jobs.length,
  );
}
