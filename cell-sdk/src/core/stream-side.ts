import type { Command, FieldMap, Run } from "@thynapse/protocol";
import type { CatchHome } from "./catch-home.js";
import { type Gone, StreamReader } from "./stream-reader.js";
import { type CatchGrant, writeCommand } from "./wire.js";

/** What one stream of a multicatch tells it. */
export interface StreamSideHost {
  deliver(run: Run, from: number): void;
  gap(count: number | undefined): void;
  /** Lost events were asked for. */
  asked(): void;
  bufferedBytes(): number;
  bufferBytesMax(): number;
}

/** What comes of a stream, from wherever: its own connection, or a repair. */
export interface StreamSink {
  readonly mode: "multi";
  readonly pattern: string;
  mark(first: number, nowMs: number): void;
  live(first: number, run: Run, nowMs: number): void;
  /** Numbers that carry nothing for this cell: they count as read, and no event is passed over. */
  empty(first: number, count: number, nowMs: number): void;
  repaired(first: number, run: Run, isDone: boolean, nowMs: number): void;
  lost(gone: Gone, isDone: boolean, nowMs: number): void;
  beat(last: number, nowMs: number): void;
  granted(grant: CatchGrant, home: CatchHome, nowMs: number): void;
  /** @returns whether nobody has it any more: all who wanted it were still waiting for it. */
  refused(error: Error): boolean;
}

/** The stream of a pattern at one home: its topic, its numbers, whom to ask for what is lost. */
export class StreamSide {
  readonly reader: StreamReader;
  topic = "";
  catchNumber: number | undefined;
  home: CatchHome | undefined;

  constructor(host: StreamSideHost) {
    this.reader = new StreamReader({
      deliver: (run, from) => host.deliver(run, from),
      gap: (count) => host.gap(count),
      bufferedBytes: () => host.bufferedBytes(),
      bufferBytesMax: () => host.bufferBytesMax(),
      miss: (first, count) => {
        if (this.catchNumber === undefined) return;
        host.asked();
        this.say("MISS", { first, count });
      },
    });
  }

  /** Subscribes to the stream that was granted. */
  granted({ catchNumber, topic }: CatchGrant, home: CatchHome): void {
    this.leave();
    this.reader.attach(topic === this.topic);
    this.topic = topic;
    this.catchNumber = catchNumber;
    this.home = home;
    home.subscribe(topic);
  }

  /** No mark came: perhaps the subscription was lost. */
  subscribeAgain(): void {
    this.home?.unsubscribe(this.topic);
    this.home?.subscribe(this.topic);
  }

  /** The connection is lost. */
  detach(): void {
    this.reader.detach();
    this.catchNumber = undefined;
    this.home = undefined;
  }

  /** Gets nothing more of it. */
  leave(): void {
    this.home?.unsubscribe(this.topic);
    this.catchNumber = undefined;
    this.home = undefined;
  }

  /** Says how far it was read. */
  progress(last: number): void {
    if (this.catchNumber === undefined) return;
    this.home?.command(writeCommand("BEAT", { streams: [[this.catchNumber, last]] }));
  }

  /** Says something of the catch. @returns false while it does not stand. */
  say(command: Command, fields: FieldMap): boolean {
    const { catchNumber, home } = this;
    if (catchNumber === undefined || home === undefined) return false;
    home.command(writeCommand(command, { catch: catchNumber, ...fields }));
    return true;
  }
}
