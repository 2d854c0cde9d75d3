import { places, type TeamControl } from "./team_control.ts";
import type { StepShape } from "./team_program.ts";

/** What the first thread tells the others to do. */
export type TeamJob =
  | StepJob
  /** To take structures from the exchange one after the other. */
  | { readonly kind: "batch"; readonly structures: number; readonly atoms: number };

/** To compute one structure together. */
export interface StepJob {
  readonly kind: "step";
  /** Whether what depends on the composition has to be computed first. */
  readonly prepares: boolean;
  readonly atoms: number;
  readonly shape: StepShape;
}

/** What stands for all pairs, and for the network's, in place of a number of pairs. */
const all = -1, near = -2;

const kinds = { step: 0, batch: 1 } as const;

/**
 * Writes a job for so many threads where they look for it.
 *
 * @param bytes Size of the memory they share, which they may not know yet.
 */
export function postJob({ words }: TeamControl, job: TeamJob, threads: number, bytes: number): void {
  words.set([threads, bytes / 65536, kinds[job.kind]], places.job);
  const at = places.job + 3;
  if (job.kind === "batch") {
    words.set([job.structures, job.atoms], at);
    Atomics.store(words, places.next, 0);
  } else {
    const { nearPairs, farPairs, hasCell } = job.shape;
    const far = farPairs === "all" ? all : farPairs === "near" ? near : farPairs;
    words.set([job.prepares ? 1 : 0, job.atoms, nearPairs, far, hasCell ? 1 : 0], at);
  }
}

/** What {@link postJob} wrote. */
export function readJob({ words }: TeamControl): { job: TeamJob; threads: number; bytes: number } {
  const [threads, pages, kind, ...numbers] = words.subarray(places.job, places.job + 8);
  return { job: jobOf(kind!, numbers), threads: threads!, bytes: pages! * 65536 };
}

function jobOf(kind: number, numbers: readonly number[]): TeamJob {
  if (kind === kinds.batch) return { kind: "batch", structures: numbers[0]!, atoms: numbers[1]! };
  const [prepares, atoms, nearPairs, far, hasCell] = numbers;
  return {
    kind: "step",
    prepares: prepares === 1,
    atoms: atoms!,
    shape: {
      nearPairs: nearPairs!,
      farPairs: far === all ? "all" : far === near ? "near" : far!,
      hasCell: hasCell === 1,
    },
  };
}
