import type { Activation, Linear } from "../../model/network.ts";
import { accumulate, hadamard } from "../../reference/elementwise.ts";
import { activate, linear, linearAdjoint, product } from "../../reference/plain_functions.ts";
import type { KernelBench } from "../kernel_bench.ts";
import type { PackedLinear } from "../packed_weights.ts";
import { type LinearJob, PlanWriter } from "../plan/plan.ts";
import { type Comparison, dot, type KernelCheck, magnitudes, roundings } from "./kernel_check.ts";
import { Memory, rowsAt } from "./memory.ts";

/** Checks of linear layers. */
export const linearChecks: readonly KernelCheck[] = [
  { kernel: "linear", title: "layers of different sizes in one dispatch, forward and adjoint", run: checkLayers },
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

async function checkLayers(bench: KernelBench): Promise<Comparison[]> {
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
  const { tileRows, rowThreads, tileColumns, columnThreads } = harness.tile;
  writer.linear(jobs, tileRows * rowThreads, tileColumns * columnThreads);
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
    ...[at.guard1, at.guard2, at.guard3, at.guard4, at.guard5].map((offset) => ({
      name: "rows that are not the layer's",
      found: rowsAt(features, offset, 8, F),
      width: F,
      expected: guard,
      allowed: new Float64Array(guard.length),
    })),
  ];
}

function forward({ inputs, outputs, weight, bias }: PackedLinear, rows: number, x: number, y: number): LinearJob {
  return { rows, inputs, outputs, x, y, weight, bias };
}

function backward({ inputs, outputs, transposed }: PackedLinear, rows: number, x: number, y: number): LinearJob {
  return { rows, inputs: outputs, outputs: inputs, x, y, weight: transposed };
}
