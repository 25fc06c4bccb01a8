/**
 * One of the systems that are measured beside each other. `single` is Thynapse at one transmitter,
 * where the scenario spans two: it is measured wherever Thynapse is.
 */
export type SystemName = "thynapse" | "single" | "nats" | "redis";

/** What a latency scenario yields, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** What every scenario says. */
interface ScenarioBase {
  readonly name: string;
  readonly unit: "events/s" | "deliveries/s" | "requests/s" | "ms";
  /** The systems that have a natural way to do this. */
  readonly systems: readonly SystemName[];
  /** Why a system is missing from `systems`, for the report. */
  readonly note?: string;
  /** Whoever drives is at one hub and the others at a second one, to which it is linked. */
  readonly isLinked?: boolean;
  /** What the ratio is to; default nats. */
  readonly against?: SystemName;
  /** Length of a body, in bytes; of an object it is what its JSON comes to, roughly. */
  readonly bodyBytes: number;
  /**
   * The ratio that a whole bench has shown where the target is out of reach; the note says why.
   * With --ci it stands for the target, and the report says so. It only ever moves to the target.
   */
  readonly reached?: number | Latency;
}

/** One process sends as fast as it can, others receive. */
export interface FlowScenario extends ScenarioBase {
  readonly kind: "flow";
  readonly body: "bytes" | "object";
  /** Different channels, taken in turn; if many, one pattern that matches all catches them. */
  readonly channelCount: number;
  readonly receiverCount: number;
  /** Whether each receiver gets each event, or one of them does. */
  readonly sharing: "each" | "one";
  /** Without our SDK: JSON over plain ZeroMQ, as a cell in any language does it. */
  readonly byHand?: boolean;
  /** Least ratio to NATS; null where the figure is only reported. */
  readonly target: number | null;
  /** What NATS core reaches on two quiet cores; below half of it the machine was not fit. */
  readonly floor?: number;
}

/** One process asks, another answers with the same bytes. */
export interface AskScenario extends ScenarioBase {
  readonly kind: "ask";
  readonly inFlight: number;
  /** Least ratio of requests per second, or largest ratio of latencies. */
  readonly target: number | Latency;
}

export type Scenario = FlowScenario | AskScenario;

const ALL = ["thynapse", "nats", "redis"] as const;
const WITHOUT_REDIS = ["thynapse", "nats"] as const;

const FLOW = {
  kind: "flow",
  unit: "events/s",
  systems: ALL,
  body: "bytes",
  bodyBytes: 128,
  channelCount: 1,
  receiverCount: 1,
  sharing: "each",
} as const;

const ASK = {
  kind: "ask",
  systems: WITHOUT_REDIS,
  note: "redis has no requests, and none are put together for it here",
  bodyBytes: 128,
} as const;

/** Every scenario, in the order in which it runs. */
export const SCENARIOS: readonly Scenario[] = [
  { ...FLOW, name: "one-to-one-128", target: 3.5, floor: 777_000 },
  {
    ...FLOW,
    name: "fan-out-4-128",
    unit: "deliveries/s",
    receiverCount: 4,
    target: 4,
    floor: 1_060_000,
  },
  { ...FLOW, name: "one-to-one-4k", bodyBytes: 4096, target: 1.2, floor: 114_000 },
  {
    ...FLOW,
    name: "one-to-one-object",
    body: "object",
    bodyBytes: 100,
    target: 3,
    reached: 1.9,
    note: "msgpackr takes 0.9 µs to pack this object and 1.2 µs to unpack it, each on one core",
    floor: 339_000,
  },
  { ...FLOW, name: "channels-10k-128", channelCount: 10_000, target: 1.5 },
  {
    ...FLOW,
    name: "group-4-128",
    systems: WITHOUT_REDIS,
    note: "redis pub/sub has no groups: a stream keeps every event, which is other work",
    receiverCount: 4,
    sharing: "one",
    target: 1.6,
    floor: 535_000,
  },
  {
    ...FLOW,
    name: "json-cell-object",
    systems: ["thynapse"],
    note: "only reported: cells without the SDK, in JSON over plain ZeroMQ",
    body: "object",
    bodyBytes: 100,
    byHand: true,
    target: null,
  },
  {
    ...ASK,
    name: "ask-1",
    unit: "ms",
    inFlight: 1,
    target: { p50: 1, p99: 0.5 },
    reached: { p50: 2, p99: 2.5 },
    note: "a bare ROUTER between two bare DEALERs has p50 0.40 ms, p99 0.76 ms, as NATS",
  },
  { ...ASK, name: "ask-64", unit: "requests/s", inFlight: 64, target: 1.5 },
  {
    ...FLOW,
    name: "link-one-to-one-128",
    systems: WITHOUT_REDIS,
    isLinked: true,
    target: 2.5,
    note: "sender and receiver at two transmitters that are linked, or two servers of a cluster",
  },
  {
    ...ASK,
    name: "link-ask-1",
    systems: ["thynapse", "single"],
    isLinked: true,
    against: "single",
    unit: "ms",
    inFlight: 1,
    target: { p50: 2, p99: 2 },
    note: "asker and answerer at two transmitters; the ratio is to both at one: use --awake",
  },
];

/** The scenario of that name, which must exist. */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is called ${name}`);
  return found;
}

/** How far a receiver's share may be from an equal one, as a fraction of it. */
export const SHARE_DEVIATION_MAX = 0.1;
