import type { Cell } from "@thynapse/cell-sdk";
import { askSystem, type Row, type SystemQuery } from "./system.js";
import { ageText, bytesText, type Column, rateText, sortRows, tableLines } from "./table.js";

/** What a transmitter knew at one moment. */
export interface Sample {
  readonly atMs: number;
  readonly status: Row;
  readonly metrics: Readonly<Record<string, number>>;
  readonly groups: readonly Row[];
  readonly cells: readonly Row[];
}

/** What happened between two samples: counts as they are, rates per second. */
export interface Activity {
  readonly status: Row;
  /** Events per second: accepted, delivered, acked, published on streams. */
  readonly rates: Readonly<Record<string, number>>;
  readonly groups: readonly Row[];
  readonly cells: readonly Row[];
}

/** Asks a transmitter for all that `top` shows. The cell that asks is left out. */
export async function takeSample(cell: Cell, query: SystemQuery): Promise<Sample> {
  const [status, metrics, groups, cells] = await Promise.all([
    askSystem(cell, "$mesh.status", query),
    askSystem(cell, "$mesh.metrics", query),
    askSystem(cell, "$mesh.groups", query),
    askSystem(cell, "$mesh.cells", query),
  ]);
  const others = cells.filter(({ id }) => id !== cell.id);
  return { atMs: performance.now(), status, metrics, groups, cells: others };
}

/** Counters of a transmitter whose rates are shown, with the word for each. */
const ratesShown: Readonly<Record<string, string>> = {
  eventsAccepted: "accepted",
  eventsHandled: "handled",
  deliveries: "delivered",
  acks: "acked",
  streamEvents: "published",
  redeliveries: "redelivered",
  eventsRefused: "refused",
  deadLetters: "dead",
};

/** Works out what happened between two samples. */
export function activityBetween(before: Sample, now: Sample): Activity {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const rate = (to: unknown, from: unknown) => rounded((Number(to) - Number(from ?? 0)) / seconds);
  const rates: Record<string, number> = {};
  for (const [counter, word] of Object.entries(ratesShown)) {
    const value = now.metrics[counter];
    // Below zero the transmitter has started anew between the samples.
    if (value !== undefined) rates[word] = Math.max(0, rate(value, before.metrics[counter]));
  }
  const groupsBefore = byName(before.groups, groupName);
  const cellsBefore = byName(before.cells, cellName);
  return {
    status: now.status,
    rates,
    groups: now.groups.map((group) => {
      const from = groupsBefore.get(groupName(group));
      const deliveredPerSecond = Math.max(0, rate(group["delivered"], from?.["delivered"]));
      return {
        ...group,
        deliveredPerSecond,
        ackedPerSecond: rate(group["acked"], from?.["acked"]),
      };
    }),
    cells: now.cells.map((cell) => {
      const from = cellsBefore.get(cellName(cell));
      const sentPerSecond = Math.max(0, rate(cell["sent"], from?.["sent"]));
      const perSecond = Math.max(0, rate(cell["delivered"], from?.["delivered"]));
      return { ...cell, sentPerSecond, deliveredPerSecond: perSecond };
    }),
  };
}

const groupColumns: readonly Column[] = [
  { field: "service" },
  { field: "pattern" },
  { field: "members" },
  { field: "backlog" },
  { field: "oldestMs", title: "oldest", show: ageText },
  { field: "held" },
  { field: "deliveredPerSecond", title: "given/s", show: rateText },
  { field: "ackedPerSecond", title: "acked/s", show: rateText },
  { field: "redelivered" },
  { field: "dead" },
];

const cellColumns: readonly Column[] = [
  { field: "service" },
  { field: "id", show: (id) => String(id).slice(0, 8) },
  { field: "state" },
  { field: "sinceMs", title: "since", show: ageText },
  { field: "sentPerSecond", title: "sent/s", show: rateText },
  { field: "deliveredPerSecond", title: "given/s", show: rateText },
  { field: "held" },
  { field: "missed" },
  { field: "gone" },
  { field: "errors" },
];

/**
 * Draws the activity: the transmitter, its groups by backlog, its cells by what is wrong with them.
 */
export function sampleLines({ status, rates, groups, cells }: Activity): string[] {
  const shown = Object.entries(rates).map(([word, value]) => `${word} ${rateText(value)}/s`);
  const { command, state, mesh } = status;
  return [
    [
      `${String(command)} ${String(state)}`,
      `mesh ${String(mesh)}`,
      `up ${ageText(status["uptimeMs"])}`,
      `${bytesText(status["rssBytes"])}, ${cells.length} cells, ${groups.length} groups`,
      `${String(status["deadLetters"])} dead letters`,
    ].join(", "),
    shown.join("  "),
    "",
    ...tableLines(groupColumns, sortRows(sortRows(groups, "deliveredPerSecond"), "backlog")),
    "",
    ...tableLines(cellColumns, sortRows(sortRows(cells, "sentPerSecond"), "missed")),
  ];
}

function byName(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row> {
  return new Map(rows.map((row) => [nameOf(row), row]));
}

function groupName({ service, pattern }: Row): string {
  return `${String(service)} ${String(pattern)}`;
}

function cellName({ id }: Row): string {
  return String(id);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
