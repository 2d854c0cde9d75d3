import type { Structure } from "../structure/structure.ts";
import type { DeviceDescription } from "./device.ts";

/** Spacing of a trial's atoms, Å: about one in 10 Å³, as in water. */
const spacing = 2.15;
/** Evaluations that count, after one that does not: a device compiles kernels and starts threads in it. */
const evaluations = 5;
/** How long a trial goes on once an evaluation counted, ms. */
const longest = 500;

/**
 * A structure to try a device with: so many hydrogen atoms on a simple cubic lattice as dense as water. What an evaluation
 * costs depends on how many atoms and neighbours there are, not on what they are.
 */
export function trialStructure(atoms: number): Structure {
  const edge = Math.ceil(Math.cbrt(atoms));
  const positions = new Float64Array(3 * atoms);
  for (let i = 0; i < atoms; i++) {
    positions[3 * i] = spacing * (i % edge);
    positions[3 * i + 1] = spacing * (Math.floor(i / edge) % edge);
    positions[3 * i + 2] = spacing * Math.floor(i / edge ** 2);
  }
  return {
    numbers: new Uint8Array(atoms).fill(1),
    positions,
    cell: null,
    periodic: [false, false, false],
    charge: 0,
    unpaired: atoms % 2,
  };
}

/** The part of a calculator that a trial takes. */
export interface TriedCalculator {
  readonly device: DeviceDescription;
  /** Computes one structure. */
  compute(structure: Structure): Promise<unknown>;
}

/**
 * Tries a graphics processor's calculator and the processor's.
 *
 * @param atoms How many atoms the trial has.
 * @returns Which one computes them faster, and the reason in words.
 */
export async function fasterOf(
  graphics: TriedCalculator,
  processor: TriedCalculator,
  atoms: number,
  time: typeof trialTime = trialTime,
): Promise<{ fastest: "gpu" | "cpu"; reason: string }> {
  const structure = trialStructure(atoms);
  const graphicsTime = await time(() => graphics.compute(structure));
  const processorTime = await time(() => processor.compute(structure));
  const fastest = graphicsTime <= processorTime ? "gpu" : "cpu";
  const [own, other] = fastest === "gpu" ? [graphicsTime, processorTime] : [processorTime, graphicsTime];
  const loser = fastest === "gpu" ? "the processor" : graphics.device.name;
  const words = `${own.toPrecision(2)} ms for ${atoms} ${atoms === 1 ? "atom" : "atoms"}`;
  return { fastest, reason: `${words}, ${loser} ${other.toPrecision(2)} ms` };
}

/**
 * The least time of a few evaluations, ms; the first is not counted. The least, for whatever else the machine does only
 * makes one longer.
 */
export async function trialTime(evaluate: () => Promise<unknown>, now: () => number = currentTime): Promise<number> {
  await evaluate();
  const start = now();
  let least = Infinity;
  for (let count = 0; count < evaluations && (count === 0 || now() - start < longest); count++) {
    const before = now();
    await evaluate();
    least = Math.min(least, now() - before);
  }
  return least;
}

function currentTime(): number {
  return performance.now();
}
