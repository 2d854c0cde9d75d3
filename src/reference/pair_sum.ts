import type { PairList } from "../structure/pair_list.ts";
import type { TermExecution } from "./execution.ts";
import { share } from "./team.ts";

/**
 * Each atom's sum over its pairs, in the order of its entries: `[U]` → `[N]`. A pair counts for both its atoms, so that an
 * atom's own image counts twice.
 */
export function pairSum(
  { workspace, team }: TermExecution,
  { atomCount, start, entry }: PairList,
  values: Float64Array,
): Float64Array {
  const sums = workspace.float64(atomCount);
  team.barrier();
  const { from, to } = share(team, atomCount);
  for (let i = from; i < to; i++) {
    let sum = 0;
    for (let at = start[i]!, end = start[i + 1]!; at < end; at++) {
      const u = entry[at]!;
      sum += values[u < 0 ? ~u : u]!;
    }
    sums[i] = sum;
  }
  return sums;
}
