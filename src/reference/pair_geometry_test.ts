import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { createRandom } from "../structure/random.ts";
import {
  addPositionGradient,
  pairGeometry,
  totalStrain,
  vectorsAdjoint,
  zeroPositionGradient,
} from "./pair_geometry.ts";
import { soloExecution } from "./solo_execution.ts";
import { strained } from "../../tests/fixtures/strained.ts";

const execution = soloExecution();
const random = createRandom(1);
const structure = randomStructure(random, {
  numbers: [1, 1, 1],
  size: 2,
  cell: [2.5, 0, 0, 0.4, 2.6, 0, 0.2, -0.3, 2.4],
});
const pairs = buildPairList(structure, 3);

Deno.test("pairGeometry gives the vectors that the pair list promises, images of an atom itself included", () => {
  const { vectors, distances, directions } = pairGeometry(execution, structure, pairs);
  assert.ok(pairs.first.some((i, u) => i === pairs.second[u]));
  for (let u = 0; u < pairs.pairCount; u++) {
    for (let k = 0; k < 3; k++) {
      const image = [0, 1, 2].reduce(
        (sum, axis) => sum + pairs.shift[3 * u + axis]! * structure.cell![3 * axis + k]!,
        0,
      );
      const expected = structure.positions[3 * pairs.second[u]! + k]! + image -
        structure.positions[3 * pairs.first[u]! + k]!;
      assert.ok(Math.abs(vectors[3 * u + k]! - expected) < 1e-14);
      assert.ok(Math.abs(directions[3 * u + k]! * distances[u]! - expected) < 1e-14);
    }
    assert.ok(distances[u]! < 3);
  }
});

Deno.test("addPositionGradient has the gradients of positions and strain of any function of the pairs", () => {
  const distanceWeights = randomArray(random, pairs.pairCount);
  const directionWeights = randomArray(random, 3 * pairs.pairCount);
  const f = (at: typeof structure) => {
    const { distances, directions } = pairGeometry(execution, at, pairs);
    return dot(distances, distanceWeights) + dot(directions, directionWeights);
  };
  const geometry = pairGeometry(execution, structure, pairs);
  const gradient = zeroPositionGradient(execution, 3);
  // in two parts, as distances alone and together with directions
  const half = distanceWeights.map((weight) => weight / 2);
  addPositionGradient(execution, geometry, vectorsAdjoint(execution, geometry, half, null), gradient);
  addPositionGradient(execution, geometry, vectorsAdjoint(execution, geometry, half, directionWeights), gradient);
  assertClose(
    gradient.positions,
    centralDifferences((positions) => f({ ...structure, positions }), structure.positions),
    1e-9,
  );
  assertClose(
    totalStrain(gradient),
    centralDifferences((strain) => f(strained(structure, strain)), new Float64Array(9)),
    1e-9,
  );
});
