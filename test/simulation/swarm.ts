import { drawPlans } from "./draw.js";
import { Faults } from "./faults.js";
import type { LogRecord } from "./log.js";
import { SeededRandom } from "./random.js";
import { drained, Patience, unsettled } from "./rest.js";
import { drawShape, type Shape, type WorldKind } from "./shape.js";
import { World } from "./world.js";

/** How a run of a drawn world is shaped. */
export interface SwarmOptions {
  readonly seed: number;
  /** Faults; 0 is a calm run. Default: drawn, at least 5. */
  readonly faults?: number;
  /** What the world is drawn for. Default: `swarm`. */
  readonly kind?: WorldKind;
  /** How many times as many events as usual. Default: 1. */
  readonly scale?: number;
  /** Whether the result has a digest of the whole course. Default: false. */
  readonly isTraced?: boolean;
  readonly onRecord?: (record: LogRecord) => void;
}

/** How a run went. */
export interface SwarmResult {
  readonly world: World;
  /** What is wrong, a line each; nothing is what every seed must give. */
  readonly wrong: readonly string[];
  readonly digest: string;
  readonly events: number;
  readonly faults: number;
}

/**
 * How long everything may take to drain after the last fault, and after less was left to settle
 * than ever before: back-offs double up to many seconds.
 */
const drainMs = 240_000;
/** How often it is looked whether everything has drained. */
const lookMs = 250;
/** Of the events that are to be sent, so many are sent at least. */
const eventsShareMin = 0.8;

/**
 * Draws a world from a seed and runs it: load and faults first, then nothing but what heals, until
 * all has drained. Safety is checked at each record; liveness when nothing moves any more.
 */
export function runSwarm(options: SwarmOptions): SwarmResult {
  const { seed, kind, scale, isTraced = false, onRecord } = options;
  const random = SeededRandom.forked(seed, "swarm");
  const plans = drawPlans(random, kind, scale);
  const { events, loadMs } = plans.shape;
  const reader = onRecord !== undefined && { onRecord };
  const world = new World({ seed, isTraced, ...plans.world, ...reader });
  world.isOver = () => world.nowMs >= loadMs && world.events >= eventsShareMin * events;
  for (const { address, seeds } of plans.transmitters) world.startTransmitter(address, seeds);
  const strikes = new Faults(world);
  for (const plan of plans.cells) {
    const inhabitant = world.startCell(plan);
    inhabitant.handlers.onCrash = () => strikes.crashed(inhabitant);
  }
  const faults = options.faults ?? random.int(...plans.shape.faults);
  for (let at = 0; at < faults; at++) {
    world.agenda.at(random.between(100, loadMs), () => strikes.strike());
  }
  world.run(loadMs);
  strikes.heal();
  const wrong = drain(world);
  world.report();
  return { world, wrong, digest: world.digest, events: world.events, faults };
}

/** How large the world of a seed is. */
export function shapeOf({ seed, kind, scale }: SwarmOptions): Shape {
  return drawShape(SeededRandom.forked(seed, "swarm"), kind ?? "swarm", scale ?? 1);
}

function drain(world: World): string[] {
  const patience = new Patience(drainMs);
  const { violations } = world.checker;
  let waits: string | undefined = "it begins";
  while (violations.length === 0 && waits !== undefined) {
    if (patience.isOver(unsettled(world), world.nowMs)) break;
    world.run(world.nowMs + lookMs);
    waits = drained(world);
  }
  if (violations.length === 0 && waits !== undefined) return [`does not drain: ${waits}`];
  if (violations.length === 0) world.checker.finish();
  return violations
    .slice(0, 10)
    .map(({ rule, what, timeMs }) => `${rule} at ${timeMs.toFixed(1)}: ${what}`);
}
