import type { FieldMap, Run } from "@thynapse/protocol";
import type { CatchHome } from "./catch-home.js";
import type { Gone } from "./stream-reader.js";
import type { StreamSide, StreamSink } from "./stream-side.js";
import type { CatchGrant } from "./wire.js";

/** What the stream of a former home tells its multicatch. */
export interface FormerStreamHost {
  readonly pattern: string;
  /**
   * It is read no more. `isWhole`: it has brought everything that was sent before the new one was
   * armed.
   */
  ended(isWhole: boolean): void;
}

/**
 * The stream at the home that a cell leaves, while the one at its new home is made ready.
 *
 * It is read until it has brought all that may not come by the new one: when that is armed, the
 * former home is asked for the same catch again, and answers when all that the other transmitters
 * sent it before is on the stream; its `next` says how far to read.
 *
 * @see PROTOCOL.md §9.6, §8.12
 */
export class FormerStream implements StreamSink {
  readonly mode = "multi";
  readonly pattern: string;
  private readonly side: StreamSide;
  private readonly host: FormerStreamHost;
  private next = 0;
  /** How often it was asked for again, without an answer yet. */
  private unanswered = 0;
  /** Whether the new home is armed, and what is asked is asked since. */
  private isProving = false;
  /** Whether it is read no more. */
  isEnded = false;

  constructor(side: StreamSide, host: FormerStreamHost) {
    this.side = side;
    this.host = host;
    this.pattern = host.pattern;
  }

  /** Number of the catch at the former home. */
  get catchNumber(): number | undefined {
    return this.side.catchNumber;
  }

  get last(): number {
    return this.side.reader.last;
  }

  get deadlineMs(): number {
    return this.side.reader.deadlineMs;
  }

  /** The new home is armed: the catch is asked for again at the former one. */
  proving(): void {
    this.unanswered++;
    this.isProving = true;
  }

  /** The new home is lost: another one is to be armed first. */
  unprove(): void {
    this.isProving = false;
  }

  /** The answer to asking again. */
  granted({ next }: CatchGrant, _home: CatchHome, nowMs: number): void {
    // Without a number nothing is proved, and this stream is read as long as it lasts.
    if (next === undefined) return;
    this.unanswered--;
    this.next = Math.max(this.next, next);
    // The answer may have passed the events: they are lost only if they do not come for a while.
    this.side.reader.beat(next - 1, nowMs);
    this.check();
  }

  refused(): boolean {
    this.end(false);
    return false;
  }

  mark(first: number, nowMs: number): void {
    this.side.reader.mark(first, nowMs);
  }

  live(first: number, run: Run, nowMs: number): void {
    this.side.reader.live(first, run, nowMs);
    this.check();
  }

  empty(first: number, count: number, nowMs: number): void {
    this.side.reader.empty(first, count, nowMs);
    this.check();
  }

  repaired(first: number, run: Run, isDone: boolean, nowMs: number): void {
    this.side.reader.repaired(first, run, isDone, nowMs);
    this.check();
  }

  lost(gone: Gone, isDone: boolean, nowMs: number): void {
    this.side.reader.gone(gone, isDone, nowMs);
    this.check();
  }

  beat(last: number, nowMs: number): void {
    this.side.reader.beat(last, nowMs);
  }

  /** Replies to a gather. */
  reply(fields: FieldMap): void {
    this.side.say("RPLY", fields);
  }

  /** There is room again, or it is time to ask again. */
  ask(nowMs: number): void {
    this.side.reader.ask(nowMs);
  }

  /** The former home is gone, or the catch is not wanted any more. */
  end(isWhole: boolean): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.side.leave();
    this.host.ended(isWhole);
  }

  /** Ends the catch at the former home, too. */
  drop(): void {
    this.side.say("DROP", {});
    this.end(true);
  }

  private check(): void {
    const isProved = this.isProving && this.unanswered === 0;
    if (isProved && this.side.reader.last >= this.next - 1) this.end(true);
  }
}
