import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { buildAllPairs } from "../structure/all_pairs.ts";
import { createRandom } from "../structure/random.ts";
import { angularFunctions } from "./angular.ts";
import {
  type LocalFeatures,
  localInteraction,
  localInteractionAdjoint,
  type LocalPairs,
  zeroPairsAdjoint,
} from "./local_interaction.ts";
import { pairGeometry } from "./pair_geometry.ts";
import { placeNetwork } from "./place_network.ts";
import { layersFor } from "./residual.ts";
import { soloExecution } from "./solo_execution.ts";

const atoms = 3;
const execution = soloExecution();

for (const irreps of [true, false]) {
  Deno.test(`localInteraction with ${irreps ? "irreducible" : "Cartesian"} d functions has the adjoint of its value`, () => {
    const random = createRandom(1);
    const network = placeNetwork(buildNetwork(tinyModel({ irreps, features: 4 })), execution.workspace);
    const { modules: [module], features, basisFunctions } = network;
    const layers = layersFor(execution, "swish", atoms, features);
    const list = buildAllPairs(atoms);
    const geometry = pairGeometry(execution, randomStructure(random, { numbers: [1, 1, 1], size: 2 }), list);
    const pairs: LocalPairs = {
      pairs: list,
      basis: randomArray(random, list.pairCount * basisFunctions),
      angular: angularFunctions(execution, geometry, irreps),
    };
    const rows = () => randomArray(random, atoms * features);
    const inputs: LocalFeatures = { x: rows(), s: rows(), p: rows(), d: rows() };
    const adjoint = rows();
    const f = (at: Partial<LocalFeatures>, of: Partial<LocalPairs> = {}) =>
      dot(localInteraction(layers, module!, { ...pairs, ...of }, { ...inputs, ...at }).value, adjoint);

    const { tape } = localInteraction(layers, module!, pairs, inputs);
    const pairsAdjoint = zeroPairsAdjoint(execution, pairs);
    const found = localInteractionAdjoint(layers, module!, pairs, inputs, tape, adjoint, pairsAdjoint);
    for (const key of ["x", "s", "p", "d"] as const) {
      assertClose(found![key], centralDifferences((at) => f({ [key]: at }), inputs[key]), 1e-9, { name: key });
    }
    assertClose(pairsAdjoint.basis, centralDifferences((basis) => f({}, { basis }), pairs.basis), 1e-9);
    const { angular } = pairs;
    for (const key of ["p", "d"] as const) {
      const expected = centralDifferences(
        (values) => f({}, { angular: { ...angular, [key]: { ...angular[key], values } } }),
        angular[key].values,
      );
      assertClose(pairsAdjoint[key], expected, 1e-9, { name: key });
    }
  });
}
