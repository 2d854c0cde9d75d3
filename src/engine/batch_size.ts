import type { Network } from "../model/network.ts";
import type { Structure } from "../structure/structure.ts";

/** Pairs of the network for each atom of dense matter (water within 5.7 Å), for the estimate below. */
const pairsPerAtom = 40;

/**
 * Splits structures into batches that a device's largest binding holds, in order. What needs the room are the radial maps of
 * all pairs; a structure that is too large by itself is a batch of its own, and the device says so.
 *
 * @param largestBinding Bytes.
 */
export function batchesOf(
  structures: readonly Structure[],
  network: Network,
  largestBinding: number,
): (readonly Structure[])[] {
  const bytesPerPair = 2 * 3 * network.modules.length * network.features * 4;
  const atoms = Math.max(1, Math.floor(largestBinding / (pairsPerAtom * bytesPerPair)));
  const batches: Structure[][] = [];
  let room = 0;
  for (const structure of structures) {
    const size = structure.numbers.length;
    if (size > room || batches.length === 0) {
      batches.push([]);
      room = atoms;
    }
    batches.at(-1)!.push(structure);
    room -= size;
  }
  return batches;
}
