import type { LogRecord } from "./log.js";
import type { NetworkTerms } from "./network.js";
import type { CatchPlan, SendPlan } from "./plan.js";
import { drained } from "./rest.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import { World, type WorldTerms } from "./world.js";

/** What a rolling restart is like, besides its seed. */
export interface RollingTerms {
  readonly works?: Partial<CatchPlan>;
  readonly sends?: Partial<SendPlan>;
  readonly network?: Partial<NetworkTerms>;
  readonly limits?: WorldTerms["limits"];
  readonly turnMsMax?: number;
  /** What befalls the world, at the time of each restart. */
  readonly trouble?: (world: World) => void;
  readonly onRecord?: (record: LogRecord) => void;
}

/** How one went. */
export interface RollingResult {
  readonly world: World;
  /** What it still waits for; `undefined` when all has drained. */
  readonly waits: string | undefined;
  /** By event, the records of the handlers that began with it. */
  readonly begun: ReadonlyMap<string, readonly LogRecord[]>;
}

export const addresses = ["sim://1", "sim://2", "sim://3"];
/** When the first transmitter drains, and how much later each of the others. */
const [firstMs, everyMs] = [1200, 900];
/** How long everything may take to end. */
const restMs = 30_000;

export const calmWork: CatchPlan = {
  ...{ mode: "any", pattern: "orders.*", concurrency: 64, workMs: 2, grainMs: 1 },
  ...{ credit: undefined, redeliver: true, affinity: false, attemptsMax: 5, ackTimeoutMs: 30_000 },
  ...{ fates: { ack: 1 }, outputChannels: [], bufferBytesMax: 1, dropOldest: false },
};
export const calmSends: SendPlan = {
  ...{ channels: ["orders.created"], isMixed: false, pace: "flood", everyMs: 4, burstMax: 6 },
  ...{ paddingMax: 0, keys: [], keyShare: 0, headersShare: 0, ttlShare: 0, sameShare: 0 },
  ...{ askShare: 0, gatherShare: 0 },
};

/**
 * A world of three transmitters, with two cells that work and one that sends at each. Each
 * transmitter drains and is started again, one after the other, while events flow everywhere.
 */
export function runRolling(seed: number, terms: RollingTerms = {}): RollingResult {
  const begun = new Map<string, LogRecord[]>();
  const world = new World({
    seed,
    network: {
      ...{ delayMinMs: 0.05, delayMaxMs: 4, lateShare: 0 },
      ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
      ...terms.network,
    },
    turnMsMax: terms.turnMsMax ?? 1,
    limits: terms.limits ?? {},
    onRecord: (record) => {
      const { action, id } = record;
      if (action === "begun") begun.set(id, [...(begun.get(id) ?? []), record]);
      terms.onRecord?.(record);
    },
  });
  populate(world, terms);
  let left = addresses.length;
  world.isOver = () => left === 0;
  const next = (at: number): void => {
    const address = addresses[at];
    if (address === undefined) return;
    terms.trouble?.(world);
    restart(world, address, () => {
      left--;
      world.agenda.in(everyMs, () => next(at + 1));
    });
  };
  world.agenda.at(firstMs, () => next(0));
  let waits: string | undefined = "it begins";
  let overMs = Number.POSITIVE_INFINITY;
  while (waits !== undefined && world.nowMs < overMs && world.checker.violations.length === 0) {
    world.run(world.nowMs + 100);
    if (world.isOver() && overMs === Number.POSITIVE_INFINITY) overMs = world.nowMs + restMs;
    waits = drained(world);
  }
  return { world, waits, begun };
}

/** Transmitters, two cells that work at each of them, and then one that sends. */
function populate(world: World, { works, sends }: RollingTerms): void {
  for (const address of addresses) world.startTransmitter(address, othersOf(address));
  const homes = addresses.keys();
  const catches = [{ ...calmWork, ...works }];
  for (const home of [...homes, ...addresses.keys()]) {
    world.startCell({ service: "billing", home, catches, sends: undefined });
  }
  world.run(firstMs / 2);
  for (const home of addresses.keys()) {
    world.startCell({ service: "shop", home, catches: [], sends: { ...calmSends, ...sends } });
  }
}

/** It drains, and is started again when that is over. */
export function restart(world: World, address: string, then: () => void): void {
  const transmitter = world.transmitters.get(address) as TransmitterProcess;
  transmitter.onStopped = () => {
    world.agenda.in(20, () => {
      transmitter.kill();
      world.agenda.in(100, () => {
        world.startTransmitter(address, othersOf(address));
        then();
      });
    });
  };
  transmitter.drain();
}

function othersOf(address: string): string[] {
  return addresses.filter((other) => other !== address);
}
