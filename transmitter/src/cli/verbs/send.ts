import type { SendOptions } from "@thynapse/cell-sdk";
import { checkChannel } from "@thynapse/protocol";
import { setTimeout as delay } from "node:timers/promises";
import { bodyFlags, bodyNotes, readBody } from "../body.js";
import { extrasFlags, resolveExtras } from "../event-extras.js";
import { jsonLine } from "../event-view.js";
import {
  CliFault,
  type ExitCode,
  exitCode,
  isMeshError,
  usageFault,
  usageFaultOf,
} from "../fault.js";
import { choice, duration, integer, text, toggle } from "../flags.js";
import { bodyOfLine, readLines } from "../input-lines.js";
import { Sender } from "../sender.js";
import { type Session, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { defineVerb, type Invocation } from "../verb.js";

const hourMs = 3_600_000;

const flags = {
  ...bodyFlags,
  lines: toggle({ describe: "send each line of standard input as an event" }),
  count: integer({
    describe: "send the event this often",
    alias: "n",
    placeholder: "COUNT",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 1,
  }),
  every: duration({ describe: "wait this long between two events", min: 1, max: hourMs }),
  until: choice(["handled", "accepted"] as const, {
    describe: "what to wait for; what is only accepted is lost if the transmitter and we both die",
    fallback: "handled",
  }),
  timeout: duration({
    describe: "how long to wait for it after the last event",
    min: 1,
    max: hourMs,
    fallback: 10_000,
  }),
  "require-listener": toggle({ describe: "end with 4 if nobody catches the channel" }),
  ...extrasFlags,
  "event-id": text({ describe: "idempotency key: the same one within 120 s goes nowhere" }),
  ttl: duration({
    describe: "drop the event where it is older than this",
    min: 1,
    max: 24 * hourMs,
  }),
  ...cellFlags,
};

type SendInvocation = Invocation<typeof flags>;

/** `thynapse send CHANNEL [BODY]`: sends one event, the same one often, or each line. */
export const send = defineVerb({
  name: "send",
  usage: "CHANNEL [BODY]",
  flags,
  notes: `${bodyNotes}
With --lines a line is text, or bytes if it is not UTF-8, without its newline. An event that nobody
catches is no failure, and said on standard error.`,
  examples: [
    `send orders.created '{"id": 7}'`,
    "send greeting hello --require-listener",
    "send log.line --lines --until accepted < app.log",
    "send tick --count 100 --every 10ms",
  ],
  async run(invocation) {
    const { flags: given, positionals, interrupts } = invocation;
    const [channel = "", argument] = positionals;
    try {
      checkChannel(channel);
    } catch (thrown) {
      throw usageFaultOf(thrown, "CHANNEL");
    }
    checkSendFlags(invocation, argument);
    const options = { ...resolveExtras({ ...given, id: given["event-id"] }), until: given.until };
    const source = given.lines
      ? linesOf(invocation)
      : repeated(await readBody(argument, given.as, interrupts.signal), given.count);
    if (interrupts.exit !== undefined) return interrupts.exit;
    return await withCell(
      invocation,
      async (session) => await sendAll(invocation, session, { channel, options, source }),
    );
  },
});

function checkSendFlags({ flags: given }: SendInvocation, argument: string | undefined): void {
  if (given.lines && argument !== undefined) {
    throw usageFault("--lines reads the bodies from standard input", "leave out BODY");
  }
  if (given.lines && given.count !== 1) throw usageFault("--lines and --count: choose one");
  if (given["event-id"] !== undefined && (given.lines || given.count !== 1)) {
    throw usageFault("--event-id names one event", "leave out --lines and --count");
  }
}

/** Bodies, in lists as they become known. */
type BodySource = AsyncIterable<Iterable<unknown>> | Iterable<Iterable<unknown>>;

function* repeated(body: unknown, count: number): Generator<Iterable<unknown>> {
  for (let at = 0; at < count; at++) yield [body];
}

async function* linesOf({ flags: given, interrupts }: SendInvocation) {
  const input = process.stdin;
  const stop = () => input.destroy();
  interrupts.signal.addEventListener("abort", stop);
  if (interrupts.signal.aborted) stop();
  let number = 1;
  try {
    for await (const lines of readLines(input as AsyncIterable<Buffer>)) {
      const first = number;
      number += lines.length;
      yield bodiesOf(lines, given.as, first);
    }
  } catch (thrown) {
    if (!interrupts.signal.aborted) throw thrown;
  }
}

function* bodiesOf(lines: readonly Buffer[], kind: typeof flags.as.fallback, first: number) {
  let number = first;
  for (const line of lines) yield bodyOfLine(line, kind, number++);
}

interface Work {
  readonly channel: string;
  readonly options: SendOptions;
  readonly source: BodySource;
}

async function sendAll(
  invocation: SendInvocation,
  { cell, ending }: Session,
  { channel, options, source }: Work,
): Promise<ExitCode> {
  const { flags: given } = invocation;
  const sender = new Sender(cell, { channel, options, ending });
  const fault = await feed(sender, { source, everyMs: given.every, ending }).then(
    () => undefined,
    (thrown: unknown) => (isMeshError(thrown) ? usageFaultOf(thrown, "payload") : thrown),
  );
  const late = await sender.settle(given.timeout).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  tell(invocation, sender, channel);
  for (const failed of [fault, sender.refusal, late]) if (failed !== undefined) throw failed;
  if (!given["require-listener"] || sender.summary.matched0 === 0) return exitCode.ok;
  throw new CliFault(exitCode.noListener, `nobody catches ${channel}`, {
    fix: `thynapse explain ${channel} says why`,
  });
}

async function feed(
  sender: Sender,
  {
    source,
    everyMs,
    ending,
  }: { source: BodySource; everyMs: number | undefined; ending: AbortSignal },
): Promise<void> {
  const startMs = performance.now();
  let number = 0;
  for await (const bodies of source) {
    for (const body of bodies) {
      if (everyMs !== undefined && number > 0) {
        const waitMs = startMs + number * everyMs - performance.now();
        if (waitMs > 0) await delay(waitMs, undefined, { signal: ending }).catch(() => undefined);
      }
      if (ending.aborted) return;
      number++;
      const room = sender.send(body);
      if (room !== undefined) await room;
    }
  }
}

/** Says what became of it all: on standard output with `--json`, else beside it. */
function tell({ flags: given, out, err }: SendInvocation, sender: Sender, channel: string): void {
  const { summary, last } = sender;
  const many = given.lines || given.count !== 1;
  const { sent, accepted, handled, refused, matched0 } = summary;
  if (given.json) {
    const { seq, thid, matched, repeat } = last ?? {};
    void out.line(
      jsonLine(
        many ? { channel, ...summary } : { channel, ...summary, seq, thid, matched, repeat },
      ),
    );
  } else if (many) {
    const parts = [`sent ${sent}`, `accepted ${accepted}`];
    if (given.until === "handled") parts.push(`handled ${handled}`);
    if (refused > 0) parts.push(`refused ${refused}`);
    if (matched0 > 0) parts.push(`matched nobody ${matched0}`);
    void err.line(parts.join(", "));
  } else if (last !== undefined && err.isTerminal && last.matched > 0) {
    void err.line(`${given.until} ${channel}, seq ${last.seq}, matched ${last.matched}`);
  }
  if (matched0 > 0 && !given["require-listener"] && !(many && !given.json)) {
    void err.line(`nobody catches ${channel}: matched 0`);
  }
}
