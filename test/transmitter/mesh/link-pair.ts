import { Link, type LinkLimits } from "../../../transmitter/src/core/mesh/link.js";
import type { LinkEpochs } from "../../../transmitter/src/core/mesh/link-parts.js";
import {
  type FrameHead,
  readFrameHead,
  writeFrameHead,
} from "../../../transmitter/src/core/mesh/link-frame.js";
import { SeededRandom } from "../../simulation/random.js";

type Side = "a" | "b";

interface Flying {
  readonly head: FrameHead;
  readonly part: Buffer;
}

/** Two links and the connection between them, in virtual time. Each part is a number, in four bytes. */
export class PairOfLinks {
  readonly links: Record<Side, Link>;
  /** What became of what each side sent: its number when it was taken, or less than 0. */
  readonly ends: Readonly<Record<Side, number[]>> = { a: [], b: [] };
  readonly taken: Readonly<Record<Side, number[]>> = { a: [], b: [] };
  /** What was sent without waiting for its end. */
  readonly patient = new Set<number>();
  readonly anew: Record<Side, number> = { a: 0, b: 0 };
  readonly overruns: Readonly<Record<Side, number[]>> = { a: [], b: [] };
  readonly faults = { lost: 0, doubled: 0, swapped: 0, cuts: 0 };
  private readonly random: SeededRandom;
  /** Frames on their way to a side. */
  private readonly flying: Record<Side, Flying[]> = { a: [], b: [] };
  private readonly limits: LinkLimits;
  private nowMs = 0;
  private isUp = false;

  constructor(limits: Partial<LinkLimits> = {}, seed = 1) {
    this.random = new SeededRandom(seed);
    this.limits = { linkWindow: 256, linkBytesMax: 16 * 1024 * 1024, ...limits };
    this.links = { a: this.make("a"), b: this.make("b") };
  }

  get onTheWay(): Readonly<Record<Side, number>> {
    return { a: this.flying.a.length, b: this.flying.b.length };
  }

  up(): void {
    this.isUp = true;
    for (const side of ["a", "b"] as const) this.links[side].up(this.nowMs);
  }

  /** Cuts the connection: what is on its way is lost. */
  cut(): void {
    this.isUp = false;
    for (const side of ["a", "b"] as const) this.links[side].down();
    this.lose();
  }

  lose(): void {
    this.flying.a = [];
    this.flying.b = [];
  }

  send(from: Side, value: number): void {
    this.links[from].send(numbered(value), this.nowMs, (isTaken) => {
      this.ends[from].push(isTaken ? value : -value);
    });
  }

  /** Sends a part whose ack nobody waits for. */
  sendPatient(from: Side, value: number): void {
    this.patient.add(value);
    this.links[from].send(numbered(value), this.nowMs);
  }

  /** One side makes its link anew, as it does for one whom it held for dead. */
  renew(side: Side): void {
    const old = this.links[side];
    this.links[side] = this.make(side, old.epochs);
    if (this.isUp) this.links[side].up(this.nowMs);
    old.drop();
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const side of ["a", "b"] as const) this.links[side].tick(this.nowMs);
  }

  /** Puts on the way what the links have to say. */
  publish(): void {
    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      for (const { head, part } of this.links[from].takeMessages()) {
        const text = writeFrameHead("t", head).toString("latin1");
        this.flying[to].push({ head: readFrameHead(text.slice(2)), part });
      }
    }
  }

  /** Carries frames until nobody has anything to say. */
  settle(): void {
    for (this.publish(); this.flying.a.length + this.flying.b.length > 0; this.publish()) {
      this.arrive("a");
      this.arrive("b");
    }
  }

  /** Sends, loses, doubles, swaps, cuts and heals at random; returns what each side was given. */
  storm(steps: number, first = 1): Readonly<Record<Side, number[]>> {
    const sent: Record<Side, number[]> = { a: [], b: [] };
    for (let step = first; step < first + steps; step++) {
      const side = this.random.float() < 0.5 ? "a" : "b";
      const chance = this.random.float();
      if (chance < 0.5) {
        if (step % 2 === 0) this.sendPatient(side, step);
        else this.send(side, step);
        sent[side].push(step);
      } else if (chance < 0.52 && this.isUp) {
        this.cut();
        this.faults.cuts++;
      } else if (chance < 0.6 && !this.isUp) this.up();
      else if (chance < 0.64) this.spoil(side);
      else if (chance < 0.9) this.arrive(side, 1 + Math.floor(this.random.float() * 8));
      else this.pass(Math.floor(this.random.float() * 150));
      this.publish();
    }
    return sent;
  }

  /** Ends the faults: everything arrives within ten seconds. */
  calm(): void {
    if (!this.isUp) this.up();
    for (let ms = 0; ms < 10_000; ms += 50) {
      this.settle();
      this.pass(50);
    }
    this.settle();
  }

  private make(side: Side, before?: LinkEpochs): Link {
    return new Link(
      this.limits,
      {
        taken: (part) => this.taken[side].push(part.readUInt32BE()),
        begunAnew: () => this.anew[side]++,
        dropped: (frames) => this.overruns[side].push(frames),
      },
      before,
    );
  }

  private spoil(side: Side): void {
    const flying = this.flying[side];
    const at = Math.floor(this.random.float() * flying.length);
    const frame = flying[at];
    if (frame === undefined) return;
    const kind = this.random.float();
    if (kind < 0.5) {
      flying.splice(at, 1);
      this.faults.lost++;
    } else if (kind < 0.75) {
      flying.push(frame);
      this.faults.doubled++;
    } else {
      flying.splice(at, 1);
      flying.splice(Math.floor(this.random.float() * flying.length), 0, frame);
      this.faults.swapped++;
    }
  }

  private arrive(side: Side, count = Number.POSITIVE_INFINITY): void {
    const { flying } = this;
    for (let left = Math.min(count, flying[side].length); left > 0; left--) {
      const { head, part } = flying[side].shift() as Flying;
      this.links[side].receive(head, part, this.nowMs);
    }
  }
}

function numbered(value: number): Buffer {
  const part = Buffer.alloc(4);
  part.writeUInt32BE(value);
  return part;
}
