const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * Draws a bar with the share done, the count and the time left.
 *
 * @param done How much is done.
 * @param total How much there is; `null` where nobody knows, which draws no bar.
 * @param seconds How long it took so far.
 * @param unit What is counted, in the plural.
 *
 * @example
 * ```ts
 * import { progressBar } from "./progress_bar.ts";
 * progressBar(50, 200, 10, "steps"); // "█████               25 % · 50 of 200 steps · 0:30 left"
 * ```
 */
export function progressBar(done: number, total: number | null, seconds: number, unit: string): string {
  if (total === null) return `${done} ${unit} · ${clock(seconds)}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const cells = share * 20;
  const bar = "█".repeat(Math.floor(cells)) + eighths[Math.floor(cells % 1 * 8)];
  const left = done > 0 ? ` · ${clock(seconds * (total - done) / done)} left` : "";
  return `${bar.padEnd(20)} ${String(Math.floor(100 * share)).padStart(3)} % · ${done} of ${total} ${unit}${left}`;
}

/** Minutes and seconds, or hours, minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, k) => k === 0 ? String(part) : String(part).padStart(2, "0")).join(":");
}
