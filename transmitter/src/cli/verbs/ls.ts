import type { ExitCode } from "../fault.js";
import { exitCode, usageFault } from "../fault.js";
import { jsonLine } from "../event-view.js";
import { text } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { askSystem } from "../system.js";
import { ageText, bytesText, type Column, filterRows, sortRows, tableLines } from "../table.js";
import { defineVerb } from "../verb.js";

interface Listing {
  readonly request:
    | "$mesh.transmitters"
    | "$mesh.cells"
    | "$mesh.services"
    | "$mesh.groups"
    | "$mesh.patterns";
  readonly sort: string;
  readonly columns: readonly Column[];
}

const plain = (...fields: readonly string[]): Column[] => fields.map((field) => ({ field }));

/** What can be listed, and how a person sees it; `--json` has every field. */
const listings: Readonly<Record<string, Listing>> = {
  transmitters: {
    request: "$mesh.transmitters",
    sort: "command",
    columns: [
      ...plain("id", "command", "pub", "state"),
      { field: "uptimeMs", title: "up", show: ageText },
      ...plain("cells"),
    ],
  },
  cells: {
    request: "$mesh.cells",
    sort: "service",
    columns: [
      ...plain("service", "id", "state", "encoding"),
      { field: "sinceMs", title: "since", show: ageText },
      ...plain("catches", "held", "sent", "delivered", "missed", "repaired", "gone", "errors"),
    ],
  },
  services: {
    request: "$mesh.services",
    sort: "service",
    columns: plain("service", "cells", "groups", "streams"),
  },
  groups: {
    request: "$mesh.groups",
    sort: "backlog",
    columns: [
      ...plain("service", "pattern", "members", "backlog"),
      { field: "backlogBytes", title: "bytes", show: bytesText },
      { field: "oldestMs", title: "oldest", show: ageText },
      ...plain("held", "credit", "delivered", "acked", "nacked", "redelivered", "dead"),
    ],
  },
  patterns: {
    request: "$mesh.patterns",
    sort: "pattern",
    columns: plain("pattern", "mode", "service", "encoding", "cells", "events"),
  },
};

const flags = {
  sort: text({ describe: "order by this column, the largest number first", placeholder: "COLUMN" }),
  filter: text({
    describe: "only rows that hold this text, or hold it in one column: service=bill",
    placeholder: "TEXT",
  }),
  ...timeoutFlag(),
  ...cellFlags,
};

/** `thynapse ls WHAT`: what a transmitter knows, as a table. */
export const ls = defineVerb({
  name: "ls",
  usage: "[WHAT]",
  flags,
  notes: `WHAT is one of ${Object.keys(listings).join(", ")}; cells if nothing is said.`,
  examples: ["ls cells", "ls groups --sort backlog", "ls cells --filter state=suspect --json"],
  async run(invocation) {
    const { flags: given, positionals, out } = invocation;
    const what = positionals[0] ?? "cells";
    const listing = Object.hasOwn(listings, what) ? listings[what] : undefined;
    if (listing === undefined) {
      const known = Object.keys(listings);
      throw usageFault(
        `ls: nothing called ${JSON.stringify(what)}${didYouMean(what, known)}`,
        `one of ${known.join(", ")}`,
      );
    }
    const sort = given.sort === undefined ? listing.sort : sortField(given.sort, listing);
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { timeoutMs: given.timeout, signal: ending };
      const found = await askSystem(cell, listing.request, query);
      // Who looks is no part of what is looked at.
      const all = found.filter(({ id }) => id !== cell.id);
      const rows = sortRows(given.filter === undefined ? all : filterRows(all, given.filter), sort);
      if (given.json) {
        for (const row of rows) await out.line(jsonLine(row));
      } else {
        for (const line of tableLines(listing.columns, rows)) await out.line(line);
      }
      return exitCode.ok;
    });
  },
});

function sortField(name: string, { columns }: Listing): string {
  const found = columns.find(({ field, title }) => field === name || title === name);
  if (found !== undefined) return found.field;
  const known = columns.map(({ field }) => field);
  const what = `--sort: no column ${JSON.stringify(name)}${didYouMean(name, known)}`;
  throw usageFault(what, `one of ${known.join(", ")}`);
}
