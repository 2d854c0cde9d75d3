import type { Activation, Linear } from "../../model/network.ts";
import { accumulate, hadamard } from "../../reference/elementwise.ts";
import { activate, linear, linearAdjoint, product } from "../../reference/plain_functions.ts";
import type { KernelBench } from "../kernel_bench.ts";
import type { PackedLinear } from "../packed_weights.ts";
import type { LinearLayers } from "../plan/linear_layers.ts";
import { Arena, type LinearJob, PlanWriter } from "../plan/plan.ts";
import { sideBySide } from "../plan/residual_jobs.ts";
import { RowLayers } from "../plan/row_layers.ts";
import { TileLayers } from "../plan/tile_layers.ts";
import { type Comparison, dot, type KernelCheck, magnitudes, roundings } from "./kernel_check.ts";
import { Memory, rowsAt, unpadded } from "./memory.ts";

/** Fewer rows than the layers have, and more. */
const workgroupRows = [8, 64];

/** Checks of linear layers. */
export const linearChecks: readonly KernelCheck[] = [
  {
    kernel: "linear",
    title: "layers of different sizes in one dispatch, forward and adjoint",
    run: (bench) => checkLayers(bench, (writer) => new TileLayers(writer, bench.harness.tile)),
  },
  ...workgroupRows.map((rows): KernelCheck => ({
    kernel: "linear_rows",
    title: `layers of different sizes, forward and adjoint, ${rows} rows a workgroup`,
    run: (bench) =>
      checkLayers(
        bench,
        (writer, arena) => new RowLayers(writer, arena, bench.weights, bench.harness.tile, bench.numbers.length, rows),
      ),
  })),
  ...workgroupRows.map((rows): KernelCheck => ({
    kernel: "linear_rows_activated",
    title: `a layer, activated for the next and for its adjoint, ${rows} rows a workgroup`,
    run: (bench) => checkActivatedLayer(bench, rows),
  })),
  { kernel: "activations", title: "values and derivatives of two arrays of different lengths", run: checkActivations },
];

/** Roundings of an activation beside those of the sum: its exponential, its division, the driver's log (2⁻²¹). */
const activationRoundings = 24;

/** A bound on |a(x)|, and on what its terms add up to. */
function activationMagnitude({ alpha }: Activation, x: Float64Array): Float64Array {
  return x.map((value, at) => Math.abs(alpha[at % alpha.length]!) * (Math.abs(value) + 1));
}

/** The same for a′(x). */
function derivativeMagnitude({ alpha, beta }: Activation, x: Float64Array): Float64Array {
  return x.map((value, at) => {
    const f = at % alpha.length;
    return Math.abs(alpha[f]!) * (1 + Math.abs(beta[f]! * value));
  });
}

function absoluteLayer({ weight, bias, ...sizes }: Linear): Linear {
  return { ...sizes, weight: magnitudes(weight), bias: bias && magnitudes(bias) };
}

async function checkLayers(
  bench: KernelBench,
  layersOf: (writer: PlanWriter, arena: Arena) => LinearLayers,
): Promise<Comparison[]> {
  const { network, weights, numbers: { length: atoms }, harness } = bench;
  const module = network.modules[0]!;
  const { activation1, linear1 } = module.resblockX.stack[0]!;
  const F = network.features;
  const rows = 3 * atoms;
  const x = bench.random(atoms * F, 3), r1 = bench.random(atoms * F), r2 = bench.random(atoms * F);
  const p = bench.random(atoms * F, 3), pRow = bench.random(rows * F), both = bench.random(rows * 2 * F);
  // nobody's rows, which nobody may write to: as many as a workgroup could overrun
  const guard = bench.random(8 * F);
  const memory = new Memory();
  const at = {
    x: memory.put(x, F),
    r1: memory.put(r1, F),
    r2: memory.put(r2, F),
    p: memory.put(p, F),
    pRow: memory.put(pRow, F),
    both: memory.put(both, F),
    forward: memory.room(atoms, F),
    guard1: memory.put(guard, F),
    adjoint: memory.room(atoms, F),
    guard2: memory.put(guard, F),
    projected: memory.room(2 * rows, F),
    guard3: memory.put(guard, F),
    projectedAdjoint: memory.room(rows, F),
    guard4: memory.put(guard, F),
    random: memory.room(atoms, module.randomFeatures),
    guard5: memory.put(guard, F),
  };
  const packed = weights.linear.get(linear1)!;
  const projection = weights.linear.get(module.projectionP)!;
  const jobs: LinearJob[] = [
    {
      ...forward(packed, atoms, at.x, at.forward),
      activation: weights.activation.get(activation1)!,
      r1: at.r1,
      r2: at.r2,
    },
    {
      ...backward(packed, atoms, at.x, at.adjoint),
      derivative: weights.activation.get(activation1)!,
      p: at.p,
      r1: at.r1,
    },
    forward(projection, rows, at.pRow, at.projected),
    backward(projection, rows, at.both, at.projectedAdjoint),
    forward(weights.omega[0]!, atoms, at.x, at.random),
  ];
  const writer = new PlanWriter();
  // room for the activations, which come before
  const arena = new Arena();
  arena.take(memory.length);
  layersOf(writer, arena).add(jobs);
  memory.room(arena.length - memory.length, 1);
  const { features } = await harness.run(writer.finish(), { weights: weights.data, features: memory.data });

  const kind = network.hyperparameters.activation;
  const absolute = absoluteLayer(linear1), absoluteProjection = absoluteLayer(module.projectionP);
  const value = linear(linear1, activate(kind, activation1, x).value, atoms);
  const valueMagnitude = linear(absolute, activationMagnitude(activation1, x), atoms);
  for (const r of [r1, r2]) {
    accumulate(value, r);
    accumulate(valueMagnitude, magnitudes(r));
  }
  const adjoint = hadamard(linearAdjoint(linear1, x, atoms), activate(kind, activation1, p).derivative);
  const adjointMagnitude = hadamard(
    linearAdjoint(absolute, magnitudes(x), atoms),
    derivativeMagnitude(activation1, p),
  );
  accumulate(adjoint, r1);
  accumulate(adjointMagnitude, magnitudes(r1));
  const m = module.randomFeatures;
  const fourthRoot = F ** 0.25;
  const scaled = module.omega!.map((weight) => weight / fourthRoot);
  return [
    {
      name: "W·a(x) + b + r₁ + r₂",
      found: rowsAt(features, at.forward, atoms, F),
      width: F,
      expected: value,
      allowed: roundings(F + activationRoundings, valueMagnitude),
    },
    {
      name: "a′(p)∘Wᵀx + r₁",
      found: rowsAt(features, at.adjoint, atoms, F),
      width: F,
      expected: adjoint,
      allowed: roundings(F + activationRoundings, adjointMagnitude),
      gradientOf: {
        value: (at) => dot(x, linear(linear1, activate(kind, activation1, at).value, atoms)) + dot(r1, at),
        at: p,
      },
    },
    {
      name: "W·x of twice the width",
      found: rowsAt(features, at.projected, 2 * rows, F),
      width: F,
      expected: linear(module.projectionP, pRow, rows),
      allowed: roundings(F, linear(absoluteProjection, magnitudes(pRow), rows)),
    },
    {
      name: "Wᵀx of twice the width",
      found: rowsAt(features, at.projectedAdjoint, rows, F),
      width: F,
      expected: linearAdjoint(module.projectionP, both, rows),
      allowed: roundings(2 * F, linearAdjoint(absoluteProjection, magnitudes(both), rows)),
      gradientOf: { value: (at) => dot(both, linear(module.projectionP, at, rows)), at: pRow },
    },
    {
      name: "x·ω/F^¼",
      found: rowsAt(features, at.random, atoms, m),
      width: m,
      expected: product(x, scaled, atoms, F, m),
      // one more: the weights themselves
      allowed: roundings(F + 1, product(magnitudes(x), magnitudes(scaled), atoms, F, m)),
    },
    ...guardsOf(features, [at.guard1, at.guard2, at.guard3, at.guard4, at.guard5], F, guard),
  ];
}

async function checkActivatedLayer(bench: KernelBench, workgroupRows: number): Promise<Comparison[]> {
  const { network, weights, numbers: { length: atoms }, harness } = bench;
  const { activation2, linear1, linear2 } = network.modules[0]!.resblockX.stack[0]!;
  const { features: F, hyperparameters: { activation: kind } } = network;
  const x = bench.random(atoms * F), r1 = bench.random(atoms * F), r2 = bench.random(atoms * F);
  const yAdjoint = bench.random(atoms * F);
  const guard = bench.random(8 * F);
  const memory = new Memory();
  const at = {
    x: memory.put(x, F),
    r1: memory.put(r1, F),
    r2: memory.put(r2, F),
    yAdjoint: memory.put(yAdjoint, F),
    hidden: memory.room(atoms, F),
    guard1: memory.put(guard, F),
    y: memory.room(atoms, F),
    guard2: memory.put(guard, F),
    hiddenAdjoint: memory.room(atoms, F),
    guard3: memory.put(guard, F),
    inPlace: memory.room(atoms, F),
    yInPlace: memory.room(atoms, F),
  };
  const first = weights.linear.get(linear1)!, second = weights.linear.get(linear2)!;
  const activation = weights.activation.get(activation2)!;
  const writer = new PlanWriter();
  const arena = new Arena();
  arena.take(memory.length);
  const layers = new RowLayers(writer, arena, weights, harness.tile, atoms, workgroupRows);
  const steps = sideBySide([
    [
      { ...forward(first, atoms, at.x, at.hidden), r1: at.r1, r2: at.r2 },
      { ...forward(second, atoms, at.hidden, at.y), activation },
      { ...backward(second, atoms, at.yAdjoint, at.hiddenAdjoint), derivative: activation, p: at.hidden },
    ],
    // the same, but for the sums, which are not kept
    [
      { ...forward(first, atoms, at.x, at.inPlace), r1: at.r1, r2: at.r2, isHidden: true },
      { ...forward(second, atoms, at.inPlace, at.yInPlace), activation },
    ],
  ]);
  for (const jobs of steps) layers.add(jobs);
  memory.room(arena.length - memory.length, 1);
  const { features } = await harness.run(writer.finish(), { weights: weights.data, features: memory.data });

  const hidden = linear(linear1, x, atoms);
  const hiddenMagnitude = linear(absoluteLayer(linear1), magnitudes(x), atoms);
  for (const r of [r1, r2]) {
    accumulate(hidden, r);
    accumulate(hiddenMagnitude, magnitudes(r));
  }
  // of the sums as they were found: their own errors are another matter
  const found = unpadded(features, at.hidden, atoms, F);
  const activated = activate(kind, activation2, found);
  return [
    {
      name: "W·x + b + r₁ + r₂",
      found: rowsAt(features, at.hidden, atoms, F),
      width: F,
      expected: hidden,
      allowed: roundings(F + 3, hiddenMagnitude),
    },
    {
      name: "the next layer's W·a(y) + b",
      found: rowsAt(features, at.y, atoms, F),
      width: F,
      expected: linear(linear2, activated.value, atoms),
      allowed: roundings(
        F + activationRoundings,
        linear(absoluteLayer(linear2), activationMagnitude(activation2, found), atoms),
      ),
    },
    {
      name: "its adjoint a′(y)∘Wᵀx",
      found: rowsAt(features, at.hiddenAdjoint, atoms, F),
      width: F,
      expected: hadamard(linearAdjoint(linear2, yAdjoint, atoms), activated.derivative),
      allowed: roundings(
        F + activationRoundings,
        hadamard(
          linearAdjoint(absoluteLayer(linear2), magnitudes(yAdjoint), atoms),
          derivativeMagnitude(activation2, found),
        ),
      ),
      gradientOf: {
        value: (at) => dot(yAdjoint, linear(linear2, activate(kind, activation2, at).value, atoms)),
        at: found,
      },
    },
    {
      name: "the same without y",
      found: rowsAt(features, at.yInPlace, atoms, F),
      width: F,
      expected: unpadded(features, at.y, atoms, F),
      allowed: new Float64Array(atoms * F),
    },
    ...guardsOf(features, [at.guard1, at.guard2, at.guard3], F, guard),
  ];
}

async function checkActivations(bench: KernelBench): Promise<Comparison[]> {
  const { network, weights, harness } = bench;
  const { features: F, hyperparameters: { activation: kind } } = network;
  const { activationRows, threads } = harness.tile;
  const { activation1, activation2 } = network.modules[0]!.resblockX.stack[0]!;
  // not as many as threads compute, and one less than in the other array
  const rows = 2 * activationRows + 3;
  const arrays = [{ layer: activation1, rows }, { layer: activation2, rows: rows - 1 }]
    .map(({ layer, rows }) => ({ layer, rows, x: bench.random(rows * F, 3) }));
  const guard = bench.random(8 * F);
  const memory = new Memory();
  const places = arrays.map(({ rows, x }) => ({
    x: memory.put(x, F),
    value: memory.room(rows, F),
    guard1: memory.put(guard, F),
    slope: memory.room(rows, F),
    guard2: memory.put(guard, F),
  }));
  const writer = new PlanWriter();
  writer.dispatch(
    "activations",
    arrays.flatMap(({ layer, rows }, a) => {
      const { x, value, slope } = places[a]!;
      return [rows, x, weights.activation.get(layer)!, value, slope, 0, 0, 0];
    }),
    Math.ceil(Math.ceil(rows / activationRows) * weights.features4 / threads),
    arrays.length,
  );
  const { features } = await harness.run(writer.finish(), { weights: weights.data, features: memory.data });
  return arrays.flatMap(({ layer, rows, x }, a): Comparison[] => {
    const { value, slope, guard1, guard2 } = places[a]!;
    const expected = activate(kind, layer, x);
    return [
      {
        name: "a(x)",
        found: rowsAt(features, value, rows, F),
        width: F,
        expected: expected.value,
        allowed: roundings(activationRoundings, activationMagnitude(layer, x)),
      },
      {
        name: "a′(x)",
        found: rowsAt(features, slope, rows, F),
        width: F,
        expected: expected.derivative,
        allowed: roundings(activationRoundings, derivativeMagnitude(layer, x)),
        gradientOf: { value: (at) => activate(kind, layer, at).value.reduce((sum, value) => sum + value, 0), at: x },
      },
      ...guardsOf(features, [guard1, guard2], F, guard),
    ];
  });
}

/** Rows between others that no kernel may write to. */
function guardsOf(features: Float32Array, offsets: readonly number[], F: number, guard: Float64Array): Comparison[] {
  return offsets.map((offset) => ({
    name: "rows between",
    found: rowsAt(features, offset, guard.length / F, F),
    width: F,
    expected: guard,
    allowed: new Float64Array(guard.length),
  }));
}

function forward({ inputs, outputs, weight, bias }: PackedLinear, rows: number, x: number, y: number): LinearJob {
  return { rows, inputs, outputs, x, y, weight, bias };
}

function backward({ inputs, outputs, transposed }: PackedLinear, rows: number, x: number, y: number): LinearJob {
  return { rows, inputs: outputs, outputs: inputs, x, y, weight: transposed };
}
