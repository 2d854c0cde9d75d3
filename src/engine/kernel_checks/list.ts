import { attentionChecks } from "./attention.ts";
import { chargeChecks } from "./charges.ts";
import { type KernelBench, randomArrays } from "../kernel_bench.ts";
import type { Comparison, KernelCheck } from "./kernel_check.ts";
import { linearChecks } from "./linear.ts";
import { localInteractionChecks } from "./local_interaction.ts";
import { longRangeChecks } from "./long_range.ts";
import { pairChecks } from "./pairs.ts";

/** Checks of all kernels; at least one each. */
export const kernelChecks: readonly KernelCheck[] = [
  ...linearChecks,
  ...pairChecks,
  ...localInteractionChecks,
  ...attentionChecks,
  ...chargeChecks,
  ...longRangeChecks,
];

/** Runs a check on inputs that do not depend on the checks before. */
export function runCheck(check: KernelCheck, bench: KernelBench): Promise<readonly Comparison[]> {
  return check.run({ ...bench, random: randomArrays() });
}
