import type { Cell } from "@thynapse/cell-sdk";
import { askEach, listMesh } from "./mesh-list.js";
import type { Row, SystemQuery } from "./system.js";

/** What the transmitters of a mesh knew at one moment. */
export interface Sample {
  readonly atMs: number;
  readonly statuses: readonly Row[];
  readonly metrics: readonly Row[];
  readonly groups: readonly Row[];
  readonly cells: readonly Row[];
  /** The cell that asked, which is none of the others. */
  readonly asker: Row | undefined;
  /** Transmitters that did not answer. */
  readonly missing: readonly string[];
}

/** What happened between two samples: counts as they are, rates per second. */
export interface Activity {
  /** Status of the transmitter that was asked. */
  readonly status: Row;
  /** Events per second of the whole mesh: accepted, delivered, acked, published on streams. */
  readonly rates: Readonly<Record<string, number>>;
  /** Status and rates of each transmitter. */
  readonly transmitters: readonly Row[];
  readonly groups: readonly Row[];
  readonly cells: readonly Row[];
  readonly missing: readonly string[];
}

/** Asks the mesh for all that `top` shows. The cell that asks is left out. */
export async function takeSample(cell: Cell, query: SystemQuery): Promise<Sample> {
  const [statuses, metrics, groups, cells] = await Promise.all([
    askEach(cell, "$mesh.status", query),
    askEach(cell, "$mesh.metrics", query),
    listMesh(cell, "$mesh.groups", query),
    listMesh(cell, "$mesh.cells", query),
  ]);
  const missing = [statuses, metrics, groups, cells].flatMap((list) => list.missing);
  return {
    atMs: performance.now(),
    statuses: statuses.rows,
    metrics: metrics.rows,
    groups: groups.rows,
    cells: cells.rows.filter(({ id }) => id !== cell.id),
    asker: cells.rows.find(({ id }) => id === cell.id),
    missing: [...new Set(missing)].sort(),
  };
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

/** Those of them that each question counts in. */
const askingCounters: ReadonlySet<string> = new Set(["eventsAccepted", "eventsHandled"]);

/** Works out what happened between two samples, but for the questions of who took them. */
export function activityBetween(before: Sample, now: Sample): Activity {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const metricsBefore = byName(before.metrics, transmitterName);
  const metricsNow = byName(now.metrics, transmitterName);
  const groupsBefore = byName(before.groups, groupName);
  const cellsBefore = byName(before.cells, cellName);
  const asked = before.asker && now.asker ? riseOf(now.asker, before.asker, "sent") : 0;
  const transmitters = now.statuses.map((status) => {
    const name = transmitterName(status);
    const own = name === now.asker?.["transmitter"] ? asked : 0;
    const rates = ratesBetween(metricsBefore.get(name), metricsNow.get(name), seconds, own);
    return { ...status, rates };
  });
  return {
    status: now.statuses[0] ?? {},
    rates: sumOf(transmitters.map(({ rates }) => rates)),
    transmitters,
    groups: now.groups.map((group) => {
      const from = groupsBefore.get(groupName(group));
      return {
        ...group,
        deliveredPerSecond: rateOf(group, from, "delivered", seconds),
        ackedPerSecond: rateOf(group, from, "acked", seconds),
      };
    }),
    cells: now.cells.map((cell) => {
      const from = cellsBefore.get(cellName(cell));
      return {
        ...cell,
        sentPerSecond: rateOf(cell, from, "sent", seconds),
        deliveredPerSecond: rateOf(cell, from, "delivered", seconds),
      };
    }),
    missing: now.missing,
  };
}

type Rates = Readonly<Record<string, number>>;

/** No rates at all for a transmitter that was not there before. */
function ratesBetween(
  before: Row | undefined,
  now: Row | undefined,
  seconds: number,
  asked: number,
): Rates {
  const rates: Record<string, number> = {};
  if (before === undefined || now === undefined) return rates;
  for (const [counter, word] of Object.entries(ratesShown)) {
    if (now[counter] === undefined) continue;
    const rise = riseOf(now, before, counter) - (askingCounters.has(counter) ? asked : 0);
    rates[word] = perSecond(rise, seconds);
  }
  return rates;
}

function rateOf(now: Row, before: Row | undefined, field: string, seconds: number): number {
  return perSecond(riseOf(now, before, field), seconds);
}

function riseOf(now: Row, before: Row | undefined, field: string): number {
  return Number(now[field] ?? 0) - Number(before?.[field] ?? 0);
}

/** Below zero the counter has started anew between the samples. */
function perSecond(rise: number, seconds: number): number {
  return Math.max(0, Math.round((rise / seconds) * 1000) / 1000);
}

function sumOf(all: readonly Rates[]): Rates {
  const sum: Record<string, number> = {};
  for (const rates of all) {
    for (const [word, rate] of Object.entries(rates)) sum[word] = (sum[word] ?? 0) + rate;
  }
  return sum;
}

function byName(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row> {
  return new Map(rows.map((row) => [nameOf(row), row]));
}

function transmitterName({ transmitter }: Row): string {
  return String(transmitter);
}

function groupName({ service, pattern, transmitter }: Row): string {
  return `${String(service)} ${String(pattern)} ${String(transmitter)}`;
}

function cellName({ id }: Row): string {
  return String(id);
}
