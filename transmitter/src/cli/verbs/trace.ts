import type { CaughtEvent, Cell } from "@thynapse/cell-sdk";
import { checkChannel, randomToken } from "@thynapse/protocol";
import { bodyFlags, bodyNotes, readBody } from "../body.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { extrasFlags, resolveExtras } from "../event-extras.js";
import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, isMeshError, usageFaultOf } from "../fault.js";
import { toggle } from "../flags.js";
import { type Clock, clockOf, type Hop, hopOf, orderHops, tenths } from "../hops.js";
import { unlessSilent } from "../mesh-list.js";
import { printable } from "../printable.js";
import { type Session, untilArmed, withCell } from "../session.js";
import { askSystem, type Row, type SystemQuery } from "../system.js";
import { treeLines } from "../tree.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = {
  ...bodyFlags,
  ...extrasFlags,
  "require-listener": toggle({ describe: "end with 4 if nobody got it" }),
  ...timeoutFlag("how long to wait until it is handled"),
  ...cellFlags,
};

/** `thynapse trace CHANNEL [BODY]`: a real event, and where it came by, when. */
export const trace = defineVerb({
  name: "trace",
  usage: "CHANNEL [BODY]",
  flags,
  notes: `The event is a real one: whoever catches CHANNEL gets it, with a header "thynapse-trace",
and each transmitter that it comes by tells so. Times count from the sending. Those that another
clock shows have the error that comes with comparing clocks (±). Handled is what every group has
settled; when a multicatch cell is done nobody knows. ${bodyNotes}`,
  examples: [`trace orders.created '{"id": 7}'`, "trace greeting hello --json"],
  async run(invocation) {
    const { flags: given, positionals, interrupts } = invocation;
    const [channel = "", argument] = positionals;
    try {
      checkChannel(channel);
    } catch (thrown) {
      throw usageFaultOf(thrown, "CHANNEL");
    }
    const extras = resolveExtras(given);
    const body = await readBody(argument, given.as, interrupts.signal);
    if (interrupts.exit !== undefined) return interrupts.exit;
    return await withCell(
      invocation,
      async (session) => await follow(invocation, session, { channel, body, extras }),
      { echo: false },
    );
  },
});

interface Sent {
  readonly channel: string;
  readonly body: unknown;
  readonly extras: ReturnType<typeof resolveExtras>;
}

type TraceInvocation = Invocation<typeof flags>;

async function follow(
  { flags: given, out, err }: TraceInvocation,
  { cell, ending }: Session,
  { channel, body, extras }: Sent,
): Promise<ExitCode> {
  const query: SystemQuery = { timeoutMs: given.timeout, signal: ending };
  const token = randomToken(64);
  const told: Row[] = [];
  const note = ({ data }: CaughtEvent): unknown => told.push(data as Row);
  await untilArmed(cell.multicatch(`$mesh.trace.${token}`, note), ending);
  const headers = { ...extras.headers, "thynapse-trace": token };

  const sentMs = Date.now();
  const beganMs = performance.now();
  const outcome = await sendTraced(cell, { channel, body, extras: { ...extras, headers } }, query);
  const handledMs = performance.now() - beganMs;
  await quiet(told, query);

  const clocks = await readClocks(cell, new Set(told.map(({ by }) => String(by))), query);
  const hops: Hop[] = told.map((data) => hopOf(data, sentMs, clocks));
  hops.push({ hop: "sent", ms: 0, cell: cell.id });
  if (outcome.handled) hops.push({ hop: "handled", ms: tenths(handledMs) });
  const ordered = orderHops(hops);
  if (given.json) {
    for (const hop of ordered) await out.line(jsonLine(hop));
  } else {
    const branches = ordered.map((hop) => ({ text: hopText(hop) }));
    for (const line of treeLines({ text: channel, branches })) await out.line(printable(line));
  }
  if (!outcome.handled) {
    await err.line(`thynapse: not handled within ${given.timeout} ms`);
    return exitCode.timedOut;
  }
  if (outcome.matched > 0) return exitCode.ok;
  await err.line("thynapse: nobody got it: it matched 0");
  return given["require-listener"] ? exitCode.noListener : exitCode.ok;
}

/** Questions to each transmitter about its clock; the quickest answer tells most. */
const rounds = 3;

async function readClocks(
  cell: Cell,
  ids: ReadonlySet<string>,
  query: SystemQuery,
): Promise<Map<string, Clock>> {
  const clocks = new Map<string, Clock>();
  for (let round = 0; round < rounds; round++) {
    for (const transmitter of ids) {
      const askedMs = Date.now();
      const asking = askSystem(cell, "$mesh.status", { ...query, data: { transmitter } });
      const status = await unlessSilent(asking);
      const clock = status === undefined ? undefined : clockOf(status, askedMs, Date.now());
      const known = clocks.get(transmitter)?.errorMs ?? Number.POSITIVE_INFINITY;
      if (clock !== undefined && clock.errorMs < known) clocks.set(transmitter, clock);
    }
  }
  return clocks;
}

async function sendTraced(
  cell: Cell,
  { channel, body, extras }: Sent,
  { timeoutMs, signal }: SystemQuery,
): Promise<{ readonly handled: boolean; readonly matched: number }> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const options = { ...extras, until: "handled" as const, signal: ended };
    const { matched } = await cell.send(channel, body, options);
    return { handled: true, matched };
  } catch (thrown) {
    const isTimeout = isMeshError(thrown) && thrown.code === "ABORTED" && !signal.aborted;
    if (isTimeout) return { handled: false, matched: 0 };
    throw thrown;
  }
}

/** What is told takes its way as any event: until nothing more has come for so long, in ms. */
const quietMs = 250;

async function quiet(told: readonly Row[], { signal, timeoutMs }: SystemQuery): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (let count = -1; count !== told.length && performance.now() < endMs; ) {
    count = told.length;
    await new Promise((resolve) => {
      setTimeout(resolve, quietMs);
    });
    if (signal.aborted) return;
  }
}

/** `12.3 ms ±1  77b0a1c2  settled by billing/1f3a…: ack` */
function hopText(hop: Hop): string {
  const { ms, errorMs, by } = hop;
  const error = by === undefined ? "" : `±${errorMs ?? "?"}`;
  const time = `${ms.toFixed(1).padStart(8)} ms ${error}`;
  return `${time.padEnd(18)}  ${(by ?? "").slice(0, 8).padEnd(8)}  ${whatText(hop)}`;
}

function whatText(hop: Hop): string {
  const text = (field: string): string => String(hop[field] as string | number);
  const cell = `${text("service")}/${text("cell").slice(0, 8)}`;
  switch (hop.hop) {
    case "published":
      return `published to ${text("cells")} of ${text("pattern")} (${text("encoding")})`;
    case "delivered":
      return `delivered to ${cell} for ${text("pattern")}, attempt ${text("attempt")}`;
    case "settled":
      return `settled by ${cell}: ${text("outcome")}`;
    default:
      return hop.hop;
  }
}
