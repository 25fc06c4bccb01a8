import type { CaughtEvent, DeliveryContext } from "@thynapse/cell-sdk";
import { checkService } from "@thynapse/protocol";
import { eventFields, jsonLine } from "../event-view.js";
import { type EventCommand, execFlags, execNotes, failureOf } from "../exec.js";
import { resolveCommand, runCommand } from "../exec.js";
import { usageFault } from "../fault.js";
import { fraction, integer, text } from "../flags.js";
import { Nack, type Session, untilArmed, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { Tally, tallyFlags } from "../tally.js";
import { defineVerb, type Invocation } from "../verb.js";
import { checkPattern, checkPrintFlags, printerFor, printFlags, printNotes } from "./watch.js";

const flags = {
  service: text({
    describe: "the service to be a cell of; needed, since its other cells get less",
    alias: "s",
    placeholder: "NAME",
    check: checkService,
  }),
  concurrency: integer({
    describe: "events that are worked on at once",
    min: 1,
    max: 65_535,
    fallback: 1,
  }),
  ...execFlags,
  "fail-rate": fraction({
    describe: "share of deliveries that are nacked without being looked at",
    min: 0,
    max: 1,
    fallback: 0,
  }),
  ...printFlags,
  ...tallyFlags,
  ...cellFlags,
};

/** A command that runs when the verb is to end may finish. */
const drainTimeoutMs = 10_000;

type CatchInvocation = Invocation<typeof flags>;

/** `thynapse catch PATTERN --service S`: an anycatch, printed or given to a command. */
export const catchVerb = defineVerb({
  name: "catch",
  usage: "PATTERN",
  flags,
  notes: `${execNotes}\n${printNotes}`,
  examples: [
    "catch 'orders.*' --service billing",
    "catch 'orders.*' --service billing --concurrency 4 --exec './charge --live'",
    "catch 'orders.*' --service billing --fail-rate 0.2 --json",
  ],
  async run(invocation) {
    const { positionals, flags: given, env } = invocation;
    const [pattern = ""] = positionals;
    checkPattern(pattern);
    checkPrintFlags(given);
    const { service } = given;
    if (service === undefined) throw usageFault("catch needs --service NAME");
    const command = resolveCommand(given, env);
    if (command !== undefined && (given.raw || given.format !== undefined)) {
      throw usageFault("--exec prints what the command prints", "leave out --format and --raw");
    }
    return await withCell(
      invocation,
      async (session) => await catchEvents(invocation, session, { pattern, command }),
      { service, drainTimeoutMs },
    );
  },
});

interface Wish {
  readonly pattern: string;
  readonly command: EventCommand | undefined;
}

async function catchEvents(
  invocation: CatchInvocation,
  { cell, ending }: Session,
  { pattern, command }: Wish,
) {
  const { flags: given, err } = invocation;
  const tally = new Tally({ count: given.count, forMs: given.for, ending });
  const handle = command === undefined ? printing(invocation) : executing(invocation, command);
  const arming = cell.anycatch(
    pattern,
    async (event, ctx) => {
      if (!tally.begin()) return ctx.release();
      try {
        if (Math.random() < given["fail-rate"]) throw new Nack("--fail-rate");
        await handle(event, ctx);
      } catch (thrown) {
        tally.undo();
        throw thrown;
      }
      tally.complete();
    },
    { concurrency: given.concurrency },
  );
  const standing = await untilArmed(arming, ending);
  void err.line(`armed ${pattern} as ${cell.service}`);
  await tally.finished;
  // When the verb is to end, closing the cell releases it, and waits no longer than it may.
  if (!ending.aborted) await standing.release();
  return tally.exit;
}

type Handler = (event: CaughtEvent, ctx: DeliveryContext) => Promise<void>;

function printing({ flags: given, out }: CatchInvocation): Handler {
  const print = printerFor(given, out);
  return async (event) => await print(event);
}

function executing(
  { flags: given, out, err, env }: CatchInvocation,
  command: EventCommand,
): Handler {
  // With --json standard output is one object per event, and the command's own goes beside it.
  const output = given.json ? "standard error" : "standard output";
  return async (event, ctx) => {
    const end = await runCommand(command, event, { output, env, signal: ctx.signal });
    const failure = failureOf(end);
    if (given.json) {
      const outcome = failure === undefined ? "ack" : "nack";
      await out.line(jsonLine({ ...eventFields(event), outcome, exit: end.code ?? end.signal }));
    }
    if (failure === undefined) return;
    void err.line(`thynapse: ${event.channel} ${event.thid}: ${failure}; nacked`);
    throw new Nack(failure);
  };
}
