import type { Actor } from "../faults/actor.js";
import type { FaultTransmitter } from "../faults/fault-transmitter.js";
import type { Anycatching, Stream } from "../faults/instructions.js";

/** What the cells of one service are for. */
export interface Crew {
  readonly service: string;
  /** How many of them are attached to each transmitter at first. */
  readonly perTransmitter: number;
  readonly anycatchings: readonly Anycatching[];
  readonly multicatches: readonly string[];
  readonly stream?: Stream;
}

/** One cell of a crew. */
export interface Member {
  readonly crew: Crew;
  readonly actor: Actor;
  /** Where it was attached first. */
  readonly home: FaultTransmitter;
  /** Whether something is being done to it. */
  isBusy: boolean;
}

/** Several events are in hand at any time, whenever something befalls a cell. */
const eight = { concurrency: 8 };
/** Services send what one request brought about at once, and single events: the prober does that. */
const burstMs = 250;
const working = { workMs: 5, options: eight };

/**
 * Who is there: a group of the plain kind, one of at most once, one with keys, multicatches, and
 * who sends to them. Deeds, which kill or block who handles them, go on `jobs.*`.
 */
export function crewsOf(transmitters: number, perSecond: number): Crew[] {
  const quiet = { anycatchings: [], multicatches: [] };
  return [
    {
      service: "billing",
      perTransmitter: 1,
      anycatchings: [
        { pattern: "orders.*", ...working },
        { pattern: "jobs.*", ...working },
      ],
      multicatches: [],
    },
    {
      service: "mail",
      perTransmitter: 1,
      anycatchings: [{ pattern: "orders.*", workMs: 2, options: { ...eight, redeliver: false } }],
      multicatches: ["orders.*", "billed.*"],
    },
    {
      service: "ledger",
      perTransmitter: 1,
      anycatchings: [{ pattern: "orders.*", workMs: 2, options: { ...eight, affinity: true } }],
      multicatches: [],
    },
    {
      ...quiet,
      service: "shop",
      perTransmitter: 1,
      stream: {
        channels: ["orders.created", "orders.paid"],
        perSecond: perSecond / transmitters,
        burstMs,
        keys: 64,
        output: { channel: "billed.one", every: 5 },
      },
    },
    {
      ...quiet,
      service: "prober",
      perTransmitter: 1,
      stream: { channels: ["orders.probe"], perSecond: 4, options: { until: "accepted" } },
    },
  ];
}
