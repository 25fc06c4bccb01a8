import { setTimeout as delay } from "node:timers/promises";

import type { LogRecord } from "../../simulation/log.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import { type Claim, claim, ms, say } from "./claim.js";
import { whole } from "./views.js";

/** Who is away. */
export type Absence =
  /** The only cell of the group, killed. */
  | "cell"
  /** The only transmitter with cells, killed together with its cells. */
  | "transmitter";

/** How long it is away, and what is sent meanwhile. */
export interface AwayPlan {
  readonly awayMs: number;
  readonly perSecond: number;
}

/** What came of it. */
export interface AwayFigures {
  readonly sent: number;
  /** Sent while nobody was there. */
  readonly sentMeanwhile: number;
  readonly lost: number;
  /** Confirmed as handled before a handler had ended. */
  readonly early: number;
  readonly refused: number;
  /** From when a cell was there again until all that had waited was handled. */
  readonly caughtUpMs: number;
}

const pattern = "orders.*";
const channel = "orders.created";
const beforeMs = 2000;
const cellsThere: Readonly<Record<Absence, number>> = { cell: 1, transmitter: 3 };

/** Takes a group's only cells away while events are sent to it elsewhere, and lets others come. */
export async function runAway(absence: Absence, plan: AwayPlan): Promise<AwayFigures> {
  const mesh = await FaultMesh.start({}, {}, {});
  await whole(mesh.transmitters.map(({ command }) => command));
  const [here, there, third] = mesh.transmitters;
  const seat = (): Promise<Actor[]> =>
    mesh.seatGroup("billing", cellsThere[absence], {
      ...{ pattern, workMs: 2, options: { concurrency: 16 } },
      home: there!,
    });
  const cells = await seat();
  const count = (plan.perSecond * (2 * beforeMs + plan.awayMs)) / 1000;
  const load = { channel, count, perSecond: plan.perSecond };
  const senders = [
    await mesh.seatOne("shop", { home: here! }),
    await mesh.seatOne("shop", { home: third! }),
  ];
  const sending = Promise.all(senders.map((sender) => sender.tell("send", load)));

  await delay(beforeMs);
  const goneMs = sharedNowMs();
  // The cells first: they would go to another transmitter.
  await Promise.all(cells.map((cell) => mesh.kill(cell)));
  if (absence === "transmitter") await there!.kill();
  await delay(plan.awayMs);
  if (absence === "transmitter") await mesh.startAgain(there!);
  const backMs = sharedNowMs();
  await seat();
  const refused = (await sending).reduce((sum, report) => sum + report.refused.length, 0);
  await mesh.closeCells();
  const figures = judge(mesh.records(), { goneMs, backMs });
  await mesh.end();
  return { ...figures, refused };
}

function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What the log says of one event. */
interface Fate {
  sentMs: number;
  ackedMs: number;
  handledMs: number;
}

function judge(
  records: Iterable<LogRecord>,
  { goneMs, backMs }: { readonly goneMs: number; readonly backMs: number },
): Omit<AwayFigures, "refused"> {
  const fates = new Map<string, Fate>();
  for (const { id, action, timeMs } of records) {
    if (action !== "sent" && action !== "acked" && action !== "handled") continue;
    const fate = fates.get(id) ?? { sentMs: Infinity, ackedMs: Infinity, handledMs: Infinity };
    fates.set(id, fate);
    const key = `${action}Ms` as const;
    fate[key] = Math.min(fate[key], timeMs);
  }
  const all = [...fates.values()];
  const meanwhile = all.filter(({ sentMs }) => sentMs >= goneMs && sentMs < backMs);
  return {
    sent: all.filter(({ sentMs }) => sentMs < Infinity).length,
    sentMeanwhile: meanwhile.length,
    lost: all.filter(({ ackedMs }) => ackedMs === Infinity).length,
    // The record of a handler's end is written before its ack goes out, and all read one clock.
    early: all.filter(({ ackedMs, handledMs }) => handledMs < ackedMs).length,
    caughtUpMs: Math.max(...meanwhile.map(({ ackedMs }) => ackedMs)) - backMs,
  };
}

/** The only cell, then the only transmitter with cells, is away for 5 s. */
export async function proveAway(seconds = 5): Promise<readonly Claim[]> {
  const plan = { awayMs: seconds * 1000, perSecond: 300 };
  const claims: Claim[] = [];
  for (const absence of ["cell", "transmitter"] as const) {
    const figures = await runAway(absence, plan);
    const { sent, sentMeanwhile, lost, early, refused, caughtUpMs } = figures;
    say(
      `the only ${absence === "cell" ? "cell" : "transmitter with cells"} away for ${seconds} s:`,
    );
    say(`  ${sentMeanwhile} of ${sent} events sent meanwhile, handled ${ms(caughtUpMs)} after;`);
    say(`  ${lost} lost, ${early} confirmed too early, ${refused} refused`);
    claims.push(
      claim(`events were sent while the ${absence} was away`, sentMeanwhile > 0),
      claim("nothing is lost", lost === 0 && refused === 0),
      claim("nothing is confirmed as handled before it was", early === 0),
    );
  }
  return claims;
}
