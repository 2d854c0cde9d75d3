/** Linux says here whether cores run two threads each. */
const threadsOfCores = "/sys/devices/system/cpu/smt/active";

/**
 * How many processor cores this process may use. Two threads on one core share its arithmetic units, which is all that
 * matters to dense products; where the system does not say whether there are such, every processor counts.
 */
export function processorCores(): number {
  const processors = navigator.hardwareConcurrency;
  return hasSharedCores() ? Math.ceil(processors / 2) : processors;
}

function hasSharedCores(): boolean {
  try {
    return Deno.readTextFileSync(threadsOfCores).trim() === "1";
  } catch {
    // not Linux, not Deno, or not allowed to look
    return false;
  }
}
