import type { Scenario } from "./scenario.js";

/** A body that is not bytes: its JSON comes to about 100. */
export interface Order {
  readonly seq: number;
  readonly order: string;
  readonly customer: string;
  readonly price: number;
  readonly currency: string;
  readonly items: number;
  readonly paid: boolean;
}

/**
 * Bodies that are made once and used in turn, so that the bench does not measure its allocation.
 *
 * A body is written to again after this many sends: more than any side leaves uncopied (nats packs
 * 32 KiB at a time, redis gets pipelines of 1 000, our cell copies a body as it is sent). One that
 * did keep a body longer would send a wrong number, and the receivers would say so.
 */
const BODY_RING = 2048;

/** Channel on which the single-channel scenarios run. */
const CHANNEL = "bench.load";

/** What a sender sends in one scenario: the channel and the body of each number, from 0. */
export class Load {
  readonly #channels: readonly string[];
  readonly #bodies: readonly Buffer[];

  constructor(scenario: Scenario) {
    this.#channels = channelsOf(scenario);
    this.#bodies = Array.from({ length: BODY_RING }, (_, index) =>
      Buffer.alloc(scenario.bodyBytes, (index % 251) + 1),
    );
  }

  channelAt(number: number): string {
    return this.#channels[number % this.#channels.length]!;
  }

  /** Bytes that begin with the number: 32 bits, little-endian. Good for `BODY_RING` more calls. */
  bytesAt(number: number): Buffer {
    const body = this.#bodies[number % BODY_RING]!;
    body[0] = number;
    body[1] = number >>> 8;
    body[2] = number >>> 16;
    body[3] = number >>> 24;
    return body;
  }

  /** A new object that holds the number in its field `seq`. */
  objectAt(number: number): Order {
    return {
      seq: number,
      order: "ord-7f3a91",
      customer: "c-10482",
      price: 129.95,
      currency: "EUR",
      items: 3,
      paid: true,
    };
  }
}

/** Reads the number that `Load.bytesAt` wrote. */
export function numberOf(body: Uint8Array): number {
  return (body[0]! | (body[1]! << 8) | (body[2]! << 16) | (body[3]! << 24)) >>> 0;
}

/** The channels of a scenario, in the order in which they take turns. */
export function channelsOf(scenario: Scenario): readonly string[] {
  if (scenario.kind === "ask" || scenario.channelCount === 1) return [CHANNEL];
  return Array.from({ length: scenario.channelCount }, (_, index) => `bench.load.c${index}`);
}
