import { Link, type LinkMessage } from "../../../transmitter/dist/core/mesh/link.js";
import { readFrameHead, writeFrameHead } from "../../../transmitter/dist/core/mesh/link-frame.js";
import { makeRun } from "./run.js";
import type { MicroBench } from "./runner.js";

const topic = `@link ${"a".repeat(64)}`;
const head = { kind: "data", epoch: 1, number: 123_456, ackEpoch: 1, ack: 123_400 } as const;
const limits = { linkWindow: 256, linkBytesMax: 16 * 1024 * 1024 };
const part = makeRun(1);

/** Two ends of a link without sockets; heads are written and read as on the wire. */
class Pair {
  private taken = 0;
  private readonly near = this.end();
  private readonly far = this.end();

  constructor() {
    this.near.up(0);
    this.far.up(0);
    this.exchange();
  }

  /** Sends a part from one end to the other, with its ack back. @returns parts taken so far. */
  send(): number {
    this.near.send(part, 0);
    this.exchange();
    return this.taken;
  }

  private exchange(): void {
    for (let moved = -1; moved !== 0; ) {
      moved = carry(this.near, this.far) + carry(this.far, this.near);
    }
  }

  private end(): Link {
    const handlers = { taken: () => this.taken++, begunAnew: () => {}, dropped: () => {} };
    return new Link(limits, handlers);
  }
}

function carry(from: Link, to: Link): number {
  let count = 0;
  for (const { head: own, part: sent } of from.takeMessages() as Iterable<LinkMessage>) {
    const text = writeFrameHead(topic, own).toString("latin1", topic.length + 1);
    to.receive(readFrameHead(text), sent, 0);
    count++;
  }
  return count;
}

/** The frame of a link: once per run and link, whatever the size of the run. */
export const linkBenches: readonly MicroBench[] = [
  {
    name: "link: write a frame's head",
    run(times) {
      let length = 0;
      for (let time = 0; time < times; time++) length += writeFrameHead(topic, head).length;
      return length;
    },
  },
  {
    name: "link: read a frame's head",
    run(times) {
      const text = writeFrameHead(topic, head).toString("latin1", topic.length + 1);
      let sum = 0;
      for (let time = 0; time < times; time++) sum += readFrameHead(text).ack;
      return sum;
    },
  },
  {
    name: "link: a part across and its ack",
    run(times) {
      const pair = new Pair();
      let taken = 0;
      for (let time = 0; time < times; time++) taken = pair.send();
      return taken;
    },
  },
];
