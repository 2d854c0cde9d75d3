import type { KernelCheck } from "./kernel_check.ts";
import { linearChecks } from "./linear.ts";
import { localInteractionChecks } from "./local_interaction.ts";

/** Checks of all kernels; at least one each. */
export const kernelChecks: readonly KernelCheck[] = [
  ...linearChecks,
  ...localInteractionChecks,
];
