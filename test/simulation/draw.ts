import type { CatchPlan, CellPlan, Fate, SendPlan } from "./plan.js";
import type { SeededRandom } from "./random.js";
import { drawShape, type Shape, type WorldKind } from "./shape.js";
import type { WorldTerms } from "./world.js";

/** Everything about a world that is drawn before it begins. */
export interface Plans {
  readonly world: Omit<WorldTerms, "seed" | "isTraced" | "onRecord">;
  readonly shape: Shape;
  readonly transmitters: readonly TransmitterPlan[];
  readonly cells: readonly CellPlan[];
}

/** A transmitter, and where it looks for others. */
export interface TransmitterPlan {
  readonly address: string;
  readonly seeds: readonly string[];
}

const channels = [
  "orders.created",
  "orders.paid",
  "orders.eu.paid",
  "metrics.cpu",
  "metrics.disk.free",
  "audit",
];
const patterns = [
  "orders.created",
  "orders.*",
  "orders.**",
  "metrics.**",
  "metrics.*",
  "**.paid",
  "audit",
  "**",
];
const outputChannels = ["results.a", "results.b"];
const services = ["billing", "stock", "mail"];
const keys = ["red", "green", "blue", "white"];

/** @param scale how many times as many events as usual. */
export function drawPlans(random: SeededRandom, kind: WorldKind = "swarm", scale = 1): Plans {
  const shape = drawShape(random, kind, scale);
  const terms = new Map<string, CatchPlan>();
  const drawn = Array.from({ length: shape.cells }, (_, at) => drawCell(random, at, terms));
  const paced = shape.isBrisk ? drawn.map((cell) => hasten(random, cell, kind)) : drawn;
  const cells =
    kind === "swarm" ? paced : paced.map((cell) => lengthen(random, cell, shape.isBrisk));
  const senders = cells.filter(({ sends }) => sends !== undefined).length;
  return {
    world: {
      network: drawNetwork(random),
      limits: {
        ...drawLimits(random, shape.isBrisk),
        ...(kind !== "swarm" && random.chance(0.3) && { joinTimeoutMs: random.int(500, 2000) }),
      },
      turnMsMax: shape.isBrisk ? random.between(0.1, 1.5) : 0.05,
    },
    shape,
    transmitters: drawTransmitters(random, shape.transmitters),
    cells: cells.map((cell) => quicken(cell, senders, shape)),
  };
}

/** One seed is enough, where they all lead to each other. */
function drawTransmitters(random: SeededRandom, count: number): TransmitterPlan[] {
  const addresses = Array.from({ length: count }, (_, at) => `sim://${at + 1}`);
  const isDense = random.chance(0.5);
  return addresses.map((address, at) => {
    if (isDense) return { address, seeds: addresses.filter((other) => other !== address) };
    const seed = addresses[at === 0 ? 1 : random.int(0, at - 1)];
    return { address, seeds: seed === undefined ? [] : [seed] };
  });
}

/** Lets the senders of a world send so many events together, whatever their number. */
function quicken(cell: CellPlan, senders: number, { events, loadMs }: Shape): CellPlan {
  if (cell.sends === undefined) return cell;
  const { burstMax } = cell.sends;
  const bursts = (1.1 * events) / senders / ((1 + burstMax) / 2);
  return { ...cell, sends: { ...cell.sends, everyMs: loadMs / bursts } };
}

/** Lets a cell do much in one turn. */
function hasten(
  random: SeededRandom,
  { sends, catches, ...cell }: CellPlan,
  kind: WorldKind,
): CellPlan {
  const narrowShare = kind === "proof" ? 0.1 : 0.3;
  return {
    ...cell,
    catches: catches.slice(0, random.int(1, 2)).map((it) => ({
      ...it,
      workMs: random.chance(0.6) ? 0 : random.between(0.05, 2),
      grainMs: random.between(1, 8),
      concurrency: random.chance(narrowShare) ? it.concurrency : random.int(16, 256),
      credit: it.credit === undefined ? undefined : it.credit * random.int(1, 16),
    })),
    sends: sends && hastenSends(random, sends),
  };
}

/** Lets some handlers of patient groups work for longer than it takes to find a death. */
function lengthen(random: SeededRandom, cell: CellPlan, isBrisk: boolean): CellPlan {
  const most = isBrisk ? 0.1 : 3;
  return {
    ...cell,
    catches: cell.catches.map((it) => {
      const isPatient = it.mode === "any" && it.ackTimeoutMs > 1000 && !it.affinity;
      if (!isPatient || random.chance(0.4)) return it;
      return { ...it, fates: { ...it.fates, long: random.between(0.1, 1) * most } };
    }),
  };
}

/** Runs go on as they came where all of a run is alike: most senders send such runs. */
function hastenSends(random: SeededRandom, sends: SendPlan): SendPlan {
  const burstMax = random.int(100, 1200);
  const paddingMax = Math.min(sends.paddingMax, 1000);
  if (random.chance(0.25)) return { ...sends, burstMax, paddingMax };
  const shares = { keyShare: 0, headersShare: 0, ttlShare: 0, sameShare: 0 };
  const isMixed = random.chance(0.3);
  return { ...sends, ...shares, isMixed, burstMax, paddingMax, askShare: sends.askShare / 40 };
}

function drawNetwork(random: SeededRandom): WorldTerms["network"] {
  return {
    delayMinMs: 0.03,
    delayMaxMs: random.between(0.1, 2),
    lateShare: random.chance(0.5) ? 0.01 : 0,
    eventPipeMax: random.chance(0.5) ? random.int(4, 40) : 1024,
    linkPipeMax: random.chance(0.2) ? random.int(8, 80) : 1024,
  };
}

/** @param isBrisk with what is ten times as large where ten times as much is to be held. */
function drawLimits(random: SeededRandom, isBrisk: boolean): WorldTerms["limits"] {
  const factor = isBrisk ? 10 : 1;
  return {
    ...(random.chance(0.4) && { ringBytesMax: factor * random.int(2, 40) * 1024 }),
    ...(random.chance(0.3) && { backlogEventsMax: factor * random.int(30, 300) }),
    ...(random.chance(0.2) && { backlogBytesMax: factor * random.int(8, 64) * 1024 }),
    ...(random.chance(0.2) && { backlogAgeMs: random.int(2000, 8000) }),
    ...(random.chance(0.2) && { routesMax: random.int(0, 4) }),
    ...(random.chance(0.2) && { dedupeWindowMs: random.int(200, 2000) }),
    drainTimeoutMs: random.int(500, 4000),
  };
}

function drawCell(random: SeededRandom, at: number, terms: Map<string, CatchPlan>): CellPlan {
  const service = services[at % services.length] as string;
  const catches = new Map<string, CatchPlan>();
  for (let count = random.int(at === 0 ? 0 : 1, 3); count > 0; count--) {
    const plan = drawCatch(random, service, terms);
    catches.set(`${plan.mode} ${plan.pattern}`, plan);
  }
  if (at === 1) {
    for (const pattern of ["results.*"]) {
      const plan = { ...drawMulticatch(random, pattern), workMs: 0 };
      catches.set(`multi ${pattern}`, plan);
    }
  }
  const sends = at === 0 || random.chance(0.5) ? drawSends(random) : undefined;
  return { service, home: random.int(0, 999), catches: [...catches.values()], sends };
}

function drawCatch(
  random: SeededRandom,
  service: string,
  terms: Map<string, CatchPlan>,
): CatchPlan {
  const pattern = random.pick(patterns);
  if (random.chance(0.4)) return drawMulticatch(random, pattern);
  // Members of a group agree on what it promises; on the rest they may differ.
  const name = `${service} ${pattern}`;
  const known = terms.get(name);
  const plan = drawAnycatch(random, pattern);
  if (known === undefined) {
    terms.set(name, plan);
    return plan;
  }
  const { redeliver, affinity } = known;
  return { ...plan, redeliver, affinity };
}

function drawMulticatch(random: SeededRandom, pattern: string): CatchPlan {
  return {
    ...drawAnycatch(random, pattern),
    mode: "multi",
    workMs: random.chance(0.6) ? 0 : random.between(0.1, 4),
    bufferBytesMax: random.chance(0.3) ? 64 * 1024 : 16 * 1024 * 1024,
    dropOldest: random.chance(0.2),
  };
}

function drawAnycatch(random: SeededRandom, pattern: string): CatchPlan {
  const concurrency = random.chance(0.5) ? 1 : random.int(2, 16);
  const workMs = random.chance(0.3) ? 0 : random.between(0.1, 5);
  const ackTimeoutMs = random.chance(0.7) ? random.int(100, 1000) : 30_000;
  return {
    mode: "any",
    pattern,
    concurrency,
    workMs,
    grainMs: 0,
    credit: random.chance(0.4) ? random.int(1, 64) : undefined,
    redeliver: random.chance(0.85),
    affinity: random.chance(0.25),
    attemptsMax: random.int(2, 5),
    ackTimeoutMs,
    fates: drawFates(random, ackTimeoutMs),
    outputChannels,
    bufferBytesMax: 16 * 1024 * 1024,
    dropOldest: false,
  };
}

/** Some handlers are well behaved, some do everything a handler can do. */
function drawFates(
  random: SeededRandom,
  ackTimeoutMs: number,
): Readonly<Partial<Record<Fate, number>>> {
  const fates: Partial<Record<Fate, number>> = { ack: 300 };
  if (random.chance(0.4)) fates.output = 40;
  if (random.chance(0.4)) fates.nack = 6;
  if (random.chance(0.3)) fates.throw = 4;
  if (random.chance(0.3)) fates.release = 6;
  if (random.chance(0.3)) fates.reject = 3;
  if (random.chance(0.15)) fates.crash = 0.3;
  // Handlers that outlast half a minute would make a run of hours.
  if (ackTimeoutMs > 1000) return fates;
  if (random.chance(0.3)) fates.hold = 0.5;
  if (random.chance(0.3)) fates.progress = 0.5;
  if (random.chance(0.5)) fates.late = 2;
  return fates;
}

function drawSends(random: SeededRandom): SendPlan {
  return {
    channels: channels.slice(0, random.int(1, channels.length)),
    isMixed: true,
    pace: random.weighted({ flood: 6, accepted: 2, handled: 1 }),
    everyMs: 0,
    burstMax: random.chance(0.5) ? random.int(1, 10) : random.int(20, 120),
    paddingMax: random.chance(0.8) ? random.int(0, 200) : random.int(1000, 8000),
    keys,
    keyShare: random.chance(0.5) ? random.float() : 0,
    headersShare: 0.05,
    ttlShare: random.chance(0.3) ? 0.05 : 0,
    sameShare: random.chance(0.3) ? 0.02 : 0,
    askShare: random.chance(0.5) ? 0.04 : 0,
    gatherShare: random.chance(0.2) ? 0.01 : 0,
  };
}
