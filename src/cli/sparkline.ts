const blocks = "▁▂▃▄▅▆▇█";

/**
 * Draws values as a line of blocks, the lowest to the highest.
 *
 * @param values At least one, all finite.
 * @param columns How many characters to use at most; each shows the mean of its share of the values.
 *
 * @example
 * ```ts
 * import { sparkline } from "./sparkline.ts";
 * console.assert(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) === "▁▂▃▄▅▆▇█");
 * ```
 */
export function sparkline(values: readonly number[], columns: number): string {
  const count = Math.min(columns, values.length);
  const means = Array.from({ length: count }, (_, column) => {
    const share = values.slice(
      Math.floor(column * values.length / count),
      Math.floor((column + 1) * values.length / count),
    );
    return share.reduce((sum, value) => sum + value, 0) / share.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means.map((mean) => blocks[range > 0 ? Math.min(7, Math.floor(8 * (mean - low) / range)) : 0]).join("");
}
