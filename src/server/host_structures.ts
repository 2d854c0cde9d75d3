import type { Frame, FrameResult } from "../protocol/frame.ts";
import type { Property, Result } from "../structure/result.ts";
import type { Structure } from "../structure/structure.ts";
import { type Extra, inAtomicUnits } from "./extras.ts";

/** The structure of a frame from a host of the i-PI protocol, which sends a box whether or not it repeats. */
export function structureOfHostFrame(
  frame: Frame,
  { numbers, charge, unpaired }: Pick<Structure, "numbers" | "charge" | "unpaired">,
  periodic: Structure["periodic"],
): Structure {
  return { numbers, charge, unpaired, positions: frame.positions, ...latticeOf(frame.cell, periodic) };
}

/** What a calculator is asked for to answer a host. */
export function propertiesForHost(extras: readonly Extra[]): readonly Property[] {
  return ["energy", "forces", "virial", ...extras];
}

/** What a host is sent of a result. */
export function frameResultOf(result: Result, extras: readonly Extra[]): FrameResult {
  const { energy, forces, virial } = result;
  return { energy, forces, virial: virial!, ...(extras.length > 0 && { extras: inAtomicUnits(result, extras) }) };
}

function latticeOf(cell: Float64Array, wanted: Structure["periodic"]): Pick<Structure, "cell" | "periodic"> {
  const repeats = (axis: 0 | 1 | 2) => wanted[axis] && cell.subarray(3 * axis, 3 * axis + 3).some((x) => x !== 0);
  const periodic = [repeats(0), repeats(1), repeats(2)] as const;
  return { periodic, cell: periodic.includes(true) ? cell : null };
}
