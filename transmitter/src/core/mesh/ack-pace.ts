/** Longest time that an ack waits for a part that takes it along, in ms. It is missed after 200. */
const waitMs = 100;
/** Parts and bytes that one ack may be about: a sixteenth of the window, and of a ring. */
const partsMax = 16;
const bytesMax = 1024 * 1024;

/**
 * When the other side of a link is told what has come.
 *
 * Hot path: a request to another transmitter is a part there and a part back. An ack of each would
 * double what both have to read, so such an ack goes with the next part, and alone only if none
 * comes soon. Guarded by `link-ask-1` of the bench.
 *
 * @see PROTOCOL.md §19.7
 */
export class AckPace {
  /** Whether it is to be told now. */
  isDue = false;
  /** When it is to be told at the latest; infinite if nothing waits. */
  dueMs = Number.POSITIVE_INFINITY;
  private parts = 0;
  private bytes = 0;

  /** A part was taken; its ack may wait if its sender does not wait for it. */
  taken(bytes: number, mayWait: boolean, nowMs: number): void {
    this.parts++;
    this.bytes += bytes;
    if (!mayWait || this.parts >= partsMax || this.bytes >= bytesMax) this.isDue = true;
    else this.dueMs = Math.min(this.dueMs, nowMs + waitMs);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.dueMs) this.isDue = true;
  }

  /** The other side was told. */
  told(): void {
    this.isDue = false;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.parts = 0;
    this.bytes = 0;
  }
}
