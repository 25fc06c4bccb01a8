import type { CatchWish, Thid } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Group } from "./group.js";
import { Holder } from "./holder.js";
import type { Span } from "./ledger.js";

/** One cell's part in a group: its options, and the deliveries that it holds. */
export class Member extends Holder {
  readonly group: Group;
  readonly cell: CellRecord;
  readonly catchNumber: number;
  wish: CatchWish;
  credit: number;
  /** Whether the cell knows the number of its catch: nothing may come to it before. */
  isGranted = false;

  constructor(group: Group, cell: CellRecord, catchNumber: number, wish: CatchWish) {
    super();
    this.group = group;
    this.cell = cell;
    this.catchNumber = catchNumber;
    this.wish = wish;
    this.credit = wish.credit;
  }

  get id(): Thid {
    return this.cell.id;
  }

  get service(): string {
    return this.cell.service;
  }

  /** Whoever settles a delivery has it from here. */
  get holder(): Holder {
    return this;
  }

  get free(): number {
    return this.cell.state === "alive" ? Math.max(0, this.credit - this.heldCount) : 0;
  }

  /** The cell is working on it: its time-out begins anew. */
  progress(origin: string, number: number, attempt: number, nowMs: number): boolean {
    const span = this.find(origin, number, attempt);
    if (span === undefined || span.begunMs === Number.POSITIVE_INFINITY) return false;
    span.begunMs = nowMs;
    return true;
  }

  /** Takes back what the cell has worked on for too long; it can go on with what is behind it. */
  takeOverdue(nowMs: number): Span[] {
    const overdue = this.held.takeOverdue(this.group.terms.ackTimeoutMs, nowMs);
    this.begin(nowMs);
    return overdue;
  }

  /** Deliveries that the cell can be working on: the first `concurrency` that it holds. */
  protected begin(nowMs: number): void {
    this.held.begin(this.wish.concurrency, nowMs);
  }
}

/** A cell of this transmitter, if it is there and knows the number of its catch. */
export function grantedMember(members: Iterable<Member>, cell: Thid): Member | undefined {
  for (const member of members) {
    if (member.cell.id === cell) return member.isGranted ? member : undefined;
  }
  return undefined;
}
