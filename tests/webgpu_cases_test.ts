import assert from "node:assert/strict";
import { type Calculator, createCalculator } from "../src/engine/calculator.ts";
import { type Tile, tiles } from "../src/engine/tile.ts";
import { loadModel } from "../src/model/load_model.ts";
import type { Property } from "../src/structure/result.ts";
import { deviceTest } from "./device_test_case.ts";
import { type Case, loadCases } from "./reference_cases.ts";

/**
 * What float32 can promise. The yardstick is what plain float32 PyTorch loses on the same model (`float32_error`). For one
 * structure that loss is a sum of many rounding errors of either sign, sometimes luckily tiny, so the yardstick of a
 * checkpoint is the largest loss among its cases, per √N for the energy, for which the errors of N atoms add up at random.
 * Four times that, and never less than a floor where PyTorch's own numbers are below float32's resolution of the result.
 */
interface Yardstick {
  readonly energyPerRoot: number;
  readonly forces: number;
  readonly charges: number;
}

/** A case's bounds, and how its errors compare with them and with those of its own `float32_error` alone. */
interface Bound {
  readonly name: string;
  readonly error: number;
  readonly allowed: number;
  /** The same bound from this very case's loss. */
  readonly strict: number;
}

const properties: readonly Property[] = ["virial", "charges", "dipole", "energies"];

const cases = (await loadCases()).filter(({ ewald }) => !ewald);

function yardstick(checkpoint: string): Yardstick {
  const all = cases.filter((other) => other.checkpoint === checkpoint);
  return {
    energyPerRoot: Math.max(...all.map((c) => c.float32Error.energy / Math.sqrt(c.structure.numbers.length))),
    forces: Math.max(...all.map((c) => c.float32Error.forces)),
    charges: Math.max(...all.map((c) => c.float32Error.charges)),
  };
}

async function boundsOf(
  calculator: Calculator,
  { checkpoint, structure, expected, float32Error }: Case,
): Promise<Bound[]> {
  const { energy, forces, virial, charges } = await calculator.compute(structure, properties);
  const model = yardstick(checkpoint);
  const atoms = structure.numbers.length;
  const largestForce = Math.max(1, ...expected.forces.map(Math.abs));
  const largestVirial = Math.max(1, ...expected.virial.map(Math.abs));
  const energyFloor = 3e-7 * Math.abs(expected.energy) + 1e-6 * Math.sqrt(atoms);
  // Strained by ε a pair's vector moves by its length: the virial's error is that of the forces over the structure's size.
  const virialBound = 5e-6 * largestVirial;
  return [
    {
      name: "energy",
      error: Math.abs(energy - expected.energy),
      allowed: Math.max(4 * model.energyPerRoot * Math.sqrt(atoms), energyFloor),
      strict: Math.max(4 * float32Error.energy, energyFloor),
    },
    {
      name: "forces",
      error: largestDifference(forces, expected.forces),
      allowed: Math.max(4 * model.forces, 2e-6 * largestForce),
      strict: Math.max(4 * float32Error.forces, 2e-6 * largestForce),
    },
    {
      name: "charges",
      error: largestDifference(charges!, expected.charges),
      allowed: Math.max(4 * model.charges, 2e-6),
      strict: Math.max(4 * float32Error.charges, 2e-6),
    },
    {
      name: "virial",
      error: largestDifference(virial!, expected.virial),
      allowed: Math.max(virialBound, 4 * model.forces),
      strict: virialBound,
    },
  ];
}

for (const tile of Object.keys(tiles) as Tile["name"][]) {
  if (cases.length === 0) continue;
  deviceTest(`createCalculator on WebGPU gives the published code's results in float32, ${tile} tile`, async (t) => {
    const beyondStrict: string[] = [];
    const worst = new Map<string, number>();
    for (const checkpoint of new Set(cases.map((c) => c.checkpoint))) {
      await using calculator = await createCalculator(await loadModel(checkpoint), { device: "software", tile });
      for (const one of cases.filter((c) => c.checkpoint === checkpoint)) {
        const bounds = await boundsOf(calculator, one);
        await t.step(one.name, () => {
          for (const { name, error, allowed, strict } of bounds) {
            assert.ok(error <= allowed, `${name} off by ${error}, expected at most ${allowed}`);
            worst.set(name, Math.max(worst.get(name) ?? 0, error / allowed));
            if (error > strict) beyondStrict.push(`${one.name} ${name} ${(error / strict).toFixed(2)}`);
          }
        });
      }
    }
    console.log(
      `largest error relative to its bound: ${[...worst].map(([name, r]) => `${name} ${r.toFixed(2)}`).join(", ")}; ` +
        `beyond the bound of their own float32_error: ${beyondStrict.join(", ") || "none"}`,
    );
  });
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, at) => Math.max(largest, Math.abs(value - b[at]!)), 0);
}
