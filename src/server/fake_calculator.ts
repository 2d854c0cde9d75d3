import type { Calculator } from "../engine/calculator.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";

/** How a {@linkcode FakeCalculator} behaves. */
export interface FakeCalculatorOptions {
  /** How long each call takes, ms; the event loop goes on meanwhile. */
  readonly milliseconds?: number;
  /** Called with each call's structures, before it takes its time; what it throws, `compute` rejects with. */
  onCompute?(structures: readonly Structure[]): void;
}

/**
 * A calculator whose energy is Σ Z (x + 2y + 3z) + charge, so that tests know every result; remembers the sizes of its
 * batches. Atoms of hydrogen further out than 1000 Å are refused, those of helium give an energy that is not finite.
 */
export class FakeCalculator implements Calculator {
  readonly device = { kind: "gpu", name: "fake", driver: "", readBack: "awaited" } as const;
  /** The total charges of each call's structures, which tests tell clients apart by. */
  readonly batches: number[][] = [];
  readonly #options: FakeCalculatorOptions;

  /** @param options How it behaves. */
  constructor(options: FakeCalculatorOptions = {}) {
    this.#options = options;
  }

  compute(structure: Structure, properties?: Iterable<Property>): Promise<Result>;
  compute(structures: readonly Structure[], properties?: Iterable<Property>): Promise<Result[]>;
  async compute(input: Structure | readonly Structure[]): Promise<Result | Result[]> {
    const structures = "numbers" in input ? [input] : input;
    this.batches.push(structures.map(({ charge }) => charge));
    const { milliseconds, onCompute } = this.#options;
    onCompute?.(structures);
    if (milliseconds !== undefined) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const results = this.computeSync(structures);
    return "numbers" in input ? results[0]! : results;
  }

  computeSync(structures: readonly Structure[]): Result[] {
    return structures.map(resultOf);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** What a {@linkcode FakeCalculator} computes, everything but the Hessian. */
export function resultOf({ numbers, positions, charge }: Structure): Result {
  const count = numbers.length;
  const atomic = Float64Array.from(
    numbers,
    (z, i) => z * (positions[3 * i]! + 2 * positions[3 * i + 1]! + 3 * positions[3 * i + 2]!),
  );
  const far = positions.findIndex((x, k) => numbers[Math.floor(k / 3)] === 1 && Math.abs(x) > 1000);
  if (far >= 0) throw new RangeError(`Expected hydrogen within 1000 Å but found ${positions[far]}`);
  if (numbers.includes(2)) throw new Error("Expected finite results but found NaN at element 0 of energy");
  return {
    energy: atomic.reduce((sum, term) => sum + term, charge),
    forces: Float64Array.from(positions, (_, k) => -numbers[Math.floor(k / 3)]! * (1 + k % 3)),
    virial: Float64Array.of(charge, 1, 2, 1, 3, 4, 2, 4, 5),
    charges: new Float64Array(count).fill(charge / count),
    dipole: Float64Array.of(charge, 0, 1),
    energies: {
      nn: atomic,
      repulsion: new Float64Array(count),
      electrostatics: new Float64Array(count),
      dispersion: new Float64Array(count),
    },
  };
}
