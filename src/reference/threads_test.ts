import assert from "node:assert/strict";
import { randomStructure } from "../../tests/fixtures/random_structure.ts";
import { tinyModel } from "../../tests/fixtures/tiny_model.ts";
import { buildNetwork } from "../model/build_network.ts";
import { createRandom } from "../structure/random.ts";
import type { Property } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { ReferenceEngine } from "./reference_engine.ts";
import { compileKernels } from "./simd_operations.ts";

const everything = new Set<Property>(["virial", "charges", "dipole", "energies", "polarizabilities", "c6"]);
const kernels = compileKernels();

/** So many atoms, enough for several threads, in a cell or not. */
function atoms(seed: number, count: number, cell?: readonly number[]): Structure {
  const numbers = Array.from({ length: count }, (_, i) => [8, 1, 1, 17, 6][i % 5]!);
  return randomStructure(createRandom(seed), { numbers, size: 8, ...(cell && { cell }) });
}

const cell = [8, 0, 0, 1, 8, 0, 0, -1, 9];

/** Computes until all workers that it takes have started, and returns the result of the last time. */
async function computeWith<T>(engine: ReferenceEngine, threads: number, compute: () => T): Promise<T> {
  for (;;) {
    const result = compute();
    if (engine.lastThreads === threads) return result;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (
  const [name, model] of Object.entries({
    published: tinyModel({ longRangeCutoff: 7 }),
    "exact attention, nonlinear embedding": tinyModel({
      randomFeatures: 0,
      nonlinearEmbedding: true,
      longRangeCutoff: 7,
    }),
    "without cutoff, Cartesian": tinyModel({ irreps: false, features: 5 }),
  })
) {
  Deno.test(`ReferenceEngine computes the same to the last bit with any number of threads (${name})`, async () => {
    const network = buildNetwork(model);
    const cluster = atoms(1, 37, undefined), crystal = atoms(2, 29, cell);
    const structures = network.hyperparameters.longRangeCutoff === null ? [cluster] : [cluster, crystal];
    const alone = new ReferenceEngine(network, { kernels });
    for (const threads of [2, 3]) {
      using engine = new ReferenceEngine(network, { kernels, threads });
      for (const structure of [...structures, { ...cluster, charge: 1 }, ...structures]) {
        const together = await computeWith(engine, threads, () => engine.compute(structure, everything));
        assert.deepEqual(together, alone.compute(structure, everything));
      }
    }
  });
}

Deno.test("ReferenceEngine computes with several threads from the first structure on where it is large", () => {
  const network = buildNetwork(tinyModel({ longRangeCutoff: 7 }));
  using engine = new ReferenceEngine(network, { kernels, threads: 3 });
  const { energy } = engine.compute(atoms(1, 120, [20, 0, 0, 0, 20, 0, 0, 0, 20]), everything);
  assert.equal(engine.lastThreads, 3);
  assert.ok(Number.isFinite(energy));
});

Deno.test("ReferenceEngine starts the threads of as many atoms as are expected before there are any", async () => {
  const network = buildNetwork(tinyModel({ longRangeCutoff: 7 }));
  // Those of a few atoms are not waited for, and a busy machine may start them late: then once more, with more time.
  for (const milliseconds of [300, 1000, 2000, 2500]) {
    using engine = new ReferenceEngine(network, { kernels, threads: 3, expectedAtoms: 30 });
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    engine.compute(atoms(1, 30, undefined), everything);
    if (engine.lastThreads === 3) return;
  }
  assert.fail("Expected three threads for the first structure but found fewer, whatever the time");
});

Deno.test("ReferenceEngine shares out a batch among the threads and gives what one gives", async () => {
  const network = buildNetwork(tinyModel({ longRangeCutoff: 7 }));
  const structures = Array.from({ length: 11 }, (_, s) => atoms(s, 1 + 3 * s, s % 2 === 0 ? undefined : cell));
  const alone = new ReferenceEngine(network, { kernels }).computeAll(structures, everything);
  using engine = new ReferenceEngine(network, { kernels, threads: 3 });
  assert.deepEqual(await computeWith(engine, 3, () => engine.computeAll(structures, everything)), alone);
  const water = structures[1]!;
  const wanted = new Set<Property>(["hessian"]);
  assert.deepEqual(
    engine.compute(water, wanted).hessian,
    new ReferenceEngine(network, { kernels }).compute(water, wanted).hessian,
  );
});

Deno.test("ReferenceEngine names what is wrong with a structure of a batch, and goes on with the next", async () => {
  const network = buildNetwork(tinyModel({ longRangeCutoff: 7 }));
  const structures = [atoms(1, 12), atoms(2, 30, cell), atoms(3, 20)];
  const positions = structures[1]!.positions.slice();
  positions.set(positions.subarray(0, 3), 21);
  const broken = [structures[0]!, { ...structures[1]!, positions }, structures[2]!];
  using engine = new ReferenceEngine(network, { kernels, threads: 2 });
  await computeWith(engine, 2, () => engine.computeAll(structures, everything));
  const coincident = /Expected atoms at least 0.001 Å apart but found atoms 0 and 7/;
  assert.throws(() => engine.computeAll(broken, everything), coincident);
  assert.throws(() => engine.compute(broken[1]!, everything), coincident);
  assert.deepEqual(
    engine.compute(structures[1]!, everything),
    new ReferenceEngine(network, { kernels }).compute(structures[1]!, everything),
  );
});

Deno.test("ReferenceEngine wants a number of threads", () => {
  const network = buildNetwork(tinyModel());
  for (const threads of [0, -1, 1.5, NaN, 1e6]) {
    assert.throws(() => new ReferenceEngine(network, { threads }), /Expected from 1 to 1024 threads but found/);
  }
});
