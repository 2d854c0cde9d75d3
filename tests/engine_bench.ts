/**
 * Time of one evaluation (energy and forces) by size and engine: `deno task bench`. Takes the published model where it is
 * at hand, else the tests' small one. The structures are cubes of water molecules on a lattice.
 */
import { createCalculator } from "../src/engine/calculator.ts";
import { loadModel } from "../src/model/load_model.ts";
import type { Model } from "../src/model/model.ts";
import type { Structure } from "../src/structure/structure.ts";
import { tinyModel } from "./fixtures/tiny_model.ts";
import { checkpointPath } from "./reference_cases.ts";

const sizes = [3, 21, 63, 192];

/** Molecules on a cubic lattice of liquid water's density, each turned another way. */
function water(atoms: number): Structure {
  const molecules = atoms / 3;
  const side = Math.ceil(Math.cbrt(molecules));
  const positions = new Float64Array(3 * atoms);
  for (let m = 0; m < molecules; m++) {
    const centre = [m % side, Math.floor(m / side) % side, Math.floor(m / side ** 2)].map((k) => 3.1 * k);
    const angle = 0.7 * m;
    const c = Math.cos(angle), s = Math.sin(angle);
    [[0, 0, 0], [0.76 * c, 0.76 * s, 0.59], [-0.76 * c, -0.76 * s, 0.59]].forEach((place, a) => {
      place.forEach((x, k) => positions[9 * m + 3 * a + k] = centre[k]! + x);
    });
  }
  return {
    numbers: Uint8Array.from({ length: atoms }, (_, i) => i % 3 === 0 ? 8 : 1),
    positions,
    cell: null,
    periodic: [false, false, false],
    charge: 0,
    unpaired: 0,
  };
}

async function benchModel(): Promise<Model> {
  try {
    return await loadModel(checkpointPath("published.pth"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return tinyModel();
  }
}

const model = await benchModel();
for (const device of ["auto", "cpu"] as const) {
  const calculator = await createCalculator(model, { device });
  for (const atoms of sizes) {
    const structure = water(atoms);
    Deno.bench({
      name: `${calculator.device.name}`,
      group: `${atoms} atoms, ${model.name}`,
      baseline: device === "auto",
      fn: async () => {
        structure.positions[0]! += 1e-4;
        await calculator.compute(structure);
      },
    });
  }
}
