import assert from "node:assert/strict";
import { randomArray } from "../../tests/fixtures/central_differences.ts";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { playedTeam } from "../../tests/fixtures/played_team.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { buildPairList } from "../structure/build_pair_list.ts";
import { createRandom } from "../structure/random.ts";
import { angularFunctions, angularFunctionsAdjoint } from "./angular.ts";
import { dispersion } from "./dispersion.ts";
import { electrostatics } from "./electrostatics.ts";
import type { TermExecution } from "./execution.ts";
import { addPositionGradient, pairGeometry, vectorsAdjoint, zeroPositionGradient } from "./pair_geometry.ts";
import { radialFunctions, radialFunctionsAdjoint } from "./radial_basis.ts";
import { referenceC6, referencePolarizabilities } from "./reference_c6.ts";
import { repulsion } from "./repulsion.ts";
import { soloExecution } from "./solo_execution.ts";
import { share } from "./team.ts";

const network = buildNetwork(tinyModel());
const { basisFunctions, hyperparameters: { cutoff } } = network;
const random = createRandom(3);
const numbers = Array.from({ length: 23 }, (_, i) => [1, 8, 6, 17, 1][i % 5]!);
const structure = randomStructure(random, { numbers, size: 9, cell: [9, 0, 0, 1, 9, 0, 0, -2, 9] });
const pairs = buildPairList(structure, 6);
const partialCharges = randomArray(random, numbers.length, 0.5);
const ofBasis = randomArray(random, pairs.pairCount * basisFunctions);
const ofP = randomArray(random, pairs.pairCount * 3), ofD = randomArray(random, pairs.pairCount * 5);
const references = referenceC6(network.dispersion!, referencePolarizabilities(network.dispersion!), structure.numbers);

/** Everything that is a sum over pairs, and their gradients, with adjoints of the network's part made up. */
function pairTerms(execution: TermExecution): readonly Float64Array[] {
  const geometry = pairGeometry(execution, structure, pairs);
  const basis = radialFunctions(execution, network.radialBasis, basisFunctions, cutoff, geometry.distances);
  const angular = angularFunctions(execution, geometry, true);
  // each thread knows its own atoms' charges, as the network would give them
  const charges = execution.workspace.float64(numbers.length);
  const { from, to } = share(execution.team, numbers.length);
  charges.set(partialCharges.subarray(from, to), from);
  const terms = [
    electrostatics(execution, { cutoff, longRangeCutoff: 6 }, charges, geometry),
    repulsion(execution, network.repulsion!, cutoff, structure.numbers, geometry),
    dispersion(execution, network.dispersion!, references, 6, structure.numbers, charges, geometry),
  ];
  const gradient = zeroPositionGradient(execution, numbers.length);
  for (const { distances } of terms) {
    addPositionGradient(execution, geometry, vectorsAdjoint(execution, geometry, distances, null), gradient);
  }
  const ofDistances = radialFunctionsAdjoint(execution, basis.derivatives, ofBasis, basisFunctions);
  const ofDirections = angularFunctionsAdjoint(execution, geometry, true, ofP, ofD);
  const vectors = vectorsAdjoint(execution, geometry, ofDistances, ofDirections);
  addPositionGradient(execution, geometry, vectors, gradient);
  return [
    basis.values,
    angular.d.values,
    ...terms.flatMap((term) => Object.values(term) as Float64Array[]),
    gradient.positions,
    gradient.strain,
  ];
}

for (const size of [2, 3, 7]) {
  Deno.test(`all sums over pairs come out the same to the last bit with ${size} threads as with one`, () => {
    const alone = pairTerms(soloExecution()).map((values) => values.slice());
    assert.deepEqual(playedTeam(size, pairTerms), alone);
  });
}
