/** Why this program cannot start the engine's workers; `null` where it can. */
export function workerObstacle(): string | null {
  if (typeof Worker === "undefined") return "there are no workers here";
  const module = new URL("./reference_worker.ts", import.meta.url);
  if (module.protocol !== "file:") return null;
  const { state } = Deno.permissions.querySync({ name: "read", path: module });
  return state === "granted" ? null : "workers take --allow-read";
}
