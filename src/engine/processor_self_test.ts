import { ReferenceEngine } from "../reference/reference_engine.ts";
import { compileKernels } from "../reference/simd_operations.ts";
import { workerObstacle } from "../reference/worker_obstacle.ts";
import { createRandom } from "../structure/random.ts";
import type { Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { trialStructure } from "./device_trial.ts";
import { randomNetwork } from "./random_network.ts";
import type { SelfTestVerdict } from "./self_test.ts";

/** Enough for two threads to take part, and for rows that are no multiple of a register tile. */
const atoms = 37;
/** What may differ, of the largest number: float64 summed in another order. */
const tolerance = 1e-12;

/**
 * Compares what the float64 engine computes on this machine, by WebAssembly SIMD with one thread and with two, with plain
 * TypeScript: energy, forces and charges of a random network, always the same.
 */
export function* processorSelfTest(): Generator<SelfTestVerdict> {
  const kernels = compileKernels();
  if (kernels === null) {
    yield {
      name: "float64 engine",
      passed: true,
      detail: "plain TypeScript alone: WebAssembly has no relaxed SIMD here",
    };
    return;
  }
  const expected = evaluate(null, 1);
  const single = evaluate(kernels, 1);
  yield verdictOf("float64 engine", worstDifference(single, expected), tolerance, "SIMD and plain TypeScript");
  const obstacle = workerObstacle();
  if (obstacle !== null) {
    yield { name: "threads", passed: true, detail: `one alone: ${obstacle}` };
    return;
  }
  yield verdictOf("threads", worstDifference(evaluate(kernels, 2), single), 0, "two threads and one");
}

function evaluate(kernels: WebAssembly.Module | null, threads: number): Result {
  const network = randomNetwork({
    activation: "swish",
    irreps: true,
    basis: "exp-bernstein",
    features: 20,
    basisFunctions: 7,
    randomFeatures: 12,
  });
  using engine = new ReferenceEngine(network, { kernels, threads });
  const structure = randomStructure();
  let result = engine.compute(structure, new Set(["charges"]));
  // workers come in time for one of the next evaluations
  for (const end = performance.now() + 2000; engine.lastThreads < threads && performance.now() < end;) {
    result = engine.compute(structure, new Set(["charges"]));
  }
  if (engine.lastThreads < threads) throw new Error(`Expected ${threads} threads within two seconds but found fewer`);
  return result;
}

function randomStructure(): Structure {
  const random = createRandom(1);
  const { numbers, positions, ...others } = trialStructure(atoms);
  return {
    ...others,
    numbers: numbers.map((_, i) => 1 + i % 8),
    positions: positions.map((coordinate) => coordinate + 0.3 * random()),
  };
}

/** Largest difference of two results, of the largest number of its kind. */
function worstDifference(found: Result, expected: Result): number {
  const pairs = [
    [[found.energy], [expected.energy]],
    [found.forces, expected.forces],
    [found.charges!, expected.charges!],
  ] as const;
  return Math.max(...pairs.map(([a, b]) => {
    let [difference, largest] = [0, 0];
    for (let i = 0; i < b.length; i++) {
      difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
      largest = Math.max(largest, Math.abs(b[i]!));
    }
    return difference / largest;
  }));
}

function verdictOf(name: string, difference: number, allowed: number, what: string): SelfTestVerdict {
  return {
    name,
    passed: difference <= allowed,
    detail: difference === 0
      ? `${what} agree to the last bit`
      : `${what} differ by ${difference.toExponential(1)} of the largest number, allowed ${allowed.toExponential(0)}`,
  };
}
