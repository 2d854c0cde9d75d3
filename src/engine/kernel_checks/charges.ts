import { conserveCharge, conserveChargeAdjoint } from "../../reference/charge_conservation.ts";
import { linear, linearAdjoint } from "../../reference/plain_functions.ts";
import type { KernelBench } from "../kernel_bench.ts";
import { resultSlots } from "../kernel_constants.ts";
import { PlanWriter } from "../plan/plan.ts";
import { column, type Comparison, dot, type KernelCheck, magnitudes, rounding } from "./kernel_check.ts";
import { Memory, rowsAt } from "./memory.ts";

/** Checks of atomic energies and partial charges. */
export const chargeChecks: readonly KernelCheck[] = [
  { kernel: "charges", title: "energies and charges", run: (bench) => checkCharges(bench, 1) },
  {
    kernel: "charges",
    title: "energies and charges too large for the usual unit",
    run: (bench) => checkCharges(bench, 400),
  },
  { kernel: "charges_adjoint", title: "adjoint of the features", run: checkAdjoint },
];

/** The unit that charges are shared out in, e, while none exceeds 32 e. */
const chargeUnit = 2 ** -25;

/** The parameters that value and adjoint have in common, up to the features. */
function commonParameters({ numbers, indices, places, weights }: KernelBench): number[] {
  return [numbers.length, indices.atomTable, indices.structureTable, places.table, places.charges, weights.output];
}

/** Charges of the batch `[N]` as the reference engine makes them of unconserved ones. */
function conserved({ execution, structures, firstAtoms }: KernelBench, charges: Float64Array): Float64Array {
  return Float64Array.from(
    structures.flatMap((
      { charge },
      s,
    ) => [...conserveCharge(execution, charges.subarray(firstAtoms[s]!, firstAtoms[s + 1]!), charge)]),
  );
}

async function checkCharges(bench: KernelBench, size: number): Promise<Comparison[]> {
  const { harness, network, numbers, indices, elements, weights, structures, firstAtoms } = bench;
  const { features: F, elementBias, output } = network;
  const atoms = numbers.length;
  const f = bench.random(atoms * F, size);
  const memory = new Memory();
  const at = memory.put(f, F);
  const writer = new PlanWriter();
  writer.dispatch("charges", [...commonParameters(bench), at, 0, 0, weights.features4], structures.length);
  const { results } = await harness.run(writer.finish(), {
    weights: weights.data,
    features: memory.data,
    indices: indices.data,
    elements,
    // whatever the last step left
    results: Float32Array.from(bench.random(4 * resultSlots * atoms)),
  });

  const both = linear(output, f, atoms);
  const sizes = linear({ ...output, weight: magnitudes(output.weight) }, magnitudes(f), atoms);
  const biased = Float64Array.from(numbers, (z, i) => both[2 * i + 1]! + elementBias[2 * z + 1]!);
  const charges = conserved(bench, biased);
  const lost = column(sizes, 2, 1).map((size) => (F + 2) * rounding * (size + 1));
  // every atom takes its share of what the others lost, and of the unit
  const allowedCharge = Float64Array.from(structures.flatMap((_, s) => {
    const own = lost.subarray(firstAtoms[s]!, firstAtoms[s + 1]!);
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    const unit = size > 1 ? 2 ** Math.ceil(Math.log2(Math.max(...magnitudes(biased)) / 32)) * chargeUnit : chargeUnit;
    return [...own.map((value) => value + mean + 2 * unit)];
  }));
  const foundCharges = Float32Array.from({ length: atoms }, (_, i) => results[4 * (atoms + i) + 3]!);
  const total = structures.map((_, s) => {
    let sum = 0;
    for (let i = firstAtoms[s]!; i < firstAtoms[s + 1]!; i++) {
      sum += foundCharges[i]! + results[4 * (2 * atoms + i) + 2]!;
    }
    return sum;
  });
  const rows = { length: 4 * atoms };
  const row = (at: number) => Math.floor(at / 4);
  const onlyRest = rowsAt(results, 2 * atoms, atoms, 4).map((value, at) => at % 4 === 2 ? 0 : value);
  return [
    {
      name: "energies",
      found: rowsAt(results, 0, atoms, 4),
      width: 4,
      expected: Float64Array.from(rows, (_, at) => at % 4 === 0 ? both[2 * row(at)]! : 0),
      allowed: Float64Array.from(rows, (_, at) => at % 4 === 0 ? (F + 2) * rounding * sizes[2 * row(at)]! : 0),
    },
    {
      name: "charges",
      found: rowsAt(results, atoms, atoms, 4),
      width: 4,
      expected: Float64Array.from(rows, (_, at) => at % 4 === 3 ? charges[row(at)]! : 0),
      allowed: Float64Array.from(
        rows,
        (_, at) => at % 4 === 3 ? allowedCharge[row(at)]! + rounding * Math.abs(charges[row(at)]!) : 0,
      ),
    },
    {
      name: "total charges, which are exact",
      found: Float32Array.from(total.flatMap((sum) => [sum, 0, 0, 0])),
      width: 1,
      expected: Float64Array.from(structures, ({ charge }) => charge),
      allowed: new Float64Array(structures.length),
    },
    {
      name: "cleared results",
      found: Float32Array.of(...onlyRest, ...rowsAt(results, 3 * atoms, 2 * atoms, 4)),
      width: 4,
      expected: new Float64Array(12 * atoms),
      allowed: new Float64Array(12 * atoms),
    },
  ];
}

async function checkAdjoint(bench: KernelBench): Promise<Comparison[]> {
  const { harness, network: { features: F, output }, numbers, indices, weights, structures, firstAtoms } = bench;
  const atoms = numbers.length;
  const f = bench.random(atoms * F);
  const rows = bench.random(4 * atoms, 3);
  const chargesAdjoint = column(rows, 4, 0);
  const memory = new Memory();
  const given = memory.put(rows, 4), to = memory.room(atoms, F);
  const writer = new PlanWriter();
  writer.dispatch("charges_adjoint", [...commonParameters(bench), 0, given, to, weights.features4], structures.length);
  const { features } = await harness.run(writer.finish(), {
    weights: weights.data,
    features: memory.data,
    indices: indices.data,
  });
  const adjoint = Float64Array.from(
    structures.flatMap((
      _,
      s,
    ) => [...conserveChargeAdjoint(bench.execution, chargesAdjoint.subarray(firstAtoms[s]!, firstAtoms[s + 1]!))]),
  );
  const ofOutput = Float64Array.from({ length: 2 * atoms }, (_, at) => at % 2 === 0 ? 1 : adjoint[(at - 1) / 2]!);
  return [{
    name: "adjoint of the features",
    found: rowsAt(features, to, atoms, F),
    width: F,
    expected: linearAdjoint(output, ofOutput, atoms),
    // sums over the atoms of numbers up to 3, their mean, one product
    allowed: f.map((_, at) =>
      rounding * (Math.abs(output.weight[at % F]!) + 3 * (atoms + 6) * Math.abs(output.weight[F + at % F]!))
    ),
    gradientOf: {
      value: (at) => {
        const both = linear(output, at, atoms);
        return column(both, 2, 0).reduce((a, b) => a + b, 0) +
          dot(chargesAdjoint, conserved(bench, column(both, 2, 1)));
      },
      at: f,
    },
  }];
}
