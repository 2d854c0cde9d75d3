/** Says what is not tested here, and what is missing for it: `./spookynet test` shows these lines. */
export function skipping(what: string, reason: string): void {
  console.warn(`Skipping ${what}: ${reason}`);
}
