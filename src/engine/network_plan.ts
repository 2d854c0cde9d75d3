import type { InteractionModule, Network } from "../model/network.ts";
import type { BatchIndices } from "./batch.ts";
import { elementTable } from "./element_table.ts";
import { pairsDeep } from "./kernel_constants.ts";
import { none, type PackedWeights } from "./packed_weights.ts";
import { Arena, type LinearJob, type Plan, PlanWriter } from "./plan.ts";
import { type MlpJobs, ResidualJobs, sideBySide, type StackJobs } from "./residual_jobs.ts";
import type { Tile } from "./tile.ts";

/** The list of dispatches of a batch, and the room it needs. */
export interface NetworkPlan {
  readonly step: Plan;
  /**
   * Where the first module's inputs stand in the features buffer, vec4s: x, then those of the messages (x, s, p, d), then
   * the nonlocal interaction, `[6][atom][F]`. They depend on elements, charge and spin alone, so the host prepares them
   * once for each system, in float64.
   */
  readonly firstInputs: number;
  /** Vec4s of the features and pairs buffers. */
  readonly featuresLength: number;
  readonly pairsLength: number;
}

/** Where the tables of a batch stand in the elements buffer; vec4s, the C6 table scalars. */
export interface ElementPlaces {
  readonly count: number;
  readonly table: number;
  readonly charges: number;
  readonly c6: number;
  readonly repulsion: number;
}

/** Number of arrays that a module's messages and its sum x + l + n start from. */
export const moduleInputCount = 6;

/** What a module's messages and its sum x + l + n start from; offsets count vec4s of the features buffer. */
interface ModuleInputs {
  readonly skip: number;
  readonly x: number;
  readonly s: number;
  readonly p: number;
  readonly d: number;
  readonly nonlocal: number;
}

/** How a module's inputs came from its features, for the adjoint. The first module has none. */
interface ModuleInputsState {
  readonly pre: StackJobs;
  /** Inputs of messages and attention, in the order x, s, p, d, q, k, v. */
  readonly blocks: readonly MlpJobs[];
  readonly attention: AttentionState;
}

/** What one module leaves for its adjoint. */
interface ModuleState {
  readonly inputs: ModuleInputs;
  readonly origin: ModuleInputsState | null;
  readonly messages: MessageState;
  readonly local: MlpJobs;
  readonly post: StackJobs;
  readonly out: MlpJobs;
}

interface AttentionState {
  readonly uq: number;
  readonly uk: number;
  readonly q: number;
  readonly k: number;
  readonly rows: number;
  readonly maxima: number;
  readonly matrix: number;
  readonly transposed: number;
  readonly vector: number;
  readonly denominator: number;
  readonly output: number;
}

interface MessageState {
  readonly s: number;
  readonly p: number;
  readonly d: number;
  readonly projectedP: number;
  readonly projectedD: number;
  readonly combined: number;
}

/**
 * Lists the dispatches of a whole evaluation: energy, charges, forces and virial of every structure of a batch.
 *
 * @param network The model.
 * @param weights Its packed weights.
 * @param indices The batch.
 * @param elements The batch's element tables.
 * @param tile Preset of the tile.
 */
export function planNetwork(
  network: Network,
  weights: PackedWeights,
  indices: BatchIndices,
  elements: ElementPlaces,
  tile: Tile,
): NetworkPlan {
  return new NetworkPlanner(network, weights, indices, elements, tile).plan();
}

class NetworkPlanner {
  #network: Network;
  #weights: PackedWeights;
  #batch: BatchIndices;
  #elements: ElementPlaces;
  #tile: Tile;
  #features = new Arena();
  #pairs = new Arena();
  #residual: ResidualJobs;
  #writer = new PlanWriter();
  /** D functions: 5 or 6. */
  #dFunctions: number;
  #geometry: number;
  #gradient: number;
  #place: number;
  /** g `[pair][M·3·F]`, then g′. */
  #radial: number;
  #radialStride: number;

  constructor(network: Network, weights: PackedWeights, batch: BatchIndices, elements: ElementPlaces, tile: Tile) {
    this.#network = network;
    this.#weights = weights;
    this.#batch = batch;
    this.#elements = elements;
    this.#tile = tile;
    this.#residual = new ResidualJobs(weights, this.#features, batch.atoms);
    this.#dFunctions = network.hyperparameters.irreps ? 5 : 6;
    this.#geometry = this.#pairs.take(batch.pairs);
    this.#gradient = this.#pairs.take(batch.pairs);
    this.#place = this.#pairs.take(batch.pairs);
    this.#radialStride = 3 * network.modules.length * weights.features4;
    this.#radial = this.#pairs.take(2 * batch.pairs * this.#radialStride);
  }

  plan(): NetworkPlan {
    const { modules } = this.#network;
    const size = this.#batch.atoms * this.#weights.features4;
    const firstInputs = this.#features.take(moduleInputCount * size);
    const [skip, x, s, p, d, nonlocal] = Array.from({ length: moduleInputCount }, (_, a) => firstInputs + a * size);
    let inputs: ModuleInputs = { skip: skip!, x: x!, s: s!, p: p!, d: d!, nonlocal: nonlocal! };
    let origin: ModuleInputsState | null = null;

    this.#pairTerms();
    const states: ModuleState[] = [];
    const sum = this.#atomArray();
    modules.forEach((module, m) => {
      if (m > 0) ({ inputs, origin } = this.#moduleInputs(module, states[m - 1]!.post.output));
      states.push(this.#moduleOutputs(module, m, inputs, origin, sum));
    });

    const adjoints = this.#features.take(this.#batch.atoms);
    const chargeParameters = [
      this.#batch.atoms,
      this.#batch.atomTable,
      this.#batch.structureTable,
      this.#elements.table,
      this.#elements.charges,
      this.#weights.output,
      sum,
      adjoints,
    ];
    const outputAdjoint = this.#atomArray();
    this.#writer.dispatch("charges", [...chargeParameters, outputAdjoint], this.#batch.structures);
    this.#longRange(adjoints);
    this.#writer.dispatch("charges_adjoint", [...chargeParameters, outputAdjoint], this.#batch.structures);

    let next: number | undefined;
    for (let m = modules.length - 1; m >= 0; m--) {
      next = this.#moduleAdjoint(modules[m]!, m, states[m]!, outputAdjoint, next);
    }
    this.#forces(adjoints);
    return {
      step: this.#writer.finish(),
      firstInputs,
      featuresLength: this.#features.length,
      pairsLength: this.#pairs.length,
    };
  }

  // ---------------------------------------------------------------- pairs

  /** Unit vectors, distances, repulsion; radial maps of all modules with their derivatives. */
  #pairTerms(): void {
    const { pairs, first, second, image, atomTable } = this.#batch;
    this.#writer.dispatch("pair_geometry", [
      pairs,
      first,
      second,
      image,
      atomTable,
      this.#elements.count,
      this.#elements.repulsion,
      this.#geometry,
      this.#place,
      this.#gradient,
    ], this.#groups(pairs));
    this.#writer.dispatch(
      "radial_maps",
      [pairs, this.#geometry, this.#place, this.#radial, this.#weights.radial],
      this.#groups(this.#radialStride),
      Math.min(pairs, pairsDeep),
      Math.ceil(pairs / pairsDeep),
    );
  }

  /** Where module m's radial_s begins in a pair's row; radial_p and radial_d follow. */
  #moduleRadial(m: number): number {
    return this.#radial + 3 * m * this.#weights.features4;
  }

  // ---------------------------------------------------------------- modules

  /** residual_pre, the seven blocks that read its output, and the attention. */
  #moduleInputs(module: InteractionModule, features: number): { inputs: ModuleInputs; origin: ModuleInputsState } {
    const pre = this.#residual.stack(module.residualPre, features);
    this.#sideBySide([pre.jobs]);
    const blocks = [
      module.resblockX,
      module.resblockS,
      module.resblockP,
      module.resblockD,
      module.resblockQ,
      module.resblockK,
      module.resblockV,
    ].map((mlp) => this.#residual.mlp(mlp, pre.output));
    this.#sideBySide(blocks.map((block) => block.jobs));
    const attention = this.#attention(module, blocks);
    const [x, s, p, d] = blocks.map((block) => block.output);
    return {
      inputs: { skip: pre.output, x: x!, s: s!, p: p!, d: d!, nonlocal: attention.output },
      origin: { pre, blocks, attention },
    };
  }

  /** Messages, residual MLP of the local interaction, residual_post, the module's output added to `sum`. */
  #moduleOutputs(
    module: InteractionModule,
    m: number,
    inputs: ModuleInputs,
    origin: ModuleInputsState | null,
    sum: number,
  ): ModuleState {
    const messages = this.#messages(module, m, inputs);
    const local = this.#residual.mlp(module.resblockLocal, messages.combined, {
      r1: inputs.skip,
      r2: inputs.nonlocal,
    });
    const post = this.#residual.stack(module.residualPost, local.output);
    const out = this.#residual.mlp(module.resblock, post.output, { output: sum, ...(m === 0 ? {} : { r1: sum }) });
    this.#sideBySide([[...local.jobs, ...post.jobs, ...out.jobs]]);
    return { inputs, origin, messages, local, post, out };
  }

  /** Adjoint of a whole module; returns that of its input, none for the first module. */
  #moduleAdjoint(
    module: InteractionModule,
    m: number,
    state: ModuleState,
    outputAdjoint: number,
    next: number | undefined,
  ): number | undefined {
    const out = this.#residual.mlpAdjoint(state.out, outputAdjoint, next === undefined ? {} : { extra: next });
    const post = this.#residual.stackAdjoint(state.post, out.output);
    // x + l + n: the same adjoint for all three
    const total = post.output;
    const local = this.#residual.mlpAdjoint(state.local, total);
    this.#sideBySide([[...out.jobs, ...post.jobs, ...local.jobs]]);
    const messages = this.#messagesAdjoint(module, m, state, local.output);
    const { origin } = state;
    if (origin === null) return undefined;
    const attention = this.#attentionAdjoint(m, origin, total);
    // The seven blocks read one x: their adjoints side by side, then summed; the residual connection joins the first.
    const size = this.#batch.atoms * this.#weights.features4;
    const terms = this.#features.take(7 * size);
    const blockAdjoints = [local.output, ...messages, ...attention];
    const sequences = origin.blocks.map((block, b) =>
      this.#residual.mlpAdjoint(block, blockAdjoints[b]!, {
        output: terms + b * size,
        ...(b === 0 ? { extra: total } : {}),
      }).jobs
    );
    this.#sideBySide(sequences);
    const sum = this.#atomArray();
    this.#writer.dispatch("sum", [size, 7, terms, sum], this.#groups(size));
    const pre = this.#residual.stackAdjoint(origin.pre, sum);
    this.#sideBySide([pre.jobs]);
    return pre.output;
  }

  // ---------------------------------------------------------------- local interaction

  #messages(module: InteractionModule, m: number, inputs: ModuleInputs): MessageState {
    const { atoms } = this.#batch;
    const { features4 } = this.#weights;
    const s = this.#atomArray();
    const p = this.#features.take(3 * atoms * features4);
    const d = this.#features.take(this.#dFunctions * atoms * features4);
    this.#writer.dispatch(
      "local_gather",
      this.#gatherParameters(m, inputs.x, inputs.s, inputs.p, inputs.d, s, p, d),
      this.#groups(atoms * features4),
    );
    const projectedP = this.#features.take(6 * atoms * features4);
    const projectedD = this.#features.take(2 * this.#dFunctions * atoms * features4);
    const jobs: LinearJob[] = [[module.projectionP, 3, p, projectedP], [
      module.projectionD,
      this.#dFunctions,
      d,
      projectedD,
    ]]
      .map(([layer, components, input, output]) => {
        const packed = this.#weights.linear.get(layer as InteractionModule["projectionP"])!;
        return {
          rows: (components as number) * atoms,
          inputs: packed.inputs,
          outputs: packed.outputs,
          x: input as number,
          y: output as number,
          weight: packed.weight,
          bias: packed.bias,
        };
      });
    this.#linear(jobs);
    const combined = this.#atomArray();
    this.#writer.dispatch(
      "combine",
      [atoms, s, projectedP, projectedD, combined, 0, 0],
      this.#groups(atoms * features4),
    );
    return { s, p, d, projectedP, projectedD, combined };
  }

  /** Adds to the pairs' gradients; returns the adjoints of xs, xp, xd (unless this is the first module). */
  #messagesAdjoint(module: InteractionModule, m: number, state: ModuleState, combinedAdjoint: number): number[] {
    const { atoms, pairs, first, second } = this.#batch;
    const { features4 } = this.#weights;
    const { projectedP, projectedD } = state.messages;
    const projectedPAdjoint = this.#features.take(6 * atoms * features4);
    const projectedDAdjoint = this.#features.take(2 * this.#dFunctions * atoms * features4);
    this.#writer.dispatch(
      "combine_adjoint",
      [atoms, 0, projectedP, projectedD, combinedAdjoint, projectedPAdjoint, projectedDAdjoint],
      this.#groups(atoms * features4),
    );
    const p = this.#features.take(3 * atoms * features4);
    const d = this.#features.take(this.#dFunctions * atoms * features4);
    const projectionP = this.#weights.linear.get(module.projectionP)!;
    const projectionD = this.#weights.linear.get(module.projectionD)!;
    this.#linear([
      {
        rows: 3 * atoms,
        inputs: projectionP.outputs,
        outputs: projectionP.inputs,
        x: projectedPAdjoint,
        y: p,
        weight: projectionP.transposed,
      },
      {
        rows: this.#dFunctions * atoms,
        inputs: projectionD.outputs,
        outputs: projectionD.inputs,
        x: projectedDAdjoint,
        y: d,
        weight: projectionD.transposed,
      },
    ]);
    this.#writer.dispatch("pair_adjoint", [
      pairs,
      first,
      second,
      this.#geometry,
      this.#gradient,
      this.#moduleRadial(m),
      this.#moduleRadial(m) + pairs * this.#radialStride,
      this.#radialStride,
      state.inputs.s,
      state.inputs.p,
      state.inputs.d,
      combinedAdjoint,
      p,
      d,
    ], this.#groups(pairs));
    if (state.origin === null) return [];
    const adjoints = [this.#atomArray(), this.#atomArray(), this.#atomArray()];
    this.#writer.dispatch(
      "local_gather_adjoint",
      this.#gatherParameters(m, 0, adjoints[0]!, adjoints[1]!, adjoints[2]!, combinedAdjoint, p, d),
      this.#groups(atoms * features4),
    );
    return adjoints;
  }

  #gatherParameters(
    m: number,
    central: number,
    xs: number,
    xp: number,
    xd: number,
    s: number,
    p: number,
    d: number,
  ): number[] {
    const { atoms, start, neighbour, entry } = this.#batch;
    return [
      atoms,
      start,
      neighbour,
      entry,
      this.#geometry,
      this.#moduleRadial(m),
      this.#radialStride,
      central,
      xs,
      xp,
      xd,
      s,
      p,
      d,
    ];
  }

  // ---------------------------------------------------------------- attention

  #attention(module: InteractionModule, blocks: readonly MlpJobs[]): AttentionState {
    const { atoms, structures, structureTable, atomTable } = this.#batch;
    const { features4, random4 } = this.#weights;
    const [xq, xk, xv] = blocks.slice(4).map((block) => block.output);
    const omega = this.#weights.omega[this.#network.modules.indexOf(module)]!;
    const [uq, uk, q, k] = [0, 1, 2, 3].map(() => this.#features.take(atoms * random4));
    this.#linear(
      [[xq!, uq!], [xk!, uk!]].map(([x, y]) => ({
        rows: atoms,
        inputs: omega.inputs,
        outputs: omega.outputs,
        x: x!,
        y: y!,
        weight: omega.weight,
      })),
    );
    const rows = this.#features.take(atoms);
    const maxima = this.#features.take(structures);
    this.#writer.dispatch(
      "attention_features",
      [structureTable, xq!, xk!, uq!, uk!, q!, k!, rows, maxima, 0, 0, 0, 0, 0, 0],
      structures,
    );
    const sums = this.#contract(k!, xv!, none);
    const denominator = this.#features.take(atoms);
    const output = this.#atomArray();
    this.#product([{
      mode: normalised,
      inputs: random4,
      outputs: features4,
      x: q!,
      matrix: sums.matrix,
      vector: sums.vector,
      w: denominator,
      y: output,
    }], atomTable);
    return { uq: uq!, uk: uk!, q: q!, k: k!, rows, maxima, ...sums, denominator, output };
  }

  /** Returns the adjoints of q, k, v. */
  #attentionAdjoint(m: number, { blocks, attention }: ModuleInputsState, outputAdjoint: number): number[] {
    const { atoms, structures, structureTable, atomTable } = this.#batch;
    const { features4, random4 } = this.#weights;
    const [xq, xk, xv] = blocks.slice(4).map((block) => block.output);
    const numerator = this.#atomArray();
    const denominator = this.#features.take(atoms);
    this.#writer.dispatch(
      "attention_quotient_adjoint",
      [atoms, attention.output, attention.denominator, outputAdjoint, numerator, denominator],
      this.#groups(atoms),
    );
    const sums = this.#contract(attention.q, numerator, denominator);
    const [q, k, uq, uk] = [0, 1, 2, 3].map(() => this.#features.take(atoms * random4));
    const common = { mode: extended, inputs: features4, outputs: random4 };
    this.#product([
      { ...common, x: numerator, matrix: attention.transposed, vector: attention.vector, w: denominator, y: q! },
      { ...common, x: xv!, matrix: sums.transposed, vector: sums.vector, w: none, y: k! },
    ], atomTable);
    const v = this.#atomArray();
    this.#product([{
      mode: plain,
      inputs: random4,
      outputs: features4,
      x: attention.k,
      matrix: sums.matrix,
      vector: 0,
      w: none,
      y: v,
    }], atomTable);
    const xqPart = this.#atomArray();
    const xkPart = this.#atomArray();
    this.#writer.dispatch("attention_features_adjoint", [
      structureTable,
      xq!,
      xk!,
      attention.uq,
      attention.uk,
      attention.q,
      attention.k,
      attention.rows,
      attention.maxima,
      q!,
      k!,
      uq!,
      uk!,
      xqPart,
      xkPart,
    ], structures);
    const omega = this.#weights.omega[m]!;
    const adjoints = [this.#atomArray(), this.#atomArray()];
    this.#linear(
      [[uq!, xqPart, adjoints[0]!], [uk!, xkPart, adjoints[1]!]].map(([x, r1, y]) => ({
        rows: atoms,
        inputs: omega.outputs,
        outputs: omega.inputs,
        x: x!,
        y: y!,
        weight: omega.transposed,
        r1: r1!,
      })),
    );
    return [...adjoints, v];
  }

  #contract(x: number, y: number, w: number): Pick<AttentionState, "matrix" | "transposed" | "vector"> {
    const { structures, structureTable } = this.#batch;
    const { features4, random4 } = this.#weights;
    const matrix = this.#features.take(structures * 4 * random4 * features4);
    const transposed = this.#features.take(structures * 4 * random4 * features4);
    const vector = this.#features.take(structures * random4);
    this.#writer.dispatch(
      "structure_contract",
      [structureTable, x, y, w, matrix, transposed, vector],
      this.#groups(random4 * (features4 + 1)),
      structures,
    );
    return { matrix, transposed, vector };
  }

  #product(
    jobs: readonly {
      mode: number;
      inputs: number;
      outputs: number;
      x: number;
      matrix: number;
      vector: number;
      w: number;
      y: number;
    }[],
    atomTable: number,
  ): void {
    const { atoms } = this.#batch;
    const outputs = Math.max(...jobs.map((job) => job.outputs));
    this.#writer.dispatch(
      "structure_product",
      [
        atoms,
        atomTable,
        0,
        0,
        ...jobs.flatMap((
          job,
        ) => [job.mode, job.inputs, job.outputs, job.x, job.matrix, job.vector, job.w, job.y]),
      ],
      this.#groups(atoms * outputs),
      jobs.length,
    );
  }

  // ---------------------------------------------------------------- long range and results

  #longRange(adjoints: number): void {
    const { atoms, atomTable, longRangeList, images } = this.#batch;
    const { hyperparameters, dispersion } = this.#network;
    if (!hyperparameters.electrostatics && dispersion === null) return;
    const row = 6 + 2 * this.#elements.count;
    const rows = dispersion === null ? 0 : this.#features.take(atoms * row);
    if (dispersion !== null) {
      this.#writer.dispatch("dispersion_weights", [
        atoms,
        atomTable,
        longRangeList,
        images,
        this.#elements.table,
        this.#elements.count,
        this.#elements.c6,
        4 * rows,
        4 * row,
      ], this.#groups(atoms));
    }
    this.#writer.dispatch(
      "long_range",
      [atoms, atomTable, longRangeList, images, this.#elements.table, rows, row, adjoints],
      this.#groups(atoms),
    );
  }

  #forces(adjoints: number): void {
    const { atoms, atomTable, longRangeList, images, start, entry } = this.#batch;
    this.#writer.dispatch("forces", [
      atoms,
      atomTable,
      longRangeList,
      images,
      this.#elements.table,
      start,
      entry,
      this.#geometry,
      this.#gradient,
      adjoints,
    ], this.#groups(atoms));
  }

  // ---------------------------------------------------------------- helpers

  /** Room for `[atom][F]`. */
  #atomArray(): number {
    return this.#features.take(this.#batch.atoms * this.#weights.features4);
  }

  /** Workgroups for one thread an item. */
  #groups(items: number): number {
    return Math.ceil(items / this.#tile.threads);
  }

  #sideBySide(sequences: readonly (readonly LinearJob[])[]): void {
    for (const jobs of sideBySide(sequences)) this.#linear(jobs);
  }

  #linear(jobs: readonly LinearJob[]): void {
    const { tileRows, rowThreads, tileColumns, columnThreads } = this.#tile;
    this.#writer.linear(jobs, tileRows * rowThreads, tileColumns * columnThreads);
  }
}

/** Modes of `structure_product.wgsl`. */
const plain = 0;
const normalised = 1;
const extended = 2;

/** Vec4s of the elements buffer's parts: element rows, charges of the structures, C6 table, repulsion table. */
export function placeElements(
  count: number,
  structures: number,
  intervals: number,
): ElementPlaces & { readonly length: number } {
  const charges = count * elementTable.stride4;
  const c6 = charges + structures;
  const repulsion = c6 + 14 * count * count;
  return { count, table: 0, charges, c6: 4 * c6, repulsion, length: repulsion + 2 * intervals * count * count };
}
