/**
 * The parts of an evaluation, in their order: bringing pair lists up to date (and, on a device, laying out the batch for
 * new ones), writing what the device needs, computing, and copying results back. The float64 engine has only
 * `neighbour list` and `computation`. What comes before and after, checks and the assembly of results, belongs to none.
 */
export type EvaluationPhase = "neighbour list" | "upload" | "computation" | "read-back";

/** All parts, in their order. */
export const evaluationPhases: readonly EvaluationPhase[] = ["neighbour list", "upload", "computation", "read-back"];

/** Is called at the end of each part; each begins where the one before has ended. Keep it short. */
export type PhaseObserver = (ended: EvaluationPhase) => void;
