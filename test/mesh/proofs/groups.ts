import { setTimeout as delay } from "node:timers/promises";

import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import type { FaultTransmitter } from "../faults/fault-transmitter.js";
import { type Claim, claim, percent, say } from "./claim.js";
import { CreditWatch } from "./credit-watch.js";
import { askAt, whole } from "./views.js";

/** How a cell of the group works. */
export interface Work {
  readonly workMs: number;
  readonly concurrency: number;
  readonly credit: number;
}

/** Cells that join together at a transmitter, by its place in the list. */
export interface Joining extends Work {
  readonly at: number;
  readonly count: number;
}

/** Cells of one group, in the order in which they join, and what is sent to them. */
export interface GroupPlan {
  readonly transmitters: number;
  readonly cells: readonly Joining[];
  /** Events per second of the sender at each transmitter; 0 for none. */
  readonly perSecond: readonly number[];
  /** How long it is looked at, in ms, and how long before it may settle. */
  readonly windowMs: number;
  readonly warmMs: number;
}

/** What one cell did in the window. */
export interface CellFigures {
  readonly at: number;
  readonly handled: number;
  /** Of what its handlers could do, as long as each of them took: 0 … 1. */
  readonly use: number;
  readonly isWithinCredit: boolean;
}

/** What the group did. */
export interface GroupFigures {
  readonly cells: readonly CellFigures[];
  /** Handled by all, of what all could handle. */
  readonly use: number;
  readonly perSecond: number;
  /** Events whose handlers began more often than once. */
  readonly again: number;
  readonly refused: number;
  readonly unconfirmed: number;
  /** Deliveries that went to a cell of another transmitter, and those that had to be chosen again there. */
  readonly passed: number;
  readonly returned: number;
}

const pattern = "orders.*";
const channel = "orders.created";

/** Sends more than the cells of a group can handle, and looks at who does how much. */
export async function runGroup(plan: GroupPlan): Promise<GroupFigures> {
  const mesh = await FaultMesh.start(...Array.from({ length: plan.transmitters }, () => ({})));
  await whole(mesh.transmitters.map(({ command }) => command));
  const cells: { readonly actor: Actor; readonly joining: Joining }[] = [];
  for (const joining of plan.cells) {
    const home = mesh.transmitters[joining.at]!;
    for (const actor of await seat(mesh, home, joining)) cells.push({ actor, joining });
  }
  const watch = await CreditWatch.begin(mesh, "billing");
  const sending = plan.perSecond.map((perSecond, at) =>
    send(mesh, { perSecond, home: mesh.transmitters[at]!, lastMs: plan.warmMs + plan.windowMs }),
  );

  await delay(plan.warmMs);
  const before = await Promise.all(cells.map(({ actor }) => actor.tell("tally")));
  const beganMs = performance.now();
  await delay(plan.windowMs);
  const after = await Promise.all(cells.map(({ actor }) => actor.tell("tally")));
  const seconds = (performance.now() - beganMs) / 1000;

  const sent = await Promise.all(sending);
  const held = await watch.end();
  const ends = await Promise.all(cells.map(({ actor }) => actor.tell("tally")));
  const counters = await Promise.all(mesh.transmitters.map(countersOf));
  await mesh.end();
  const figures = cells.map(({ actor, joining }, index) => {
    const handled = after[index]!.ended - before[index]!.ended;
    const workedMs = after[index]!.workedMs - before[index]!.workedMs;
    const possible = (joining.concurrency * seconds * 1000) / (workedMs / handled);
    const isWithinCredit = (held.get(actor.id) ?? 0) <= joining.credit;
    return { at: joining.at, handled, possible, use: handled / possible, isWithinCredit };
  });
  const handled = figures.reduce((sum, cell) => sum + cell.handled, 0);
  const possible = figures.reduce((sum, cell) => sum + cell.possible, 0);
  const total = sent.reduce((sum, { count }) => sum + count, 0);
  return {
    cells: figures,
    use: handled / possible,
    perSecond: handled / seconds,
    again: ends.reduce((sum, { begun }) => sum + begun, 0) - total,
    refused: sent.reduce((sum, { refused }) => sum + refused, 0),
    unconfirmed: sent.reduce((sum, { unconfirmed }) => sum + unconfirmed, 0),
    passed: counters.reduce((sum, it) => sum + (it["deliveriesPassed"] ?? 0), 0),
    returned: counters.reduce((sum, it) => sum + (it["deliveriesReturned"] ?? 0), 0),
  };
}

function countersOf({ command }: FaultTransmitter): Promise<Readonly<Record<string, number>>> {
  return askAt(command, "$mesh.metrics");
}

function seat(mesh: FaultMesh, home: FaultTransmitter, joining: Joining): Promise<Actor[]> {
  const { workMs, concurrency, credit, count } = joining;
  const anycatching = { pattern, workMs, options: { concurrency, credit } };
  return mesh.seatGroup("billing", count, { ...anycatching, home, isLogged: false });
}

async function send(
  mesh: FaultMesh,
  load: { readonly perSecond: number; readonly home: FaultTransmitter; readonly lastMs: number },
): Promise<{ count: number; refused: number; unconfirmed: number }> {
  const { perSecond, home, lastMs } = load;
  const count = Math.round((perSecond * lastMs) / 1000);
  if (count === 0) return { count, refused: 0, unconfirmed: 0 };
  const sender = await mesh.seatOne("shop", { isLogged: false, home });
  const { refused } = await sender.tell("send", { channel, count, perSecond });
  return { count, refused: refused.length, unconfirmed: await sender.leave() };
}

/** So much that what is on its way never lets a handler wait. */
const slow = { workMs: 40, concurrency: 4, credit: 32 };
const fast = { workMs: 5, concurrency: 16, credit: 256 };
const equal = { workMs: 20, concurrency: 4, credit: 32 };

/** Who is chosen, by what is free, wherever it is. */
export async function proveGroups(seconds = 10): Promise<readonly Claim[]> {
  const times = { warmMs: 3000, windowMs: seconds * 1000 };
  const uneven = await runGroup({
    transmitters: 2,
    cells: [
      { at: 0, count: 9, ...slow },
      { at: 1, count: 1, ...fast },
    ],
    // Together half as much again as the cells can do.
    perSecond: [3000, 3000],
    ...times,
  });
  tell("9 slow cells at one transmitter, 1 fast at another, senders at both", uneven);
  const even = await runGroup({
    transmitters: 3,
    cells: [0, 1, 2].map((at) => ({ at, count: 4, ...equal })),
    perSecond: [1200, 1200, 1200],
    ...times,
  });
  tell("4 equal cells at each of 3 transmitters, joined one transmitter after the other", even);
  const calm = await runGroup({
    transmitters: 3,
    cells: [1, 2].map((at) => ({ at, count: 4, ...equal })),
    perSecond: [600, 0, 0],
    ...times,
  });
  tell("the same at 2 of them, and a sender at the third with a third of what they can do", calm);
  return [
    ...[uneven, even, calm].map((figures, index) =>
      claim(`no cell is beyond its credit (${index + 1})`, isWithinCredit(figures)),
    ),
    claim(`the cells do ${percent(uneven.use)} ≥ 95 % of what they can`, uneven.use >= 0.95),
    claim("and so do equal ones", even.use >= 0.95),
    claim("no event is given twice", [uneven, even, calm].every(isOnce)),
    claim(
      "and none is chosen again where it was sent",
      [uneven, even, calm].every(({ passed, returned }) => passed > 0 && returned === 0),
    ),
    claim(
      `equal shares of equal cells: ${percent(unevenness(even))} ≤ 10 %`,
      unevenness(even) <= 0.1,
    ),
  ];
}

function isWithinCredit({ cells }: GroupFigures): boolean {
  return cells.every((cell) => cell.isWithinCredit);
}

function isOnce({ again, refused, unconfirmed }: GroupFigures): boolean {
  return again === 0 && refused === 0 && unconfirmed === 0;
}

/** How far the share of a cell is from an equal one. */
function unevenness({ cells }: GroupFigures): number {
  const mean = cells.reduce((sum, { handled }) => sum + handled, 0) / cells.length;
  return Math.max(...cells.map(({ handled }) => Math.abs(handled - mean) / mean));
}

function tell(what: string, figures: GroupFigures): void {
  say(`${what}:`);
  const each = figures.cells.map(({ at, handled, use }) => `${at}: ${handled} (${percent(use)})`);
  say(
    `  ${figures.perSecond.toFixed(0)} events/s, ${percent(figures.use)} of what the cells can do`,
  );
  say(`  ${each.join(", ")}`);
  const { again, refused, unconfirmed, passed, returned } = figures;
  say(`  ${again} given twice, ${refused} refused, ${unconfirmed} unconfirmed;`);
  say(`  ${passed} given to a cell elsewhere, ${returned} of them chosen again there`);
}
