import { printable } from "./printable.js";
import type { Row } from "./system.js";

/** One column of a table: which field, and how it is shown. */
export interface Column {
  readonly field: string;
  readonly title?: string;
  /** Writes the value; by default as it is. */
  show?(value: unknown, row: Row): string;
}

/** Writes rows as lines under titles: numbers to the right, text to the left. */
export function tableLines(columns: readonly Column[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column, row)));
  const titles = columns.map(({ field, title = field }) => title.toUpperCase());
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const right = columns.map(({ field }) => rows.some((row) => typeof row[field] === "number"));
  return [titles, ...cells].map((line) =>
    line
      .map((text, at) => {
        const width = widths[at] ?? 0;
        return right[at] ? text.padStart(width) : text.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Writes names and values, one pair a line. */
export function pairLines(row: Row): string[] {
  const width = Math.max(0, ...Object.keys(row).map((name) => name.length));
  return Object.entries(row).map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`);
}

/** Orders rows by a field: numbers from the largest, text from A to Z. */
export function sortRows(rows: readonly Row[], field: string): Row[] {
  return [...rows].sort((a, b) => compare(a[field], b[field]));
}

/** Orders rows by several fields, the first one first; what is equal in all stays as it came. */
export function orderRows(rows: readonly Row[], fields: readonly string[]): Row[] {
  return [...rows].sort((a, b) => {
    for (const field of fields) {
      const order = compare(a[field], b[field]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** Which rows are kept: those that hold a text, in one field or in any. */
export interface RowFilter {
  readonly field?: string;
  readonly wanted: string;
}

/** Reads `field=text`, or a text alone. */
export function readFilter(given: string): RowFilter {
  const [, field, wanted] = /^([A-Za-z]+)=(.*)$/s.exec(given) ?? [];
  return field === undefined || wanted === undefined ? { wanted: given } : { field, wanted };
}

/** Keeps the rows that fit. */
export function filterRows(rows: readonly Row[], { field, wanted }: RowFilter): Row[] {
  return rows.filter((row) => {
    if (field !== undefined) return plain(row[field]).includes(wanted);
    return Object.values(row).some((value) => plain(value).includes(wanted));
  });
}

/** Shows a time in ms as people say it: `350 ms`, `4 s`, `3 min`, `2 h`, `5 d`. */
export function ageText(value: unknown): string {
  if (typeof value !== "number") return "";
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const;
  for (const [unit, ms] of units) if (value >= ms) return `${Math.floor(value / ms)} ${unit}`;
  return `${Math.round(value)} ms`;
}

/** Shows a number of bytes: `812 B`, `3.4 MiB`. */
export function bytesText(value: unknown): string {
  if (typeof value !== "number") return "";
  let left = value;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (left < 1024) return `${unit === "B" ? left : left.toFixed(1)} ${unit}`;
    left /= 1024;
  }
  return `${left.toFixed(1)} TiB`;
}

/** Shows a rate with three figures or more: `0.25`, `12.3`, `4 512`. */
export function rateText(value: unknown): string {
  if (typeof value !== "number") return "";
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");
}

function cellText(column: Column, row: Row): string {
  const value = row[column.field];
  return column.show === undefined ? plain(value) : column.show(value, row);
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return printable(value);
  return printable(JSON.stringify(value));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  const [left, right] = [plain(a), plain(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
