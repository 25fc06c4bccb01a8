import type { MeshError, Run, Thid } from "@thynapse/protocol";
import type { CaughtEvent } from "./caught-event.js";
import type { EventSupply } from "./effects.js";
import { EventQueue } from "./event-queue.js";

/** When a buffer is down to this share of its bound, a catch has caught up. */
export const roomShare = 0.25;

/** How one multicatch of this cell wants its events. */
export interface MulticatchWish {
  readonly pattern: string;
  readonly concurrency: number;
  readonly echo: boolean;
  readonly bufferBytesMax: number;
  readonly dropOldest: boolean;
  /** Called for events that this catch lost. */
  /** Told of each gap; must not throw. */
  readonly onGap?: (count: number | undefined) => void;
}

/** What a supply needs of the cell. */
export interface MulticatchSupplyHost {
  readonly id: Thid;
  /** There are events again. */
  ready(supply: MulticatchSupply): void;
  /** The buffer is down to `roomShare` of its bound. */
  room(): void;
  /** A body cannot be decoded; its event is skipped. */
  bad(supply: MulticatchSupply, error: MeshError): void;
  /** Events of this catch are lost. */
  gap(supply: MulticatchSupply, count: number | undefined): void;
}

/**
 * The events that wait for one handler of a multicatch.
 *
 * Whoever runs the handler calls `take` until it gives nothing, and `finished` for each event whose
 * handler is done. After a `ready` effect there is something to take again.
 */
export class MulticatchSupply implements EventSupply {
  readonly mode = "multi";
  readonly wish: MulticatchWish;
  badEvents = 0;
  private readonly host: MulticatchSupplyHost;
  private readonly queue: EventQueue;
  private readonly idle: (() => void)[] = [];
  private running = 0;
  private isPaused = false;
  private isEnded = false;
  /** Whether `ready` was said and `take` has not given nothing since. */
  private isAnnounced = false;

  constructor(wish: MulticatchWish, host: MulticatchSupplyHost) {
    this.wish = wish;
    this.host = host;
    this.queue = new EventQueue((error) => {
      this.badEvents++;
      host.bad(this, error);
    });
  }

  get pattern(): string {
    return this.wish.pattern;
  }

  get bufferedBytes(): number {
    return this.queue.bytes;
  }

  /** Handlers that run. */
  get runningCount(): number {
    return this.running;
  }

  /** Takes in the events of a run from `from` on, or those of `indexes`. */
  put(run: Run, from: number, indexes: Uint32Array | undefined): void {
    const { sender, cell } = run.header;
    if (this.isEnded || (!this.wish.echo && (cell ?? sender) === this.host.id)) return;
    this.queue.push(run, from, indexes);
    if (this.wish.dropOldest) this.dropOldest();
    this.announce();
  }

  /** Takes the next event for a handler; nothing while as many run as may. */
  take(): CaughtEvent | undefined {
    if (this.running >= this.wish.concurrency || this.isPaused) return undefined;
    const before = this.queue.bytes;
    const event = this.queue.shift();
    if (event === undefined) this.isAnnounced = false;
    else this.running++;
    const mark = this.wish.bufferBytesMax * roomShare;
    if (before > mark && this.queue.bytes <= mark) this.host.room();
    return event;
  }

  /** The handler of an event is done. */
  finished(): void {
    this.running--;
    if (this.idle.length > 0 && this.running === 0) for (const told of this.idle.splice(0)) told();
  }

  /** Calls `told` when no handler runs. */
  whenIdle(told: () => void): void {
    if (this.running === 0) told();
    else this.idle.push(told);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.isAnnounced = false;
    this.announce();
  }

  /** Drops what waits; nothing is taken any more. */
  end(): void {
    this.isEnded = true;
    this.queue.clear();
  }

  /** Tells that events are lost. */
  gap(count: number | undefined): void {
    this.wish.onGap?.(count);
  }

  private announce(): void {
    if (this.isAnnounced || this.queue.isEmpty) return;
    this.isAnnounced = true;
    this.host.ready(this);
  }

  /** Drops what is too much, but never the newest run: a handler that is idle gets that one. */
  private dropOldest(): void {
    const { queue, wish } = this;
    let dropped = 0;
    while (queue.bytes > wish.bufferBytesMax && queue.hasMany) dropped += queue.dropOldest();
    if (dropped > 0) this.host.gap(this, dropped);
  }
}
