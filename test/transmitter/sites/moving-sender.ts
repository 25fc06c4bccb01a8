import type { BenchCell } from "../bench-cell.js";
import { SiteNet } from "./site-net.js";

/**
 * Three transmitters: a sender at the first has sent one event to a group, of which a worker at the
 * third has no credit yet.
 */
export class MovingSender {
  readonly net = new SiteNet(3);
  readonly worker: BenchCell;
  private readonly catch: unknown;
  private readonly id: string;

  constructor() {
    const [first, , third] = this.net.benches;
    this.worker = third!.cell("worker");
    this.catch = this.worker.catch("a", "any", { credit: 0 })["catch"];
    const sender = first!.cell("sender");
    this.id = sender.id;
    sender.send("a");
  }

  /** It has moved to one of them, and repeats there what it has sent; time for answers passes. */
  moveTo(at: number, session: number): BenchCell {
    const moved = this.net.benches[at]!.cell("sender", { id: this.id, session });
    moved.send("a", { seq: 1, repeat: true });
    this.net.pass(1500);
    return moved;
  }

  /** The worker has room: of whom it is given something. */
  origins(): unknown[] {
    this.worker.say("CRED", { catch: this.catch, credit: 5 });
    this.net.pass(1500);
    return this.worker.take("DLVR").map(({ fields }) => fields["origin"]);
  }
}
