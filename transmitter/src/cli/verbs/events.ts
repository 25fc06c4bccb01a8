import type { CaughtEvent } from "@thynapse/cell-sdk";
import { eventFields, jsonLine, rawText } from "../event-view.js";
import { usageFault } from "../fault.js";
import { printable } from "../printable.js";
import { untilArmed, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { Tally, tallyFlags } from "../tally.js";
import { defineVerb } from "../verb.js";
import { checkPattern } from "./watch.js";

const flags = { ...tallyFlags, ...cellFlags };

/** `thynapse events`: what happens in the mesh, as it happens. */
export const events = defineVerb({
  name: "events",
  usage: "[PATTERN…]",
  flags,
  notes: "Without PATTERN it is everything: '$mesh.**'. A pattern begins with $mesh.",
  examples: ["events", "events '$mesh.cell.*' --json", "events '$mesh.dead.billing' -n 1"],
  async run(invocation) {
    const { flags: given, positionals, out, err } = invocation;
    const patterns = positionals.length === 0 ? ["$mesh.**"] : [...new Set(positionals)];
    for (const pattern of patterns) {
      checkPattern(pattern);
      if (pattern.startsWith("$mesh.")) continue;
      throw usageFault(`PATTERN: ${pattern} is not of the mesh`, `thynapse watch '${pattern}'`);
    }
    return await withCell(invocation, async ({ cell, ending }) => {
      const tally = new Tally({ count: given.count, forMs: given.for, ending });
      const handler = async (event: CaughtEvent) => {
        if (isOwn(event, cell.id) || !tally.begin()) return;
        await out.line(given.json ? jsonLine(eventFields(event)) : eventLine(event));
        tally.complete();
      };
      const arming = patterns.map((pattern) => cell.multicatch(pattern, handler));
      await untilArmed(Promise.all(arming), ending);
      void err.line(`armed ${patterns.join(" ")}`);
      await tally.finished;
      return tally.exit;
    });
  },
});

/** Whoever looks does not want to see that somebody looks. */
function isOwn({ channel, data }: CaughtEvent, id: string): boolean {
  return channel.startsWith("$mesh.cell.") && (data as { id?: unknown } | null)?.id === id;
}

/** `12:03:04.120 cell.dead billing/1f3a… why=…` */
function eventLine({ channel, data, time }: CaughtEvent): string {
  const clock = new Date(time).toISOString().slice(11, 23);
  const what = channel.replace(/^\$mesh\./, "");
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) {
    return `${clock} ${what} ${printable(rawText(data))}`;
  }
  const pairs = Object.entries(data).map(([name, value]) => `${name}=${rawText(value)}`);
  return printable([clock, what, ...pairs].join(" "));
}
