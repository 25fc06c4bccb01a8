import { medianOf, percentileOf } from "../../bench/statistics.js";
import { eventually } from "../../support/eventually.js";
import type { Actor } from "../faults/actor.js";
import { FaultMesh } from "../faults/fault-mesh.js";

/** How long the windows are, and how many. */
export interface FrozenPlan {
  /** Pairs of windows of each kind. */
  readonly pairs: number;
  readonly windowMs: number;
  readonly perSecond: number;
}

/** What a frozen cell costs a sender. */
export interface FrozenFigures {
  /** Median of p99 with a frozen cell ÷ p99 in the calm window before it. */
  readonly frozenRatio: number;
  /** The same of pairs of calm windows. */
  readonly calmRatio: number;
  /** What nine of ten calm pairs stay within, as a factor. */
  readonly calmSpread: number;
  readonly calmP99Ms: number;
  readonly frozenP99Ms: number;
}

const pattern = "orders.*";
const listenerCount = 4;

/**
 * Measures what a sender's p99, from send to `accepted`, becomes while one of the listeners is frozen. Windows follow one
 * another as calm, calm, frozen: what slows the machine for a while slows both kinds of pairs.
 */
export async function runFrozen(plan: FrozenPlan): Promise<FrozenFigures> {
  const mesh = await FaultMesh.start();
  const listeners = await mesh.seat("audit", listenerCount, { isLogged: false });
  await Promise.all(listeners.map((cell) => cell.tell("multicatch", { pattern })));
  const sender = await mesh.seatOne("shop", { isLogged: false });
  const windows = new Windows(mesh, { listeners, sender }, plan);

  await windows.calm();
  const [calm, calmPairs, frozen, frozenPairs] = [[], [], [], []] as number[][];
  for (let pair = 0; pair < plan.pairs; pair++) {
    const [first, second] = [await windows.calm(), await windows.calm()];
    const disturbed = await windows.frozen(listeners[pair % listenerCount]!);
    calm!.push(first, second);
    frozen!.push(disturbed);
    calmPairs!.push(second / first);
    frozenPairs!.push(disturbed / second);
  }
  await mesh.end();
  const factors = Float64Array.from(calmPairs!, (ratio) => Math.max(ratio, 1 / ratio)).sort();
  return {
    frozenRatio: medianOf(frozenPairs!),
    calmRatio: medianOf(calmPairs!),
    calmSpread: percentileOf(factors, 0.9),
    calmP99Ms: medianOf(calm!),
    frozenP99Ms: medianOf(frozen!),
  };
}

/** The cells of the run, and what has been sent so far. */
class Windows {
  private readonly mesh: FaultMesh;
  private readonly listeners: readonly Actor[];
  private readonly sender: Actor;
  private readonly plan: FrozenPlan;
  private sent = 0;

  constructor(
    mesh: FaultMesh,
    { listeners, sender }: { readonly listeners: readonly Actor[]; readonly sender: Actor },
    plan: FrozenPlan,
  ) {
    this.mesh = mesh;
    this.listeners = listeners;
    this.sender = sender;
    this.plan = plan;
  }

  /** @returns the sender's p99 of one window in which nothing happens, in ms. */
  async calm(): Promise<number> {
    const p99Ms = await this.send();
    await this.settled();
    return p99Ms;
  }

  /** @returns the sender's p99 of one window in which a listener is frozen, in ms. */
  async frozen(listener: Actor): Promise<number> {
    const freezing = this.mesh.freeze(listener, this.plan.windowMs);
    const p99Ms = await this.send();
    await freezing;
    await this.settled();
    return p99Ms;
  }

  private async send(): Promise<number> {
    const { perSecond, windowMs } = this.plan;
    const count = (perSecond * windowMs) / 1000;
    this.sent += count;
    const options = { until: "accepted" } as const;
    const load = { channel: "orders.created", count, perSecond, padBytes: 128, options };
    return (await this.sender.tell("send", load)).p99Ms;
  }

  /** Waits until every listener has every event, or knows how many it has not: repairs belong to no window. */
  private async settled(): Promise<void> {
    await eventually(
      async () => {
        const tallies = await Promise.all(this.listeners.map((cell) => cell.tell("tally")));
        for (const { caught, gone } of tallies) {
          if (caught + gone !== this.sent) throw new Error(`${caught} + ${gone} of ${this.sent}`);
        }
      },
      { withinMs: 20_000 },
    );
  }
}
