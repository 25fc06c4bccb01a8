import { type Cell, connect } from "@thynapse/cell-sdk";
import { setTimeout as delay } from "node:timers/promises";

import { percentileOf } from "../../bench/statistics.js";
import { roleScript } from "../../support/roles.js";
import { FaultMesh } from "../faults/fault-mesh.js";
import { type Claim, claim, ms, say } from "./claim.js";
import { Noise } from "./noise.js";
import { withoutMarks } from "./unmarked.js";
import { whole } from "./views.js";

/** How often something is caught, and what is left out of what makes that safe. */
export interface ArmingPlan {
  readonly rounds: number;
  /** Events per second that flow at each of the three transmitters meanwhile. */
  readonly perSecond: number;
  /**
   * - `knowing`: the transmitter does not wait until the others know of the catch.
   * - `marks`: the cell does not wait for a mark on the stream.
   */
  readonly without?: "knowing" | "marks";
}

/** What came of it. */
export interface ArmingFigures {
  readonly rounds: number;
  /** Events that were sent after a catch was armed, and did not come. */
  readonly missed: number;
  /** From the wish to armed. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** An event that has not come by then is missed: far more than a repair takes. */
const lateMs = 4000;
const count = 3;

/** Catches at one of three transmitters, sends at once at another one, and counts what does not come. */
export async function runArming(plan: ArmingPlan): Promise<ArmingFigures> {
  const preload = plan.without === "knowing" ? ["--import", await roleScript(unknowing)] : [];
  const terms = Array.from({ length: count }, () => ({ nodeFlags: preload }));
  const mesh = await FaultMesh.start(...terms);
  const addresses = mesh.transmitters.map(({ command }) => command);
  await whole(addresses);
  const noise = await Noise.begin(mesh, plan.perSecond);
  const seat = (service: string) => (address: string) =>
    connect({ service, transmitters: address });
  const catchers = await Promise.all(addresses.map(seat("catcher")));
  const senders = await Promise.all(addresses.map(seat("source")));
  const rounds = new Rounds(catchers, senders);
  const run = (): Promise<ArmingFigures> => rounds.run(plan.rounds);
  const figures = await (plan.without === "marks" ? withoutMarks(run) : run());
  await noise.end();
  await Promise.all([...catchers, ...senders].map((cell) => cell.close()));
  await mesh.end();
  return figures;
}

const unknowing = "mesh/proofs/roles/unknowing";

/** One cell that catches and one that sends, at each transmitter. */
class Rounds {
  private readonly catchers: readonly Cell[];
  private readonly senders: readonly Cell[];
  private readonly armingMs: number[] = [];
  private missed = 0;

  constructor(catchers: readonly Cell[], senders: readonly Cell[]) {
    this.catchers = catchers;
    this.senders = senders;
  }

  async run(rounds: number): Promise<ArmingFigures> {
    for (let round = 0; round < rounds; round++) {
      // The sender is never where the catch is; all pairs take turns, and so do the modes.
      const at = round % count;
      const from = (at + 1 + (Math.floor(round / count) % (count - 1))) % count;
      await this.once(round, this.catchers[at]!, this.senders[from]!);
    }
    const sorted = Float64Array.from(this.armingMs).sort();
    const [p50Ms, p99Ms] = [percentileOf(sorted, 0.5), percentileOf(sorted, 0.99)];
    return { rounds, missed: this.missed, p50Ms, p99Ms, maxMs: sorted.at(-1) ?? Number.NaN };
  }

  private async once(round: number, catcher: Cell, sender: Cell): Promise<void> {
    const channel = `armed.c${round}`;
    let hear = (): void => {};
    const heard = new Promise<true>((resolve) => (hear = () => resolve(true)));
    const beganMs = performance.now();
    const isAny = Math.floor(round / (count * (count - 1))) % 2 === 0;
    const caught = await (isAny
      ? catcher.anycatch(channel, hear)
      : catcher.multicatch(channel, hear));
    this.armingMs.push(performance.now() - beganMs);
    // In this very turn.
    const sending = sender.send(channel, round);
    const { matched } = await sending;
    const late = new AbortController();
    const isHeard =
      matched > 0 && (await Promise.race([heard, delay(lateMs, false, { signal: late.signal })]));
    late.abort();
    if (!isHeard) this.missed++;
    await caught.release();
  }
}

/** 1 000 catches, each followed at once by an event from elsewhere. */
export async function proveArming(rounds = 1000): Promise<readonly Claim[]> {
  const perSecond = 1000;
  const armed = await runArming({ rounds, perSecond });
  tell(`${count} transmitters, ${perSecond} events/s at each`, armed);
  const few = Math.max(60, Math.round(rounds / 5));
  const unknown = await runArming({ rounds: few, perSecond, without: "knowing" });
  tell("the same without waiting until all transmitters know", unknown);
  const unmarked = await runArming({ rounds: few, perSecond, without: "marks" });
  tell("the same without marks on the streams", unmarked);
  return [
    claim(`none of ${rounds} events is missed`, armed.missed === 0),
    claim("without waiting until all know some are", unknown.missed > 0),
    claim("without marks some are", unmarked.missed > 0),
  ];
}

function tell(what: string, { rounds, missed, p50Ms, p99Ms, maxMs }: ArmingFigures): void {
  say(`${what}: ${missed} of ${rounds} missed; arming takes`);
  say(`  p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, at most ${ms(maxMs)}`);
}
