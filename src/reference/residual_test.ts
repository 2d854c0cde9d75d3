import assert from "node:assert/strict";
import { assertClose, centralDifferences, dot, randomArray } from "../../tests/fixtures/central_differences.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { placeNetwork } from "./place_network.ts";
import { layersFor, residualMlp, residualMlpAdjoint, residualStack, residualStackAdjoint } from "./residual.ts";
import { soloExecution } from "./solo_execution.ts";
import { createRandom } from "../structure/random.ts";

const rows = 3;

for (const activation of ["swish", "ssp"] as const) {
  for (const blocks of [0, 1, 3]) {
    Deno.test(`residualMlp of ${blocks} blocks with ${activation} has the adjoint of its value`, () => {
      const execution = soloExecution();
      const model = buildNetwork(tinyModel({ activation, residual: { localX: blocks, pre: blocks } }));
      const network = placeNetwork(model, execution.workspace);
      const { resblockX, residualPre } = network.modules[0]!;
      const layers = layersFor(execution, activation, rows, network.features);
      const random = createRandom(blocks);
      const x = randomArray(random, rows * network.features), adjoint = randomArray(random, x.length);

      const mlp = residualMlp(layers, resblockX, x, rows);
      assertClose(
        residualMlpAdjoint(layers, resblockX, mlp.tape, adjoint, rows),
        centralDifferences((at) => dot(residualMlp(layers, resblockX, at, rows).value, adjoint), x),
        1e-9,
      );
      const stack = residualStack(layers, residualPre, x, rows);
      assertClose(
        residualStackAdjoint(layers, residualPre, stack.tape, adjoint, rows),
        centralDifferences((at) => dot(residualStack(layers, residualPre, at, rows).value, adjoint), x),
        1e-9,
      );
    });
  }
}

Deno.test("residualStack without blocks is the identity", () => {
  const layers = layersFor(soloExecution(), "swish", 1, 2);
  const x = Float64Array.of(1, 2);
  assert.equal(residualStack(layers, [], x, 1).value, x);
});
