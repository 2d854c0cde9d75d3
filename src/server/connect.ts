import type { Calculator } from "../engine/calculator.ts";
import { type DriverOptions, runDriver, type RunningDriver } from "../protocol/driver.ts";
import type { Structure } from "../structure/structure.ts";
import type { Extra } from "./extras.ts";
import { frameResultOf, propertiesForHost, structureOfHostFrame } from "./host_structures.ts";

/** What {@linkcode connect} needs: where the host is, what its atoms are and what computes them. */
export interface ConnectOptions extends Omit<DriverOptions, "atomCount" | "evaluate"> {
  /** Computes: one model, or a committee; it stays open when the driver ends. */
  readonly calculator: Calculator;
  /** The host's atoms in the host's order `[N]`, their total charge and unpaired electrons; nothing else is looked at. */
  readonly atoms: Pick<Structure, "numbers" | "charge" | "unpaired">;
  /**
   * Whether the host's box repeats along a, b, c; by default it does not, for hosts send a box for a molecule too. An axis
   * for which the host sends a vector of zeros does not repeat in any case.
   */
  readonly periodic?: Structure["periodic"];
  /**
   * What to send besides energy, forces and virial, as JSON in atomic units; by default nothing. `committee` wants a
   * calculator made by `createCommittee`, and is what i-PI's `<ffcommittee>` reads.
   */
  readonly extras?: readonly Extra[];
}

/**
 * Serves a host of the i-PI protocol (i-PI, ASE, ...) with energies, forces and virials until it has finished. All
 * structures that have arrived, over one connection or several, are computed together.
 *
 * @returns A handle; its `closed` resolves when the host has finished, with how it ended.
 * @throws {TypeError} When the address is none.
 * @throws {RangeError} When an option is out of range.
 *
 * @example Serve `SocketIOCalculator(unixsocket="water")` of ASE, if it is there
 * ```ts
 * import { connect, createCalculator, createStructure, loadModel } from "@spookynet/force-provider";
 *
 * const model = await loadModel("tests/fixtures/tiny.safetensors");
 * await using calculator = await createCalculator(model, { device: "cpu" });
 * const atoms = createStructure({ symbols: ["O", "H", "H"], positions: new Float64Array(9) });
 * const { ended, error } = await connect({ to: "unix:water", calculator, atoms, retrySeconds: 0 }).closed;
 * console.log(ended, error?.message);
 * ```
 */
export function connect(options: ConnectOptions): RunningDriver {
  const { calculator, atoms, periodic = [false, false, false], extras = [] } = options;
  const properties = propertiesForHost(extras);
  return runDriver({
    ...options,
    atomCount: atoms.numbers.length,
    evaluate: async (frames) => {
      const structures = frames.map((frame) => structureOfHostFrame(frame, atoms, periodic));
      const results = await calculator.compute(structures, properties);
      return results.map((result) => frameResultOf(result, extras));
    },
  });
}
