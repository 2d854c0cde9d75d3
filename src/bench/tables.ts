import { describeSystem, type DeviceReport, type SystemReport } from "./report.ts";

/** A column: its title, its width (negative: filled up on the right) and what stands in it. */
type Column = readonly [title: string, width: number, cell: (system: SystemReport, device: DeviceReport) => string];

const columns: readonly Column[] = [
  ["system", -14, ({ name }) => [...name].slice(0, 14).join("")],
  ["atoms", 5, ({ atoms }) => String(atoms)],
  ["at once", 7, ({ copies }) => String(copies)],
  ["device", -8, (_, { device }) => device],
  ["ms", 7, (_, { evaluation }) => significant(evaluation.median)],
  ["quartiles", 12, (_, { evaluation: { lower, upper } }) => `${significant(lower)}–${significant(upper)}`],
  ["lists", 6, (_, { parts }) => significant(parts["neighbour list"])],
  ["upload", 6, (_, { parts }) => significant(parts.upload)],
  ["compute", 7, (_, { parts }) => significant(parts.computation)],
  ["read", 6, (_, { parts }) => significant(parts["read-back"])],
  ["rest", 6, (_, { parts }) => significant(parts.rest)],
  ["socket", 6, (_, { socket }) => significant(socket.median)],
  ["first s", 7, (_, { firstForces }) => (firstForces / 1000).toFixed(2)],
  ["MiB", 5, (_, { residentBytes }) => (residentBytes / 2 ** 20).toFixed(0)],
];

/** What the columns mean. */
export const legend = [
  "ms: an evaluation of all structures at once, the median; of it, as means: lists (neighbour lists), upload, compute,",
  "read (read-back) and rest. socket: what a host of the i-PI protocol waits besides, over a Unix socket. first: from the",
  "start of the process to its first forces, with caches as they were. MiB: resident memory.",
].join("\n");

/** The table's head. */
export function tableHead(): string {
  return line(columns.map(([title]) => title));
}

/** A system's rows, one a device. */
export function tableRows(system: SystemReport): string {
  return system.devices.map((device) => line(columns.map(([, , cell]) => cell(system, device)))).join("\n");
}

/** What each kernel took, for devices that measured it. */
export function kernelTables({ devices, ...system }: SystemReport): string {
  return devices.flatMap(({ device, kernels }) => {
    if (kernels === null) return [];
    const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const rows = kernels.map(({ kernel, dispatches, milliseconds }) =>
      `  ${kernel.padEnd(28)} ${String(dispatches).padStart(3)} × ${significant(milliseconds).padStart(8)} ms` +
      `${(100 * milliseconds / total).toFixed(0).padStart(5)} %`
    );
    const title = `${describeSystem(system)}, kernels on ${device}: ${significant(total)} ms in all`;
    return [[title, ...rows].join("\n")];
  }).join("\n");
}

function line(cells: readonly string[]): string {
  return cells.map((cell, k) => {
    const width = columns[k]![1];
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  }).join(" ");
}

/** Three digits, but no more than three decimals. */
function significant(value: number): string {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toFixed(decimals);
}
