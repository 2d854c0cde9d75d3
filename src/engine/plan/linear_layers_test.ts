import assert from "node:assert/strict";
import { packWeights } from "../packed_weights.ts";
import { randomNetwork } from "../random_network.ts";
import { type Tile, tiles } from "../tile.ts";
import { linearLayers } from "./linear_layers.ts";
import { Arena, type LinearJob, PlanWriter } from "./plan.ts";

const network = randomNetwork({
  activation: "swish",
  irreps: true,
  basis: "gaussian",
  features: 36,
  basisFunctions: 4,
  randomFeatures: 8,
});
const weights = packWeights(network);

/** Dispatches of a projection of 3 rows an atom and its adjoint. */
function dispatchesOf(tile: Tile, atoms: number) {
  const { inputs, outputs, weight, transposed } = weights.linear.get(network.modules[0]!.projectionP)!;
  const jobs: LinearJob[] = [
    { rows: 3 * atoms, inputs, outputs, x: 0, y: 0, weight },
    { rows: 3 * atoms, inputs: outputs, outputs: inputs, x: 0, y: 0, weight: transposed },
  ];
  const writer = new PlanWriter();
  linearLayers(writer, new Arena(), weights, tile, atoms).add(jobs);
  return writer.finish().dispatches;
}

Deno.test("linearLayers takes tiles of rows and columns on hardware, and for few atoms", () => {
  for (const [tile, atoms] of [[tiles.hardware, 1], [tiles.hardware, 1000], [tiles.software, 1]] as const) {
    assert.deepEqual(dispatchesOf(tile, atoms).map(({ kernel }) => kernel), ["linear"]);
  }
});

Deno.test("linearLayers cuts layers into as many rows as atoms, blocks of columns and terms of a sum", () => {
  // 36 features: 3 blocks of 3 vec4s
  assert.equal(weights.layerBlock, 3);
  const parts = 3;
  const [first, second, ...rest] = dispatchesOf(tiles.software, 50);
  assert.deepEqual(rest, []);
  // twice the columns forward; the adjoint's inputs are twice as many, half of them in each dispatch
  assert.deepEqual([first!.kernel, first!.x, first!.y], ["linear_rows", 1, parts * (6 + 3)]);
  assert.deepEqual([second!.kernel, second!.x, second!.y], ["linear_rows", 1, parts * 3]);
});

Deno.test("linearLayers takes workgroups of a size that wastes few rows", () => {
  const sizes = [12, 24, 40, 63, 100, 192, 500].map((atoms) => dispatchesOf(tiles.software, atoms)[0]!.workgroupRows);
  assert.deepEqual(sizes, [24, 24, 24, 64, 64, 192, 192]);
});
