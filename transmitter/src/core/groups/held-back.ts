import type { Thid } from "@thynapse/protocol";
import type { Span } from "./ledger.js";

/**
 * What of a group is held back while cells may come and claim it, by its senders: what others say
 * is about a few of them, and much may be held back.
 */
export class HeldBack {
  private readonly bySender = new Map<Thid, Set<Span>>();

  /** How many spans there are. */
  get size(): number {
    let size = 0;
    for (const spans of this.bySender.values()) size += spans.size;
    return size;
  }

  add(span: Span): void {
    const { sender } = span.lot.run.header;
    const spans = this.bySender.get(sender);
    if (spans === undefined) this.bySender.set(sender, new Set([span]));
    else spans.add(span);
  }

  delete(span: Span): void {
    const { sender } = span.lot.run.header;
    const spans = this.bySender.get(sender);
    if (spans?.delete(span) === true && spans.size === 0) this.bySender.delete(sender);
  }

  clear(): void {
    this.bySender.clear();
  }

  /** What is held back of a sender. */
  of(sender: Thid): Iterable<Span> {
    return this.bySender.get(sender) ?? [];
  }

  /** Whether something is. */
  has(sender: Thid): boolean {
    return this.bySender.has(sender);
  }

  *[Symbol.iterator](): Generator<Span> {
    for (const spans of this.bySender.values()) yield* spans;
  }
}
