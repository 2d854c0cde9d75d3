import type { Frame } from "./frame.ts";
import type { Initialisation } from "./init_text.ts";

/** A message from a host, decoded. */
export type Message =
  | { readonly kind: "status" }
  | { readonly kind: "init"; readonly initialisation: Initialisation }
  | PositionData
  | SharedPositionData
  | { readonly kind: "getforce" }
  | { readonly kind: "exit" };

/** POSDATA with its numbers. The frames' arrays belong to the reader, which uses them again for the next POSDATA. */
export interface PositionData {
  /** Tells it from other messages. */
  readonly kind: "posdata";
  /** The structures, as many as INIT announced. */
  readonly frames: readonly Frame[];
}

/** POSDATA whose numbers lie in shared memory. */
export interface SharedPositionData {
  /** Tells it from other messages. */
  readonly kind: "shared posdata";
  /** Names of the six segments, with the first POSDATA of a connection: pos, h, ih, pot, force, vir. */
  readonly segmentNames?: readonly string[];
}
