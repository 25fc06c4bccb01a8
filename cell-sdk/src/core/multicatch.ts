import type { FieldMap, MeshError, Run } from "@thynapse/protocol";
import type { CatchHome } from "./catch-home.js";
import { FormerStream } from "./former-stream.js";
import { type MulticatchSupply, roomShare } from "./multicatch-supply.js";
import type { Waiter } from "./outbox-waiters.js";
import { ReadProgress } from "./read-progress.js";
import { RepeatFilter } from "./repeat-filter.js";
import type { Gone, StreamReader } from "./stream-reader.js";
import { SupplyList } from "./supply-list.js";
import { StreamSide, type StreamSideHost, type StreamSink } from "./stream-side.js";
import type { CatchGrant } from "./wire.js";

/** What a multicatch needs of the cell. */
export interface MulticatchHost {
  armed(pattern: string): void;
  /** The event socket stays silent: perhaps it cannot be reached. */
  unmarked(pattern: string): void;
  slow(pattern: string, bufferedBytes: number): void;
  gap(pattern: string, count: number | undefined): void;
  /** Asks the former home for the same catch again. */
  prove(former: FormerStream): void;
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
  | { readonly name: "subscribed"; readonly untilMs: number }
  | { readonly name: "armed" };

/** How long to wait for a mark. @see PROTOCOL.md §8.4 */
export const armingMs = 500;
/** Subscriptions without a mark after which somebody should know. */
const marklessMax = 4;

/**
 * One pattern that this cell catches in mode multi, for however many handlers.
 *
 * @see PROTOCOL.md §8
 */
export class Multicatch implements StreamSink, StreamSideHost {
  readonly mode = "multi";
  readonly pattern: string;
  repairs = 0;
  gone = 0;
  private readonly host: MulticatchHost;
  /** What it has had before, and what comes too late. */
  readonly filter = new RepeatFilter(() => this.gap(undefined));
  private side: StreamSide;
  /** What is left of the stream at the home that the cell is leaving. */
  private former: FormerStream | undefined;
  private readonly supplies = new SupplyList();
  private waiters: { readonly supply: MulticatchSupply; readonly waiter: Waiter }[] = [];
  private state: ArmingState = { name: "asked" };
  private isSlow = false;
  /** The last number that it would say. */
  private saidLast = 0;
  private readonly progress = new ReadProgress();
  /** Subscriptions in a row that brought no mark. */
  private markless = 0;

  constructor(pattern: string, host: MulticatchHost) {
    this.pattern = pattern;
    this.host = host;
    this.side = new StreamSide(this);
  }

  get isUsed(): boolean {
    return !this.supplies.isEmpty;
  }

  /** Handlers that run. */
  get runningCount(): number {
    return this.supplies.runningCount;
  }

  get catchNumber(): number | undefined {
    return this.state.name === "asked" ? undefined : this.side.catchNumber;
  }

  /**
   * How far it says that it has come: the last number that was seen or given up, but while handlers
   * are behind only what it said before; 0 if there is none.
   */
  get last(): number {
    if (this.bufferedBytes() <= this.bufferBytesMax() * roomShare) this.saidLast = this.reader.last;
    return this.saidLast;
  }

  get deadlineMs(): number {
    const formerMs = this.former?.deadlineMs ?? Number.POSITIVE_INFINITY;
    const { state } = this;
    return Math.min(formerMs, state.name === "subscribed" ? state.untilMs : this.reader.deadlineMs);
  }

  /** Replies to a gather: where the catch stands. */
  reply(fields: FieldMap): void {
    if (!this.side.say("RPLY", fields)) this.former?.reply(fields);
  }

  /** Adds a handler; `waiter` hears when it is armed. */
  add(supply: MulticatchSupply, waiter: Waiter): void {
    this.supplies.add(supply);
    if (this.state.name === "armed") waiter.resolve();
    else this.waiters.push({ supply, waiter });
  }

  remove(supply: MulticatchSupply): void {
    this.supplies.remove(supply);
  }

  /** The transmitter granted the catch: subscribe, and wait for a mark. */
  granted(grant: CatchGrant, home: CatchHome, nowMs: number): void {
    if (grant.topic !== this.side.topic) this.saidLast = 0;
    this.side.granted(grant, home);
    this.state = { name: "subscribed", untilMs: nowMs + armingMs };
  }

  /**
   * The cell turns to another home. A stream that is armed is read on until that is armed, too.
   *
   * @returns what is read on at the former one, if anything is.
   */
  split(): FormerStream | undefined {
    const { state, side } = this;
    this.state = { name: "asked" };
    if (state.name !== "armed") {
      side.leave();
      side.reader.detach();
      return undefined;
    }
    this.former = new FormerStream(side, {
      pattern: this.pattern,
      ended: (isWhole) => this.formerEnded(isWhole),
    });
    this.hold();
    return this.former;
  }

  /** The transmitter refuses the catch. @returns whether all who wanted it were waiting for it. */
  refused(error: MeshError): boolean {
    this.former?.end(false);
    for (const { waiter, supply } of this.waiters.splice(0)) {
      this.supplies.remove(supply);
      waiter.reject(error);
    }
    return !this.isUsed;
  }

  /** The connection is lost. */
  detach(): void {
    this.state = { name: "asked" };
    this.side.detach();
    // What the new home sent is void: the former one, which is read on, has it all.
    if (this.former === undefined) return;
    this.former.unprove();
    this.hold();
  }

  /** The catch ends: the last handler has left. */
  end(): void {
    this.former?.drop();
    this.side.leave();
    this.state = { name: "asked" };
  }

  /** Begins no further handler. */
  pause(): void {
    this.supplies.pause();
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

  empty(first: number, count: number, nowMs: number): void {
    this.arm();
    this.reader.empty(first, count, nowMs);
  }

  repaired(first: number, run: Run, isDone: boolean, nowMs: number): void {
    this.reader.repaired(first, run, isDone, nowMs);
  }

  lost(gone: Gone, isDone: boolean, nowMs: number): void {
    this.reader.gone(gone, isDone, nowMs);
  }

  beat(last: number, nowMs: number): void {
    if (this.state.name === "armed") this.reader.beat(last, nowMs);
  }

  /** A handler has made room. */
  room(): void {
    this.former?.ask(this.host.nowMs());
    this.reader.ask(this.host.nowMs());
    this.noteProgress(0);
  }

  tick(nowMs: number): void {
    if (this.state.name === "subscribed" && nowMs >= this.state.untilMs) {
      this.side.subscribeAgain();
      this.state = { name: "subscribed", untilMs: nowMs + armingMs };
      if (++this.markless === marklessMax) this.host.unmarked(this.pattern);
    }
    if (nowMs >= this.reader.deadlineMs) this.reader.ask(nowMs);
    if (this.former !== undefined && nowMs >= this.former.deadlineMs) this.former.ask(nowMs);
  }

  /** @internal */
  bufferedBytes(): number {
    return this.supplies.bufferedBytes;
  }

  /** @internal */
  bufferBytesMax(): number {
    return this.supplies.bufferBytesMax;
  }

  /** @internal */
  deliver(run: Run, from: number): void {
    const indexes = this.filter.fresh(run, from, this.host.nowMs());
    this.supplies.put(run, from, indexes);
  }

  /** @internal */
  asked(): void {
    this.repairs++;
  }

  /** @internal */
  gap(count: number | undefined): void {
    this.gone += count ?? 0;
    this.filter.gap();
    this.host.gap(this.pattern, count);
    this.supplies.gap(count);
  }

  private get reader(): StreamReader {
    return this.side.reader;
  }

  private arm(): void {
    if (this.state.name !== "subscribed") return;
    this.state = { name: "armed" };
    this.markless = 0;
    for (const { waiter } of this.waiters.splice(0)) waiter.resolve();
    this.host.armed(this.pattern);
    if (this.former !== undefined) this.host.prove(this.former);
  }

  /** Begins with a new stream, which waits for the end of the former one. */
  private hold(): void {
    this.side = new StreamSide(this);
    this.reader.isHeld = true;
    this.saidLast = 0;
  }

  private formerEnded(isWhole: boolean): void {
    this.former = undefined;
    if (!isWhole) this.reader.owe();
    this.reader.release(this.host.nowMs());
  }

  private noteSlowness(isSlow: boolean): void {
    if (isSlow && !this.isSlow) this.host.slow(this.pattern, this.bufferedBytes());
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
    const { progress } = this;
    progress.read(bytes);
    if (!progress.isMuch) return;
    const { last } = this;
    if (progress.tell(last)) this.side.progress(last);
  }
}
