import type { LogRecord } from "./log.js";
import type { CatchPlan, SendPlan } from "./plan.js";
import { drained } from "./rest.js";
import { addresses, calmSends, calmWork, restart } from "./rolling-world.js";
import { type Inhabitant, World } from "./world.js";

/** What a drain that runs out of time is like, besides its seed. */
export interface SuccessionTerms {
  readonly works?: Partial<CatchPlan>;
  readonly sends?: Partial<SendPlan>;
  /** Where cells of the group are, by the places of transmitters; the first one drains. */
  readonly workersAt: readonly number[];
  /** Whether those cells die before anything is sent, and another one comes when all is over. */
  readonly isDeserted?: boolean;
  /** What else is caught, by cells at each transmitter. */
  readonly also?: Partial<CatchPlan>;
  /** Whether the senders die just before the drain. */
  readonly areSendersGone: boolean;
  /** How many of the transmitters drain, one after the other. Default: 1. */
  readonly drains?: number;
  /** What befalls the world as the drain begins. */
  readonly trouble?: (world: World) => void;
}

/** How one went. */
export interface SuccessionResult {
  readonly world: World;
  /** What it still waits for; `undefined` when all has drained. */
  readonly waits: string | undefined;
  /** By event and group, how often handlers began with it. */
  readonly begun: ReadonlyMap<string, number>;
  /** Events that were accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Events that another transmitter took over. */
  readonly inherited: number;
}

/** When senders begin, when the first transmitter drains, and how long it may. */
const [sendMs, drainMs, drainTimeoutMs] = [600, 1200, 400];
/** How much later than the end of one drain the next one begins. */
const everyMs = 300;
/** When a cell comes to a group that has none; how long everything may take to end. */
const [lateMs, restMs] = [5000, 60_000];

/**
 * A world of three transmitters. The first one drains, with less time than its events need, and
 * senders die that have sent to it: nobody repeats what they have sent.
 */
export function runSuccession(seed: number, terms: SuccessionTerms): SuccessionResult {
  const begun = new Map<string, number>();
  const accepted = new Set<string>();
  const onRecord = ({ action, id, service, pattern }: LogRecord): void => {
    const name = `${id} in ${service} ${pattern}`;
    if (action === "begun") begun.set(name, (begun.get(name) ?? 0) + 1);
    else if (action === "accepted") accepted.add(id);
  };
  const network = { delayMinMs: 0.05, delayMaxMs: 4, lateShare: 0 };
  const pipes = { eventPipeMax: 1024, linkPipeMax: 1024 };
  const limits = { drainTimeoutMs };
  const world = new World({
    ...{ seed, network: { ...network, ...pipes }, turnMsMax: 1, limits, onRecord },
  });
  let isEnded = false;
  world.isOver = () => world.nowMs >= drainMs;
  const workers = populate(world, terms);
  if (terms.isDeserted === true) world.agenda.at(sendMs - 50, () => killAll(workers));
  const senders: Inhabitant[] = [];
  world.agenda.at(sendMs, () => void senders.push(...startSenders(world, terms)));
  world.agenda.at(drainMs, () => {
    if (terms.areSendersGone) killAll(senders);
    terms.trouble?.(world);
    drain(world, addresses.slice(0, terms.drains ?? 1), () => void (isEnded = true));
  });
  if (terms.isDeserted === true) world.agenda.at(lateMs, () => void work(world, terms, 1));
  let waits: string | undefined = "it begins";
  const isGoingOn = (): boolean => waits !== undefined || !isEnded || world.nowMs <= lateMs;
  while (isGoingOn() && world.nowMs < restMs && world.checker.violations.length === 0) {
    world.run(world.nowMs + 100);
    waits = drained(world);
  }
  world.checker.finish();
  const cores = [...world.transmitters.values()].map(({ core }) => core);
  const inherited = cores.reduce((sum, core) => sum + core.counters.values.eventsInherited, 0);
  return { world, waits, begun, accepted, inherited };
}

/** Each of them drains and is started again, one after the other. */
function drain(world: World, [first, ...others]: readonly string[], then: () => void): void {
  if (first === undefined) then();
  else restart(world, first, () => world.agenda.in(everyMs, () => drain(world, others, then)));
}

function populate(world: World, terms: SuccessionTerms): Inhabitant[] {
  for (const address of addresses) {
    world.startTransmitter(
      address,
      addresses.filter((other) => other !== address),
    );
  }
  if (terms.also !== undefined) {
    const catches = [{ ...calmWork, ...terms.also }];
    for (const home of addresses.keys()) {
      world.startCell({ service: "stock", home, catches, sends: undefined });
    }
  }
  return terms.workersAt.map((home) => work(world, terms, home));
}

function work(world: World, { works }: SuccessionTerms, home: number): Inhabitant {
  const catches = [{ ...calmWork, ...works }];
  return world.startCell({ service: "billing", home, catches, sends: undefined });
}

/** Two at the transmitter that will drain, and one at another one. */
function startSenders(world: World, { sends }: SuccessionTerms): Inhabitant[] {
  return [0, 0, 1].map((home) => {
    return world.startCell({
      ...{ service: "shop", home, catches: [], sends: { ...calmSends, ...sends } },
    });
  });
}

function killAll(inhabitants: readonly Inhabitant[]): void {
  for (const { cell } of inhabitants) cell.kill();
}
