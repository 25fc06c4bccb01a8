import { deviationOf } from "./arrivals.js";
import { Crew, type Round } from "./crew.js";
import { Limit } from "./limit.js";
import { watchMemory, type Memory } from "./memory.js";
import { PEERS } from "./peers/index.js";
import type { Latency, Scenario, SystemName } from "./scenario.js";
import { percentileOf } from "./statistics.js";

/** What one run of one system in one scenario came to. */
export interface Sample {
  /** In the scenario's unit. */
  readonly value: number | Latency;
  readonly count: number;
  readonly memory?: Memory;
  /** Where receivers share the events: how far the shares are from equal. */
  readonly deviation?: number;
}

/** Numbers of events or requests in a round: where calibration begins and where it stops. */
const COUNT_MIN = { flow: 4_000, ask: 200 } as const;
const COUNT_MAX = 30_000_000;
/**
 * The last round before the one that counts takes this part of its time: a process that has just begun runs code that
 * is not compiled yet.
 */
const WARM_PART = 0.8;
/**
 * Requests before the first calibration, of every system: one at a time they are too few for the compiler to be done
 * with in a few seconds, and its threads then show as the tail. With --ci too, or the tail would be another figure there.
 */
const WARM_ASKS = 20_000;
/** Those requests come in rounds of so many, and no further round begins after this time. */
const WARM_ASKS_ROUND = 1_000;
const WARM_ASKS_MS = 8_000;
/** What a run may take beyond twenty times the length of what is measured: a busy machine takes a third of it. */
const RUN_MS_MAX = 60_000;

/**
 * Measures one system once, with a hub and roles of its own that end with it.
 *
 * Rounds of growing size come first, until one is long enough to tell how many events fill
 * `seconds`: they warm up every process, and only the last round counts.
 *
 * @throws {Overdue} if it takes more than a minute and twenty times `seconds`.
 */
export async function measure(
  scenario: Scenario,
  system: SystemName,
  seconds: number,
): Promise<Sample> {
  const peer = PEERS[system];
  const hub = await peer.startHub({ isLinked: scenario.isLinked === true });
  const crew = await Crew.gather(scenario);
  const limit = new Limit(RUN_MS_MAX + 20_000 * seconds);
  try {
    await limit.of("taking its seats", crew.join(system, hub));
    const count = await limit.of("warming up", calibrate(crew, scenario, seconds));
    const memory = watchMemory(hub.pid);
    const measured = crew.run(count).finally(() => memory.pause());
    return sampleOf(scenario, await limit.of("being measured", measured), memory.read());
  } finally {
    limit.lift();
    await crew.dismiss();
    await hub.stop();
  }
}

async function calibrate(crew: Crew, scenario: Scenario, seconds: number): Promise<number> {
  const least = COUNT_MIN[scenario.kind];
  let count: number = scenario.kind === "ask" ? await warmUp(crew) : least;
  for (;;) {
    const { elapsedMs } = await crew.run(count);
    const wanted = Math.ceil((count / elapsedMs) * seconds * 1_000);
    if (elapsedMs >= seconds * 1_000 * WARM_PART || count >= COUNT_MAX) {
      return Math.min(COUNT_MAX, Math.max(least, wanted));
    }
    count *= 4;
  }
}

/** Asks until the code is compiled, and returns how many requests the next round should have. */
async function warmUp(crew: Crew): Promise<number> {
  const endMs = performance.now() + WARM_ASKS_MS;
  for (let asked = 0; asked < WARM_ASKS && performance.now() < endMs; asked += WARM_ASKS_ROUND) {
    await crew.run(WARM_ASKS_ROUND);
  }
  return WARM_ASKS_ROUND;
}

function sampleOf(scenario: Scenario, round: Round, memory: Memory | undefined): Sample {
  const base = { count: round.count, ...(memory === undefined ? {} : { memory }) };
  if (scenario.unit === "ms") {
    return { ...base, value: latencyOf(round.latenciesMs ?? new Float64Array()) };
  }
  const perEvent = scenario.unit === "deliveries/s" ? round.shares.length : 1;
  const value = (round.count * perEvent * 1_000) / round.elapsedMs;
  if (scenario.kind === "flow" && scenario.sharing === "one") {
    return { ...base, value, deviation: deviationOf(round.shares) };
  }
  return { ...base, value };
}

function latencyOf(latenciesMs: Float64Array): Latency {
  const sorted = latenciesMs.toSorted();
  return { p50: percentileOf(sorted, 0.5), p99: percentileOf(sorted, 0.99) };
}
