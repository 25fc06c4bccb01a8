import { availableParallelism, cpus, totalmem } from "node:os";

import type { BenchOptions } from "./options.js";
import type { Figure, Row } from "./summary.js";

/** Everything that one bench found, as `--json` prints it. */
export interface Report {
  readonly scenarios: readonly Row[];
  /** Why the figures cannot be trusted; null if they can. */
  readonly void: readonly string[] | null;
  /** Ratios that fall short of their targets, or with --ci of 80 % of them. */
  readonly missed: readonly string[];
  readonly repeats: number;
  readonly seconds: number;
  /** Whether cores were kept from sleeping. */
  readonly awake: boolean;
  readonly machine: Readonly<Record<string, string | number>>;
}

/** What the figures were measured on. */
export function machine(): Report["machine"] {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** The report for people. */
export function renderReport(report: Report, options: BenchOptions): string {
  const lines = [renderTable(report.scenarios)];
  const { cpu, cores, node } = report.machine;
  const kept = report.awake ? ", kept awake" : "";
  lines.push(
    "",
    `medians of ${options.repeats} interleaved runs of ${options.seconds} s; ratio to NATS`,
    `latencies are p50 / p99 in ms; ${cores} cores of ${cpu}${kept}, node ${node}`,
  );
  for (const row of report.scenarios) {
    if (row.note !== undefined) lines.push(`${row.name}: ${row.note}`);
    if (row.single !== undefined) {
      lines.push(`${row.name}: at one transmitter ${render(row.single)} ${row.unit}`);
    }
    if (row.deviation !== undefined) lines.push(`${row.name}: shares ${renderDeviation(row)}`);
    for (const failure of row.failures) {
      lines.push(`FAILED ${row.name}, ${failure.system}, run ${failure.repeat}: ${failure.why}`);
    }
  }
  for (const { name, reached, target } of options.ci ? report.scenarios : []) {
    if (reached === undefined) continue;
    lines.push(
      `${name}: checked against ${render(reached)}, short of its target ${render(target)}`,
    );
  }
  for (const miss of report.missed) lines.push(`MISSED ${miss}`);
  for (const why of report.void ?? []) lines.push(`VOID ${why}`);
  return `${lines.join("\n")}\n`;
}

const HEAD = [
  "scenario",
  "unit",
  "thynapse",
  "nats",
  "redis",
  "ratio",
  "target",
  "spread",
  "rss MB",
];

function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.unit,
    render(row.thynapse),
    render(row.nats),
    render(row.redis),
    render(row.ratio),
    row.target === null ? "–" : `${row.unit === "ms" ? "≤" : "≥"} ${render(row.target)}`,
    renderShare(row.spread),
    row.rssMb === null ? "–" : row.rssMb.toFixed(0),
  ]);
  const table = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table
    .map((line) => line.map((cell, at) => pad(cell, widths[at]!, at)).join("  "))
    .join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function render(figure: Figure | null): string {
  return each(figure, (value) => {
    if (value >= 1_000) return value.toLocaleString("en").replaceAll(",", " ");
    return value.toFixed(value < 10 ? 2 : 0);
  });
}

function renderShare(figure: Figure | null): string {
  return each(figure, (value) => `${(value * 100).toFixed(0)} %`);
}

function each(figure: Figure | null, one: (value: number) => string): string {
  if (figure === null) return "–";
  if (typeof figure === "number") return one(figure);
  return `${one(figure.p50)} / ${one(figure.p99)}`;
}

function renderDeviation(row: Row): string {
  return Object.entries(row.deviation ?? {})
    .map(([system, deviation]) => `${system} within ${(deviation * 100).toFixed(1)} % of equal`)
    .join(", ");
}
