/** One curve in its own axes. */
export interface Panel {
  /** What the curve shows, with its unit. */
  readonly label: string;
  /** One value for each of the plot's x values. */
  readonly values: readonly number[];
}

const width = 720;
const panelHeight = 200;
const margin = { left: 72, right: 20, top: 58, gap: 36, bottom: 48 };

/**
 * Draws curves over the same x values, one below the other, as an SVG document.
 *
 * @param title Stands above them.
 * @param xLabel What x is, with its unit.
 * @param x At least two values, ascending.
 */
export function linePlot(title: string, xLabel: string, x: readonly number[], panels: readonly Panel[]): string {
  const height = margin.top + panels.length * (panelHeight + margin.gap) - margin.gap + margin.bottom;
  const xScale = scale(x[0]!, x.at(-1)!, margin.left, width - margin.right);
  const body = panels.map(({ label, values }, k) => {
    const top = margin.top + k * (panelHeight + margin.gap);
    return drawPanel(label, x, values, xScale, top, k === panels.length - 1);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
  font-family="sans-serif" font-size="12" fill="#222">
<rect width="${width}" height="${height}" fill="white"/>
${text(margin.left, 24, title, 'font-size="15" font-weight="bold"')}
${body.join("\n")}
${text((margin.left + width - margin.right) / 2, height - 12, xLabel, 'text-anchor="middle"')}
</svg>
`;
}

/** A linear map of an interval onto pixels. */
interface Scale {
  readonly from: number;
  readonly to: number;
  at(value: number): number;
}

function scale(from: number, to: number, start: number, end: number): Scale {
  return { from, to, at: (value) => start + (value - from) / (to - from) * (end - start) };
}

function drawPanel(
  label: string,
  x: readonly number[],
  values: readonly number[],
  xScale: Scale,
  top: number,
  isLast: boolean,
): string {
  const low = Math.min(...values);
  const room = 0.08 * (Math.max(...values) - low) || 1;
  const yScale = scale(low - room, Math.max(...values) + room, top + panelHeight, top);
  const bottom = top + panelHeight;
  const lines: string[] = [];
  for (const tick of ticks(yScale.from, yScale.to)) {
    const y = pixel(yScale.at(tick));
    lines.push(`<path d="M${margin.left} ${y}H${width - margin.right}" stroke="#ddd"/>`);
    lines.push(text(margin.left - 8, y + 4, formatTick(tick), 'text-anchor="end"'));
  }
  for (const tick of ticks(xScale.from, xScale.to)) {
    const at = pixel(xScale.at(tick));
    lines.push(`<path d="M${at} ${bottom}v5" stroke="#222"/>`);
    if (isLast) lines.push(text(at, bottom + 19, formatTick(tick), 'text-anchor="middle"'));
  }
  const points = values.map((value, k) => `${pixel(xScale.at(x[k]!))} ${pixel(yScale.at(value))}`);
  lines.push(
    `<rect x="${margin.left}" y="${top}" width="${
      width - margin.left - margin.right
    }" height="${panelHeight}" fill="none" stroke="#222"/>`,
    `<path d="M${points.join("L")}" fill="none" stroke="#1f6fb4" stroke-width="1.5" stroke-linejoin="round"/>`,
    text(margin.left, top - 7, label, ""),
  );
  return lines.join("\n");
}

/** Round numbers (1, 2 or 5 times a power of ten apart) between two values, about five of them. */
function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, k) => (first + k) * step);
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function pixel(value: number): number {
  return Math.round(10 * value) / 10;
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
