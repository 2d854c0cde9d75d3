import { createRandom } from "../structure/random.ts";
import type { Structure } from "../structure/structure.ts";

/** How far each atom swings to either side, Å, and how many evaluations a swing to and fro takes. */
const amplitude = 0.12, period = 60;

/**
 * Copies of a structure whose atoms swing about their places, each along a direction and with a phase of its own: about
 * what light atoms do at 300 K in steps of 0.5 fs, so that neighbour lists are rebuilt as often as in a simulation. Every
 * run and every device sees the same positions, whatever it computes.
 */
export class Motion {
  /** The copies, whose positions {@linkcode step} changes. */
  readonly structures: readonly Structure[];
  readonly #rest: Float64Array;
  /** For each copy and coordinate the amplitude, Å, and for each copy and atom the phase. */
  readonly #swings: readonly { readonly amplitudes: Float64Array; readonly phases: Float64Array }[];
  #steps = 0;

  /** @param copies How many structures move, each in its own way. */
  constructor(structure: Structure, copies: number) {
    const { numbers, positions } = structure;
    this.#rest = positions;
    this.structures = Array.from({ length: copies }, () => ({ ...structure, positions: positions.slice() }));
    this.#swings = this.structures.map((_, copy) => {
      const random = createRandom(copy);
      const amplitudes = new Float64Array(positions.length), phases = new Float64Array(numbers.length);
      for (let i = 0; i < numbers.length; i++) {
        const cosine = 2 * random() - 1, angle = 2 * Math.PI * random();
        const sine = Math.sqrt(1 - cosine * cosine);
        amplitudes.set([sine * Math.cos(angle), sine * Math.sin(angle), cosine].map((x) => amplitude * x), 3 * i);
        phases[i] = 2 * Math.PI * random();
      }
      return { amplitudes, phases };
    });
  }

  /** Moves all atoms on by one step. */
  step(): void {
    const time = 2 * Math.PI * this.#steps++ / period;
    this.#swings.forEach(({ amplitudes, phases }, copy) => {
      const { positions } = this.structures[copy]!;
      for (let k = 0; k < positions.length; k++) {
        positions[k] = this.#rest[k]! + amplitudes[k]! * Math.sin(time + phases[Math.floor(k / 3)]!);
      }
    });
  }
}
