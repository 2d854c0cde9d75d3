import type { Network } from "../model/network.ts";
import { checkApproach, checkFinite } from "../reference/checks.ts";
import { dipole } from "../reference/collect_result.ts";
import { pairGeometry } from "../reference/pair_geometry.ts";
import { soloExecution } from "../reference/solo_execution.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { cellVolume } from "../structure/cell.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import type { DeviceResults } from "./webgpu_engine.ts";

/** Forces beyond this, eV/Å, make the closest atoms looked at. */
const suspiciousForce = 100;

/** How many of the result slots (`charges.wgsl`) hold what is wanted. */
export function slotsFor(properties: ReadonlySet<Property>): number {
  if (properties.has("virial") || properties.has("stress")) return 5;
  const third: Property[] = ["charges", "dipole", "polarizabilities", "c6"];
  return third.some((property) => properties.has(property)) ? 3 : 2;
}

/**
 * Results of each structure from a batch's per-atom results: sums, and the element biases of the energy, in float64.
 *
 * @throws {RangeError} For coincident atoms.
 * @throws {Error} For a result that is not finite.
 */
export function assembleResults(
  network: Network,
  structures: readonly Structure[],
  raw: DeviceResults,
  properties: ReadonlySet<Property>,
): Result[] {
  let first = 0;
  return structures.map((structure, s) => {
    const result = assembleResult(network, structure, raw, first, raw.lonely[s]!, properties);
    first += structure.numbers.length;
    return result;
  });
}

function assembleResult(
  network: Network,
  structure: Structure,
  { data, atoms }: DeviceResults,
  first: number,
  lonely: boolean,
  properties: ReadonlySet<Property>,
): Result {
  const { numbers, positions, periodic, cell } = structure;
  const count = numbers.length;
  const component = (slot: number, part: number) => strided(data, 4 * (slot * atoms + first) + part, count);

  const energies = {
    nn: component(0, 0),
    repulsion: component(0, 1),
    electrostatics: component(0, 2),
    dispersion: component(0, 3),
  };
  for (let i = 0; i < count; i++) energies.nn[i]! += network.elementBias[2 * numbers[i]!]!;
  const energy = sumOf(energies.nn) + sumOf(energies.repulsion) + sumOf(energies.electrostatics) +
    sumOf(energies.dispersion);
  const forces = new Float64Array(3 * count);
  for (let i = 0, from = 4 * (atoms + first); i < forces.length; i += 3, from += 4) {
    forces[i] = data[from]!;
    forces[i + 1] = data[from + 1]!;
    forces[i + 2] = data[from + 2]!;
  }
  if (!(largestOf(forces) < suspiciousForce)) {
    checkApproach(pairGeometry(soloExecution(), structure, buildPairList(structure, network.hyperparameters.cutoff)));
  }

  const charges = properties.has("charges") || properties.has("dipole")
    ? sumOfArrays(component(1, 3), component(2, 2))
    : null;
  const virial = properties.has("virial") || properties.has("stress") ? sumVirial(component) : null;
  const result: Result = {
    energy,
    forces,
    ...(properties.has("energies") && { energies }),
    ...(virial !== null && properties.has("virial") && { virial }),
    ...(virial !== null && properties.has("stress") && cell !== null && !periodic.includes(false) &&
      { stress: virial.map((element) => -element / cellVolume(cell)) }),
    ...(charges !== null && properties.has("charges") && { charges }),
    ...(charges !== null && properties.has("dipole") && { dipole: dipole(charges, positions) }),
    ...(properties.has("polarizabilities") && { polarizabilities: lonely ? new Float64Array(count) : component(2, 0) }),
    ...(properties.has("c6") && { c6: lonely ? new Float64Array(count) : component(2, 1) }),
  };
  checkFinite(result);
  return result;
}

/** Σ of the atoms' shares, `[3][3]`, symmetric. */
function sumVirial(component: (slot: number, part: number) => Float64Array): Float64Array {
  const total = (slot: number, part: number) => sumOf(component(slot, part));
  const xy = total(3, 3), xz = total(4, 0), yz = total(4, 1);
  return Float64Array.of(total(3, 0), xy, xz, xy, total(3, 1), yz, xz, yz, total(3, 2));
}

/** Every fourth of `count` numbers. */
function strided(data: Float32Array, from: number, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = data[from + 4 * i]!;
  return values;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

function sumOfArrays(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}

/** Largest magnitude; NaN where there is one. */
function largestOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    if (!(magnitude <= largest)) largest = magnitude;
  }
  return largest;
}
