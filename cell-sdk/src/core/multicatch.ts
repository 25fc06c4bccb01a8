import type { MeshError, Run } from "@thynapse/protocol";
import { type MulticatchSupply, roomShare } from "./multicatch-supply.js";
import type { Waiter } from "./outbox-waiters.js";
import { RepeatFilter } from "./repeat-filter.js";
import { StreamReader } from "./stream-reader.js";
import type { CatchGrant } from "./wire.js";

/** What a multicatch needs of the cell. */
export interface MulticatchHost {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  progress(catchNumber: number, last: number): void;
  miss(catchNumber: number, first: number, count: number): void;
  armed(pattern: string): void;
  /** The event socket stays silent: perhaps it cannot be reached. */
  unmarked(pattern: string): void;
  slow(pattern: string, bufferedBytes: number): void;
  gap(pattern: string, count: number | undefined): void;
  nowMs(): number;
}

/**
 * - `asked`: wished for, on this connection or on the next one; ends with the grant.
 * - `subscribed`: the topic is subscribed, nothing was heard of it; after 500 ms it is subscribed
 *   again.
 * - `armed`: something was heard: nothing is missed unnoticed from here on. Ends with the
 *   connection.
 */
type ArmingState =
  | { readonly name: "asked" }
  | { readonly name: "subscribed"; readonly grant: CatchGrant; readonly untilMs: number }
  | { readonly name: "armed"; readonly grant: CatchGrant };

/** How long to wait for a mark. @see PROTOCOL.md §8.4 */
export const armingMs = 500;
/** Subscriptions without a mark after which somebody should know. */
const marklessMax = 4;
/** After so much of a stream the cell says how far it has come. */
const progressBytes = 1024 * 1024;
const progressMessages = 64;

/**
 * One pattern that this cell catches in mode multi, for however many handlers.
 *
 * @see PROTOCOL.md §8
 */
export class Multicatch {
  readonly mode = "multi";
  readonly pattern: string;
  repairs = 0;
  gone = 0;
  private readonly host: MulticatchHost;
  private readonly filter = new RepeatFilter();
  private readonly reader: StreamReader;
  private supplies: MulticatchSupply[] = [];
  private waiters: Waiter[] = [];
  private state: ArmingState = { name: "asked" };
  /** The topic of the stream that the reader counts. */
  private topic = "";
  /** The smallest bound of a handler that does not drop. */
  private bufferBytesMax = Number.POSITIVE_INFINITY;
  private isSlow = false;
  /** The last number that it would say, and the last that it said between heartbeats. */
  private saidLast = 0;
  private toldLast = 0;
  private unsaidBytes = 0;
  private unsaidMessages = 0;
  /** Subscriptions in a row that brought no mark. */
  private markless = 0;

  constructor(pattern: string, host: MulticatchHost) {
    this.pattern = pattern;
    this.host = host;
    this.reader = new StreamReader({
      deliver: (run, from) => this.deliver(run, from),
      miss: (first, count) => this.miss(first, count),
      gap: (count) => this.gap(count),
      bufferedBytes: () => this.bufferedBytes,
      bufferBytesMax: () => this.bufferBytesMax,
    });
  }

  get isUsed(): boolean {
    return this.supplies.length > 0;
  }

  /** Handlers that run. */
  get runningCount(): number {
    return this.supplies.reduce((sum, supply) => sum + supply.runningCount, 0);
  }

  get repeats(): number {
    return this.filter.repeats;
  }

  get catchNumber(): number | undefined {
    return this.state.name === "asked" ? undefined : this.state.grant.catchNumber;
  }

  /**
   * How far it says that it has come: the last number that was seen or given up, but while handlers
   * are behind only what it said before; 0 if there is none.
   */
  get last(): number {
    if (this.bufferedBytes <= this.bufferBytesMax * roomShare) this.saidLast = this.reader.last;
    return this.saidLast;
  }

  get deadlineMs(): number {
    if (this.state.name === "subscribed") return this.state.untilMs;
    return this.reader.deadlineMs;
  }

  /** Adds a handler; `waiter` hears when it is armed. */
  add(supply: MulticatchSupply, waiter: Waiter): void {
    this.supplies.push(supply);
    this.bound();
    if (this.state.name === "armed") waiter.resolve();
    else this.waiters.push(waiter);
  }

  remove(supply: MulticatchSupply): void {
    this.supplies = this.supplies.filter((each) => each !== supply);
    this.bound();
    supply.end();
  }

  /** The transmitter granted the catch: subscribe, and wait for a mark. */
  granted(grant: CatchGrant, nowMs: number): void {
    this.leaveTopic();
    const sameStream = grant.topic === this.topic;
    this.topic = grant.topic;
    this.reader.attach(sameStream);
    if (!sameStream) this.saidLast = 0;
    this.state = { name: "subscribed", grant, untilMs: nowMs + armingMs };
    this.host.subscribe(grant.topic);
  }

  /** The transmitter refuses the catch. @returns whether somebody was waiting for it. */
  refused(error: MeshError): boolean {
    const waiters = this.waiters.splice(0);
    for (const waiter of waiters) waiter.reject(error);
    return waiters.length > 0;
  }

  /** The connection is lost. */
  detach(): void {
    this.state = { name: "asked" };
    this.reader.detach();
  }

  /** The catch ends: the last handler has left. */
  end(): void {
    this.leaveTopic();
    this.state = { name: "asked" };
  }

  /** Begins no further handler. */
  pause(): void {
    for (const supply of this.supplies) supply.pause();
  }

  mark(first: number, nowMs: number): void {
    this.arm();
    this.reader.mark(first, nowMs);
  }

  live(first: number, run: Run, nowMs: number): void {
    this.arm();
    const before = this.reader.letGo;
    this.reader.live(first, run, nowMs);
    this.noteSlowness(this.reader.letGo > before);
    this.noteProgress(run.bytes.length);
  }

  skip(first: number, count: number, nowMs: number): void {
    this.arm();
    this.reader.skip(first, count, nowMs);
  }

  repaired(first: number, run: Run, isDone: boolean, nowMs: number): void {
    this.reader.repaired(first, run, isDone, nowMs);
  }

  lost(first: number, count: number, isDone: boolean, nowMs: number): void {
    this.reader.gone(first, count, isDone, nowMs);
  }

  beat(last: number, nowMs: number): void {
    if (this.state.name === "armed") this.reader.beat(last, nowMs);
  }

  /** A handler has made room. */
  room(): void {
    this.reader.ask(this.host.nowMs());
    this.noteProgress(0);
  }

  tick(nowMs: number): void {
    if (this.state.name === "subscribed" && nowMs >= this.state.untilMs) {
      const { grant } = this.state;
      this.host.unsubscribe(grant.topic);
      this.host.subscribe(grant.topic);
      this.state = { name: "subscribed", grant, untilMs: nowMs + armingMs };
      if (++this.markless === marklessMax) this.host.unmarked(this.pattern);
    }
    if (nowMs >= this.reader.deadlineMs) this.reader.ask(nowMs);
  }

  private get bufferedBytes(): number {
    let bytes = 0;
    for (const supply of this.supplies) {
      if (!supply.wish.dropOldest) bytes = Math.max(bytes, supply.bufferedBytes);
    }
    return bytes;
  }

  private bound(): void {
    const bounding = this.supplies.filter(({ wish }) => !wish.dropOldest);
    this.bufferBytesMax = Math.min(...bounding.map(({ wish }) => wish.bufferBytesMax));
  }

  private arm(): void {
    if (this.state.name !== "subscribed") return;
    this.state = { name: "armed", grant: this.state.grant };
    this.markless = 0;
    for (const waiter of this.waiters.splice(0)) waiter.resolve();
    this.host.armed(this.pattern);
  }

  private deliver(run: Run, from: number): void {
    const indexes = this.filter.fresh(run, from, this.host.nowMs());
    for (const supply of this.supplies) supply.put(run, from, indexes);
  }

  private miss(first: number, count: number): void {
    if (this.state.name === "asked") return;
    this.repairs++;
    this.host.miss(this.state.grant.catchNumber, first, count);
  }

  private gap(count: number | undefined): void {
    this.gone += count ?? 0;
    this.host.gap(this.pattern, count);
    for (const supply of this.supplies) supply.gap(count);
  }

  private noteSlowness(isSlow: boolean): void {
    if (isSlow && !this.isSlow) this.host.slow(this.pattern, this.bufferedBytes);
    // It counts as slow until it has caught up.
    this.isSlow = isSlow || (this.isSlow && this.reader.hasHole);
  }

  /**
   * Says how far it has come, so that the senders of a lone slow reader are slowed. While handlers
   * are behind it says nothing: what fills the buffer has been received, not read.
   *
   * @see PROTOCOL.md §8.10
   */
  private noteProgress(bytes: number): void {
    this.unsaidBytes += bytes;
    if (bytes > 0) this.unsaidMessages++;
    if (this.unsaidBytes < progressBytes && this.unsaidMessages < progressMessages) return;
    if (this.last === this.toldLast) return;
    this.toldLast = this.last;
    this.unsaidBytes = 0;
    this.unsaidMessages = 0;
    const { catchNumber } = this;
    if (catchNumber !== undefined) this.host.progress(catchNumber, this.last);
  }

  private leaveTopic(): void {
    if (this.state.name !== "asked") this.host.unsubscribe(this.state.grant.topic);
  }
}
