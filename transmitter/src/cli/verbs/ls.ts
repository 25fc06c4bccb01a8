import type { ExitCode } from "../fault.js";
import { exitCode, usageFault } from "../fault.js";
import { jsonLine } from "../event-view.js";
import { text } from "../flags.js";
import { didYouMean } from "../nearest.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { listMesh, tellMissing } from "../mesh-list.js";
import type { ListRequest, Row } from "../system.js";
import { ageText, bytesText, type Column, orderRows, tableLines } from "../table.js";
import { filterRows, readFilter, type RowFilter } from "../table.js";
import { defineVerb } from "../verb.js";

interface Listing {
  readonly request: ListRequest;
  /** What rows are ordered by, the first field first. */
  readonly sort: readonly string[];
  readonly columns: readonly Column[];
}

const plain = (...fields: readonly string[]): Column[] => fields.map((field) => ({ field }));

/** Digits of an id that are shown where it is not what a row is about. */
const short = (id: unknown): string => (typeof id === "string" ? id.slice(0, 8) : "");

/** Where a row comes from; shown if there is more than one transmitter. */
const home: Column = { field: "transmitter", show: short };

/** What can be listed, and how a person sees it; `--json` has every field. */
const listings: Readonly<Record<string, Listing>> = {
  transmitters: {
    request: "$mesh.transmitters",
    sort: ["command", "id"],
    columns: [
      ...plain("id", "command", "pub", "state"),
      { field: "sinceMs", title: "since", show: ageText },
      { field: "uptimeMs", title: "up", show: ageText },
      ...plain("cells", "version"),
    ],
  },
  links: {
    request: "$mesh.links",
    sort: ["transmitter", "peer"],
    columns: [
      { field: "transmitter", show: short },
      { field: "peer", show: short },
      ...plain("state"),
      { field: "rttMs", title: "rtt", show: (ms) => (typeof ms === "number" ? `${ms} ms` : "") },
      ...plain("unacked"),
      { field: "unackedBytes", title: "bytes", show: bytesText },
      ...plain("sent", "resent", "taken", "repeated", "holes", "overruns"),
    ],
  },
  cells: {
    request: "$mesh.cells",
    sort: ["service", "id"],
    columns: [
      ...plain("service", "id"),
      home,
      ...plain("state", "encoding"),
      { field: "sinceMs", title: "since", show: ageText },
      ...plain("catches", "held", "sent", "delivered", "missed", "repaired", "gone", "errors"),
    ],
  },
  services: {
    request: "$mesh.services",
    sort: ["service"],
    columns: plain("service", "cells", "groups", "streams", "transmitters"),
  },
  groups: {
    request: "$mesh.groups",
    sort: ["backlog", "service", "pattern", "transmitter"],
    columns: [
      ...plain("service", "pattern"),
      home,
      ...plain("members", "backlog"),
      { field: "backlogBytes", title: "bytes", show: bytesText },
      { field: "oldestMs", title: "oldest", show: ageText },
      ...plain("held", "credit", "delivered", "acked", "nacked", "redelivered", "dead"),
    ],
  },
  patterns: {
    request: "$mesh.patterns",
    sort: ["pattern", "mode", "service", "transmitter"],
    columns: [
      ...plain("pattern", "mode", "service", "encoding"),
      home,
      ...plain("cells", "events"),
    ],
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

/** `thynapse ls WHAT`: what there is in the mesh, as a table. */
export const ls = defineVerb({
  name: "ls",
  usage: "[WHAT]",
  flags,
  words: Object.keys(listings),
  notes: `WHAT is one of ${Object.keys(listings).join(", ")}; cells if nothing is said.
Whichever transmitter is asked, it answers for the whole mesh; one that does not answer is named,
and then the end is ${exitCode.timedOut}.`,
  examples: [
    "ls cells",
    "ls transmitters",
    "ls links --filter state=cut",
    "ls groups --sort backlog",
    "ls cells --filter state=suspect --json",
  ],
  async run(invocation) {
    const { flags: given, positionals, out, err } = invocation;
    const what = positionals[0] ?? "cells";
    const listing = Object.hasOwn(listings, what) ? listings[what] : undefined;
    if (listing === undefined) {
      const known = Object.keys(listings);
      throw usageFault(
        `ls: nothing called ${JSON.stringify(what)}${didYouMean(what, known)}`,
        `one of ${known.join(", ")}`,
      );
    }
    const sort = given.sort === undefined ? [] : [fieldOf(given.sort, listing, "--sort")];
    const filter = given.filter === undefined ? undefined : filterOf(given.filter, listing);
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { timeoutMs: given.timeout, signal: ending };
      const found = await listMesh(cell, listing.request, query);
      // Who looks is no part of what is looked at.
      const all = found.rows.filter(({ id }) => id !== cell.id);
      const kept = filter === undefined ? all : filterRows(all, filter);
      const rows = orderRows(kept, [...sort, ...listing.sort]);
      if (given.json) {
        for (const row of rows) await out.line(jsonLine(row));
      } else {
        for (const line of tableLines(columnsFor(listing, all), rows)) await out.line(line);
      }
      await tellMissing(found.missing, err);
      return found.missing.length === 0 ? exitCode.ok : exitCode.timedOut;
    });
  },
});

/** Of one transmitter nobody needs to be told that each row is of that one. */
function columnsFor({ columns }: Listing, rows: readonly Row[]): readonly Column[] {
  const places = new Set(rows.map(({ transmitter }) => transmitter));
  return places.size > 1 ? columns : columns.filter((column) => column !== home);
}

function filterOf(given: string, listing: Listing): RowFilter {
  const { field, wanted } = readFilter(given);
  return field === undefined ? { wanted } : { field: fieldOf(field, listing, "--filter"), wanted };
}

/** The field of a column that is named by it or by its title. @throws {CliFault} of usage. */
function fieldOf(name: string, { columns }: Listing, flag: string): string {
  const found = columns.find(({ field, title }) => field === name || title === name);
  if (found !== undefined) return found.field;
  const known = columns.map(({ field, title = field }) => title);
  const what = `${flag}: no column ${JSON.stringify(name)}${didYouMean(name, known)}`;
  throw usageFault(what, `one of ${known.join(", ")}`);
}
