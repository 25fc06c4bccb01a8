import type { CaughtEvent, Cell } from "@thynapse/cell-sdk";
import { parsePattern } from "@thynapse/protocol";
import { bodyBytes, bodyText, eventFields, jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, usageFault, usageFaultOf } from "../fault.js";
import { text, toggle } from "../flags.js";
import type { Output } from "../output.js";
import { type Session, untilArmed, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { rateText } from "../table.js";
import { Tally, tallyFlags } from "../tally.js";
import { compileTemplate, templateFields } from "../template.js";
import { defineVerb, type Invocation } from "../verb.js";

/** Flags that say how an event is printed. */
export const printFlags = {
  format: text({
    describe: "print each event by this template",
    placeholder: "TEMPLATE",
  }),
  raw: toggle({ describe: "print bodies as they are, escape sequences too, and nothing else" }),
};

/** How the help of each verb that prints events explains it. */
export const printNotes = `TEMPLATE may hold ${templateFields}.
What could not be shown on a terminal is escaped, unless --raw.`;

const flags = {
  ...printFlags,
  ...tallyFlags,
  "until-armed": toggle({ describe: "end as soon as nothing more would be missed" }),
  rate: toggle({ describe: "print how many events come each second instead of the events" }),
  ...cellFlags,
};

/** Prints one event; what it returns, if anything, is to be awaited before the next. */
export type Printer = (event: CaughtEvent) => Promise<void> | undefined;

/** `thynapse watch PATTERN…`: a multicatch, printed. */
export const watch = defineVerb({
  name: "watch",
  usage: "PATTERN…",
  flags,
  notes: printNotes,
  examples: [
    "watch 'orders.**'",
    "watch 'orders.*' -n 1 --for 10s --json",
    "watch '**' --format '{time} {channel} {from.service} {data}'",
  ],
  async run(invocation) {
    const { positionals, flags: given } = invocation;
    for (const pattern of positionals) checkPattern(pattern);
    checkPrintFlags(given);
    if (given.rate && (given.raw || given.format !== undefined)) {
      throw usageFault("--rate prints no events", "leave out --format and --raw");
    }
    const patterns = [...new Set(positionals)];
    return await withCell(invocation, async (session) =>
      given.rate
        ? await printRates(invocation, session, patterns)
        : await printEvents(invocation, session, patterns),
    );
  },
});

/** Checks a pattern that was typed. @throws {CliFault} of usage. */
export function checkPattern(pattern: string): void {
  try {
    parsePattern(pattern);
  } catch (thrown) {
    throw usageFaultOf(thrown, "PATTERN");
  }
}

/** Refuses flags that contradict one another. @throws {CliFault} of usage. */
export function checkPrintFlags(given: PrintValues): void {
  if (given.json && given.raw) throw usageFault("--json and --raw: choose one");
  if (given.json && given.format !== undefined) throw usageFault("--json and --format: choose one");
  if (given.format !== undefined) compileTemplate(given.format, given.raw);
}

/** The values of the flags that say how an event is printed. */
export interface PrintValues {
  readonly json: boolean;
  readonly raw: boolean;
  readonly format: string | undefined;
}

/** Makes the printer that the flags ask for. */
export function printerFor(given: PrintValues, out: Output): Printer {
  if (given.json) return (event) => out.line(jsonLine(eventFields(event)));
  if (given.format !== undefined) {
    const write = compileTemplate(given.format, given.raw);
    return (event) => out.line(write(event));
  }
  if (given.raw) {
    return (event) => {
      if (typeof event.data === "string") return out.line(event.data);
      void out.bytes(bodyBytes(event.data));
      return out.line("");
    };
  }
  return (event) => out.line(`${event.channel} ${bodyText(event.data)}${attemptText(event)}`);
}

function attemptText({ attempt, repeat }: CaughtEvent): string {
  if (attempt > 1) return `  (attempt ${attempt})`;
  return repeat ? "  (repeat)" : "";
}

type WatchInvocation = Invocation<typeof flags>;

async function printEvents(
  { flags: given, out, err }: WatchInvocation,
  { cell, ending }: Session,
  patterns: readonly string[],
): Promise<ExitCode> {
  const print = printerFor(given, out);
  const tally = new Tally({ count: given.count, forMs: given.for, ending });
  const arming = catchAll(cell, patterns, async (event) => {
    if (!tally.begin()) return;
    await print(event);
    tally.complete();
  });
  await untilArmed(arming, ending);
  if (given["until-armed"]) {
    void out.line(given.json ? jsonLine({ armed: true, patterns }) : `armed ${patterns.join(" ")}`);
    return exitCode.ok;
  }
  void err.line(`armed ${patterns.join(" ")}`);
  await tally.finished;
  return tally.exit;
}

async function catchAll(
  cell: Cell,
  patterns: readonly string[],
  handler: (event: CaughtEvent) => unknown,
): Promise<void> {
  await Promise.all(patterns.map((pattern) => cell.multicatch(pattern, handler)));
}

async function printRates(
  { flags: given, out, err }: WatchInvocation,
  { cell, ending }: Session,
  patterns: readonly string[],
): Promise<ExitCode> {
  const tally = new Tally({ count: given.count, forMs: given.for, ending });
  let events = 0;
  let bytes = 0;
  const arming = catchAll(cell, patterns, (event) => {
    if (!tally.begin()) return;
    events++;
    bytes += bodyBytes(event.data).length;
    tally.complete();
  });
  await untilArmed(arming, ending);
  void err.line(`armed ${patterns.join(" ")}`);
  let sinceMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const seconds = (nowMs - sinceMs) / 1000;
    const rates = { eventsPerSecond: events / seconds, bytesPerSecond: bytes / seconds };
    void out.line(given.json ? jsonLine({ events, bytes, ...rates }) : rateLine(rates));
    [events, bytes, sinceMs] = [0, 0, nowMs];
  }, 1000);
  await tally.finished;
  clearInterval(timer);
  return tally.exit;
}

function rateLine(rates: { eventsPerSecond: number; bytesPerSecond: number }): string {
  const megabytes = rateText(rates.bytesPerSecond / 1e6);
  return `${rateText(rates.eventsPerSecond)} events/s, ${megabytes} MB/s`;
}
