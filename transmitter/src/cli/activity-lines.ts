import type { Activity } from "./sample.js";
import type { Row } from "./system.js";
import { ageText, bytesText, type Column, orderRows, rateText, tableLines } from "./table.js";

const short = (id: unknown): string => String(id).slice(0, 8);

const rate = (word: string): Column => ({
  field: word,
  title: `${word}/s`,
  show: rateText,
});

const transmitterColumns: readonly Column[] = [
  { field: "id", title: "transmitter", show: short },
  ...["accepted", "published", "delivered", "acked", "refused"].map(rate),
  { field: "state" },
  { field: "uptimeMs", title: "up", show: ageText },
  { field: "rssBytes", title: "memory", show: bytesText },
  { field: "cells" },
  { field: "backlog" },
  { field: "deadLetters", title: "dead" },
];

/** The address, which is shown where there is room for it. */
const command: Column = { field: "command" };

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

const home: Column = { field: "transmitter", show: short };

const cellColumns: readonly Column[] = [
  { field: "service" },
  { field: "id", show: short },
  home,
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
 * Draws the activity of a mesh: its transmitters, its groups by backlog, its cells by what is wrong
 * with them. Who does not answer comes first, and the rates as far to the left as can be.
 *
 * @param width columns that are seen of a line, in which it leaves out addresses; default all.
 */
export function activityLines(activity: Activity, width = Infinity): string[] {
  const { status, rates, transmitters, groups, cells, missing } = activity;
  const shown = Object.entries(rates).map(([word, value]) => `${word} ${rateText(value)}/s`);
  const gathered = gatherGroups(groups);
  const counts = [
    ...(missing.length === 0 ? [] : [`no answer from ${missing.map(short).join(", ")}`]),
    `mesh ${String(status["mesh"])}`,
    counted(transmitters.length, "transmitter"),
    counted(cells.length, "cell"),
    counted(gathered.length, "group"),
    `asked ${String(status["command"])}`,
  ];
  const isOne = transmitters.length === 1;
  const columns = isOne ? cellColumns.filter((column) => column !== home) : cellColumns;
  const flat = transmitters.map(({ rates: own, ...row }) => ({ ...row, ...(own as Row) }));
  const ordered = orderRows(flat, ["command", "id"]);
  const wide = tableLines([...transmitterColumns, command], ordered);
  const fits = wide.every((line) => line.length <= width);
  return [
    counts.join(", "),
    shown.join("  "),
    "",
    ...(fits ? wide : tableLines(transmitterColumns, ordered)),
    "",
    ...tableLines(
      groupColumns,
      orderRows(gathered, ["backlog", "deliveredPerSecond", "service", "pattern"]),
    ),
    "",
    ...tableLines(columns, orderRows(cells, ["missed", "sentPerSecond", "service", "id"])),
  ];
}

const summed = [
  ...["members", "backlog", "held", "deliveredPerSecond", "ackedPerSecond"],
  ...["redelivered", "dead"],
];

/** A group is one, wherever its cells are and its events came in. */
function gatherGroups(rows: readonly Row[]): Row[] {
  const groups = new Map<string, Record<string, unknown>>();
  for (const row of rows) {
    const name = `${String(row["service"])} ${String(row["pattern"])}`;
    const known = groups.get(name);
    if (known === undefined) {
      groups.set(name, { ...row });
      continue;
    }
    for (const field of summed) known[field] = Number(known[field]) + Number(row[field]);
    known["oldestMs"] = Math.max(Number(known["oldestMs"]), Number(row["oldestMs"]));
  }
  return [...groups.values()];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
