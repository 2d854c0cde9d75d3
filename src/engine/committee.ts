import type { Model } from "../model/model.ts";
import type { AtomicEnergies, Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { type Calculator, type CalculatorOptions, createCalculator } from "./calculator.ts";
import type { DeviceDescription } from "./device.ts";

/**
 * Makes a calculator of several models that gives the mean of what they compute. The mean forces and virial are the
 * derivatives of the mean energy, so that energy is conserved. With the property `committee` each member's own result
 * comes along; a model that is sure of a structure agrees with its fellows there.
 *
 * @param models Two or more, kept, not changed. Elements, properties and cutoffs must be there for every one of them.
 * @param options Hold for each member.
 * @throws {RangeError} For fewer than two models.
 * @throws What {@linkcode createCalculator} throws.
 *
 * @example What two models make of a water molecule
 * ```ts
 * import assert from "node:assert/strict";
 * import { createCommittee, createStructure, loadModel } from "@spookynet/force-provider";
 *
 * const model = await loadModel("tests/fixtures/tiny.safetensors");
 * await using committee = await createCommittee([model, model], { device: "cpu" });
 * const water = createStructure({
 *   symbols: ["O", "H", "H"],
 *   positions: [[0, 0, 0.119262], [0, 0.763239, -0.477047], [0, -0.763239, -0.477047]],
 * });
 * const { energy, committee: members } = await committee.compute(water, ["committee"]);
 *
 * assert.deepEqual(members!.map((member) => member.energy), [energy, energy]);
 * ```
 */
export async function createCommittee(models: readonly Model[], options: CalculatorOptions = {}): Promise<Calculator> {
  if (models.length < 2) throw new RangeError(`Expected two models or more for a committee but found ${models.length}`);
  await using opened = new AsyncDisposableStack();
  const members: Calculator[] = [];
  for (const model of models) members.push(opened.use(await createCalculator(model, options)));
  return new Committee(members, opened.move());
}

class Committee implements Calculator {
  readonly #members: readonly Calculator[];
  readonly #opened: AsyncDisposableStack;

  constructor(members: readonly Calculator[], opened: AsyncDisposableStack) {
    this.#members = members;
    this.#opened = opened;
  }

  get device(): DeviceDescription {
    return this.#members[0]!.device;
  }

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  async compute(
    input: Structure | readonly Structure[],
    properties: Iterable<Property> = [],
  ): Promise<Result | Result[]> {
    const wanted = new Set(properties);
    const structures = "numbers" in input ? [input] : input;
    const results: Result[][] = [];
    for (const member of this.#members) results.push(await member.compute(structures, ofMembers(wanted)));
    const means = meansOf(results, wanted);
    return "numbers" in input ? means[0]! : means;
  }

  computeSync(structures: readonly Structure[], properties: Iterable<Property> = []): Result[] {
    const wanted = new Set(properties);
    return meansOf(this.#members.map((member) => member.computeSync(structures, ofMembers(wanted))), wanted);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

function ofMembers(wanted: ReadonlySet<Property>): Property[] {
  return [...wanted].filter((property) => property !== "committee");
}

/** @param results Of each member the results of all structures. */
function meansOf(results: readonly Result[][], wanted: ReadonlySet<Property>): Result[] {
  return results[0]!.map((_, structure) => {
    const members = results.map((ofMember) => ofMember[structure]!);
    return {
      ...meanResult(members),
      ...(wanted.has("domain") && { domain: [...new Set(members.flatMap(({ domain }) => domain!))] }),
      ...(wanted.has("committee") && { committee: members }),
    };
  });
}

const arrays = ["virial", "stress", "charges", "dipole", "polarizabilities", "c6", "hessian"] as const;

function meanResult(members: readonly Result[]): Result {
  const first = members[0]!;
  const mean = (of: (member: Result) => Float64Array) => meanArray(members.map(of));
  return {
    energy: members.reduce((sum, { energy }) => sum + energy, 0) / members.length,
    forces: mean(({ forces }) => forces),
    ...Object.fromEntries(arrays.filter((name) => first[name]).map((name) => [name, mean((member) => member[name]!)])),
    ...(first.energies && { energies: meanEnergies(members.map(({ energies }) => energies!)) }),
  };
}

function meanEnergies(members: readonly AtomicEnergies[]): AtomicEnergies {
  const mean = (term: keyof AtomicEnergies) => meanArray(members.map((energies) => energies[term]));
  return {
    nn: mean("nn"),
    repulsion: mean("repulsion"),
    electrostatics: mean("electrostatics"),
    dispersion: mean("dispersion"),
  };
}

function meanArray(members: readonly Float64Array[]): Float64Array {
  return members[0]!.map((_, i) => members.reduce((sum, array) => sum + array[i]!, 0) / members.length);
}
