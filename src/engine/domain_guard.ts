import { formatElement, formatElements, formatRange } from "../model/describe_model.ts";
import type { TrainingDomain, ValueRange } from "../model/training_domain.ts";
import { symbolOf } from "../structure/elements.ts";
import type { Structure } from "../structure/structure.ts";
import { ClosestApproach } from "./closest_approach.ts";

/** One way in which a structure is not like what a model was trained on. */
export interface Departure {
  /** The same for all structures that depart in this way, of which there are not many. */
  readonly kind: string;
  /** What was found, and what the model was trained on. */
  readonly reason: string;
}

const none: readonly Departure[] = [];

/** Knows whether structures are inside what a model was trained on. */
export class DomainGuard {
  readonly #domain: TrainingDomain;
  /** 1 at the atomic numbers that are inside; `null`: all are. */
  readonly #isKnown: Uint8Array | null;
  readonly #closest: ClosestApproach | null;

  /** A guard for structures of any sizes. */
  constructor(domain: TrainingDomain) {
    const { elements, closest } = domain;
    this.#domain = domain;
    this.#isKnown = elements === null ? null : new Uint8Array(256);
    elements?.forEach((z) => this.#isKnown![z] = 1);
    this.#closest = closest === null ? null : new ClosestApproach(closest, elements);
  }

  /**
   * How a structure departs from what the model was trained on: elements, charge, unpaired electrons, atoms that are too
   * close. Nothing is allocated for a structure that is inside.
   *
   * @param structure Its arrays may be used again after the call.
   * @param place Which of the structures of a call it is; see {@linkcode ClosestApproach.find}.
   * @throws RangeError for positions that are not finite, and a cell that spans no lattice.
   */
  departures(structure: Structure, place: number): readonly Departure[] {
    const { numbers, charge, unpaired } = structure;
    const { charge: charges, unpaired: unpairedCounts } = this.#domain;
    let found: Departure[] | null = null;
    if (this.#isKnown !== null) {
      for (let i = 0; i < numbers.length; i++) {
        if (this.#isKnown[numbers[i]!] === 1) continue;
        found ??= [];
        addElement(found, numbers[i]!, i, this.#domain.elements!);
      }
    }
    if (isOutside(charge, charges)) (found ??= []).push(rangeDeparture("charge", charge, charges!));
    if (isOutside(unpaired, unpairedCounts)) {
      (found ??= []).push(rangeDeparture("unpaired electrons", unpaired, unpairedCounts!));
    }
    const approaches = this.#closest?.find(structure, place) ?? [];
    for (const { first, second, distance, limit } of approaches) {
      const pair = [numbers[first]!, numbers[second]!].sort((a, b) => a - b).map(symbolOf).join("–");
      const reason = `${pair} distance ${distance.toFixed(3)} Å (atoms ${first} and ${second}), trained on ${
        limit.toFixed(3)
      } Å and more`;
      (found ??= []).push({ kind: `distance ${pair}`, reason });
    }
    return found ?? none;
  }
}

function addElement(found: Departure[], z: number, atom: number, known: readonly number[]): void {
  const kind = `element ${z}`;
  if (found.some((departure) => departure.kind === kind)) return;
  found.push({ kind, reason: `element ${formatElement(z)} (atom ${atom}), trained on ${formatElements(known)}` });
}

function isOutside(value: number, range: ValueRange | null): boolean {
  return range !== null && !(value >= range[0] && value <= range[1]);
}

function rangeDeparture(name: string, value: number, range: ValueRange): Departure {
  const side = value < range[0] ? "below" : "above";
  return { kind: `${name} ${side}`, reason: `${name} ${value}, trained on ${formatRange(range)}` };
}
