import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { buildAllPairs } from "../structure/all_pairs.ts";
import { createRandom } from "../structure/random.ts";
import { angularFunctions, angularFunctionsAdjoint } from "./angular.ts";
import { pairGeometry, vectorsAdjoint } from "./pair_geometry.ts";
import { soloExecution } from "./solo_execution.ts";

const execution = soloExecution();
const random = createRandom(1);
const structure = randomStructure(random, { numbers: [1, 1, 1, 1], size: 3 });
const pairs = buildAllPairs(4);
const geometry = pairGeometry(execution, structure, pairs);

for (const irreps of [true, false]) {
  const kind = irreps ? "irreducible" : "Cartesian";

  Deno.test(`angularFunctions (${kind}) have constant length for every order`, () => {
    const { s, p, d } = angularFunctions(execution, geometry, irreps);
    for (const { values, components } of [s, p, d]) {
      const lengths = Float64Array.from(
        { length: pairs.pairCount },
        (_, u) => Math.hypot(...values.subarray(u * components, (u + 1) * components)),
      );
      assertClose(lengths, new Float64Array(pairs.pairCount).fill(1), 1e-14);
    }
  });

  Deno.test(`angularFunctions (${kind}) change by their parity when the pairs are turned round`, () => {
    const turned = angularFunctions(execution, { ...geometry, directions: geometry.directions.map((x) => -x) }, irreps);
    const { s, p, d } = angularFunctions(execution, geometry, irreps);
    assertClose(turned.s.values, s.values.map((x) => x * s.parity), 0);
    assertClose(turned.p.values, p.values.map((x) => x * p.parity), 0);
    assertClose(turned.d.values, d.values.map((x) => x * d.parity), 0);
  });

  Deno.test(`angularFunctions (${kind}) have the adjoint of their values, back to the pairs' vectors`, () => {
    const { p, d } = angularFunctions(execution, geometry, irreps);
    const pAdjoint = randomArray(random, p.values.length), dAdjoint = randomArray(random, d.values.length);
    const directions = angularFunctionsAdjoint(execution, geometry, irreps, pAdjoint, dAdjoint);
    const found = vectorsAdjoint(execution, geometry, new Float64Array(pairs.pairCount), directions);
    const expected = centralDifferences((vectors) => {
      const unit = vectors.map((x, at) => {
        const u = at - at % 3;
        return x / Math.hypot(vectors[u]!, vectors[u + 1]!, vectors[u + 2]!);
      });
      const functions = angularFunctions(execution, { ...geometry, vectors, directions: unit }, irreps);
      return dot(functions.p.values, pAdjoint) + dot(functions.d.values, dAdjoint);
    }, geometry.vectors);
    assertClose(found, expected, 1e-9);
  });
}
