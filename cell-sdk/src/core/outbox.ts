import {
  bodyTag,
  checkBodyBytes,
  checkChannel,
  encodeMessagePack,
  eventBytesMax,
  type MeshError,
} from "@thynapse/protocol";
import { CheckedChannels } from "./checked-channels.js";
import { KeptRuns } from "./kept-runs.js";
import { OutboxLoad } from "./outbox-load.js";
import type { OutboxAttachment, OutboxHost, SeqSpan } from "./outbox-host.js";
import { OutboxWaiters, type Waiter } from "./outbox-waiters.js";
import { RunBuilder } from "./run-builder.js";
import { RunFlow } from "./run-flow.js";
import { RunList } from "./run-list.js";
import type { Destination, RunRecord } from "./run-record.js";
import { resendRun } from "./run-resend.js";
import { WaitingSend, WaitingSends } from "./waiting-sends.js";

/**
 * The events of this cell, from `send` until nobody can need them again.
 *
 * - Events are written into an open run. It is closed when it is full, or when it is flushed while
 *   few runs are on the wire; so an idle cell sends at once and a busy one fills runs. No timer is
 *   involved.
 * - A run stays until each of its events is handled or refused, and 2 s longer, 8 MiB at most.
 * - On a new attachment what is not handled goes out again, ascending, before anything new.
 *
 * Hot path: `send` allocates nothing but the run's buffer. Guarded by `bench/micro/cell`.
 *
 * @see PROTOCOL.md §7 and §11
 */
export class Outbox {
  /** Whether `send` began something that waits for `flush`. */
  flushDue = false;
  /** Whether sends may use the last tenth, and pass those that wait: true while a handler runs. */
  privileged = false;
  refusedEvents = 0;
  private readonly host: OutboxHost;
  private readonly builder: RunBuilder;
  private readonly flow: RunFlow;
  private readonly runs = new RunList();
  private readonly kept: KeptRuns;
  private readonly load: OutboxLoad;
  private readonly waiting: WaitingSends;
  private readonly waiters = new OutboxWaiters();
  private readonly channels = new CheckedChannels();
  private session = 1;
  private answeredBelow = 1;
  private ended: MeshError | undefined;

  constructor(host: OutboxHost) {
    this.host = host;
    this.load = new OutboxLoad(host);
    this.waiting = new WaitingSends(host.bytesMax);
    this.kept = new KeptRuns((record) => {
      this.flow.forget(record);
      this.runs.drop(record);
    });
    this.builder = new RunBuilder({
      id: host.id,
      service: host.service,
      wallMs: () => host.wallMs(),
      session: () => this.session,
      floor: () => this.floor,
      opened: (record) => this.runs.push(record),
      closed: (record) => this.closed(record),
    });
    this.flow = new RunFlow({
      command: (part) => host.command(part),
      rewrite: (part, { handledRanges: handled }, isFirst) =>
        resendRun(part, { isFirst, session: this.session, floor: this.floor, handled }),
    });
  }

  /** Events that are neither handled nor refused, those that wait for room included. */
  get pendingEvents(): number {
    return this.load.events + this.waiting.count;
  }

  /**
   * Whether a sender should go on: false above three quarters, with 65 536 events not handled, and
   * while a window full of bytes is not accepted.
   */
  get hasRoom(): boolean {
    return this.waiting.count === 0 && this.load.hasRoom && this.flow.hasRoom;
  }

  /** Whether nothing is on the wire that is not accepted. */
  get isQuiet(): boolean {
    return this.flow.unacceptedBytes === 0;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.flow.deadlineMs;
  }

  /** Every event below it is done with and no longer kept. */
  get floor(): number {
    return this.runs.lowest ?? this.builder.nextSeq;
  }

  /** The index, in what `send` returned last, of the event that it was given. */
  get lastIndex(): number {
    return (this.builder.open?.count ?? 1) - 1;
  }

  /**
   * Takes one event. What it returns, with `lastIndex`, says where it lies.
   *
   * @throws {MeshError} as `Cell.send`.
   */
  send(channel: string, data: unknown, extras?: Uint8Array): Destination {
    this.channels.check(channel);
    return this.put(channel, data, extras);
  }

  /** As `send`, to channels of the mesh too: they answer requests. */
  sendAsk(channel: string, data: unknown, extras: Uint8Array | undefined): Destination {
    checkChannel(channel, { system: true });
    return this.put(channel, data, extras);
  }

  /**
   * Sends what was begun, if the cell is idle; else it goes out with the next full run or confirm.
   */
  flush(): void {
    this.flushDue = false;
    if (this.flow.isIdle) this.builder.close();
  }

  /** Tells when everything sent so far is accepted or refused. */
  whenFlushed(waiter: Waiter): void {
    if (this.ended !== undefined) {
      waiter.reject(this.ended);
      return;
    }
    this.waiting.whenPassed(() => {
      this.waiters.addFlush(this.builder.nextSeq, waiter);
      this.waiters.answered(this.answeredBelow);
    });
  }

  /** Tells when there is room. */
  whenRoom(waiter: Waiter): void {
    if (this.ended !== undefined) waiter.reject(this.ended);
    else if (this.hasRoom) waiter.resolve();
    else this.waiters.addRoom(waiter);
  }

  attach(attachment: OutboxAttachment): void {
    this.session = attachment.session;
    const records = this.runs.kept().filter((record) => record !== this.builder.open);
    const due = attachment.same ? records.filter((record) => !record.isDone) : records;
    this.flow.attach(attachment, due);
    this.flush();
  }

  detach(): void {
    this.flow.detach();
  }

  setPipe(open: boolean): void {
    this.flow.setPipe(open);
    if (open) this.flush();
  }

  /** The transmitter is heard. */
  heard(nowMs: number): void {
    this.kept.heard(nowMs);
  }

  accepted({ first, last }: SeqSpan, matched: number, repeat: boolean): void {
    this.runs.overlapping(first, last, (record, from, to) => {
      this.flow.confirm(record, from, to);
      record.accept(from, to, matched, repeat);
    });
  }

  /**
   * An answer to an event came: it was accepted, and its confirm, which may come later, is not
   * waited for.
   */
  responded(seq: unknown): void {
    if (typeof seq !== "number") return;
    const wasIdle = this.flow.isIdle;
    this.runs.overlapping(seq, seq, (record) => this.flow.confirm(record, seq, seq));
    if (wasIdle) return;
    this.flow.accepted();
    this.flush();
  }

  handled({ first, last }: SeqSpan): void {
    this.runs.overlapping(first, last, (record, from, to) => {
      this.flow.confirm(record, from, to);
      this.done(record, record.handle(from, to));
    });
  }

  refused({ first, last }: SeqSpan, error: MeshError, nowMs: number): void {
    this.runs.overlapping(first, last, (record, from, to) => {
      this.flow.confirm(record, from, to);
      if (error.code === "BUSY") {
        this.flow.busy(record, nowMs);
        return;
      }
      const { news, heard } = record.refuse(from, to, error);
      this.refusedEvents += news;
      if (!heard) this.unheard(from, to, error);
      this.done(record, news);
    });
  }

  /** The transmitter takes no more events. */
  hold(): void {
    this.flow.hold();
  }

  /**
   * A whole run was refused by an error without a number: answers come in order, so it is the
   * oldest on the wire.
   */
  refusedOldest(error: MeshError, nowMs: number): void {
    const oldest = this.runs.kept().find((record) => record.unconfirmed > 0);
    if (oldest !== undefined) this.refused(oldest, error, nowMs);
    this.confirmed();
  }

  /** Goes on after the confirms of one command. */
  confirmed(): void {
    this.advance();
    this.flow.accepted();
    this.admit();
    this.flush();
    this.waiters.room(() => this.hasRoom);
  }

  tick(nowMs: number): void {
    const { unacceptedBytes } = this.flow;
    this.flow.tick(nowMs, () => this.runs.kept().filter((record) => record.part !== undefined));
    if (this.flow.unacceptedBytes < unacceptedBytes) this.confirmed();
    // What was begun while the transmitter was busy: perhaps no confirm is due that would send it.
    else this.flush();
  }

  /** Ends it, and tells whoever waits. @returns how many events are unconfirmed. */
  end(error: MeshError): number {
    const unconfirmed = this.pendingEvents;
    this.ended = error;
    this.flow.detach();
    for (const record of this.runs.kept()) record.end(error);
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      next.refuse(error);
    }
    this.waiters.end(error);
    return unconfirmed;
  }

  private put(channel: string, data: unknown, extras: Uint8Array | undefined): Destination {
    const isBytes = data instanceof Uint8Array;
    const body = isBytes ? data : encodeMessagePack(data);
    const tag = isBytes ? bodyTag.bytes : bodyTag.messagePack;
    if (body.length > eventBytesMax) checkBodyBytes(body.length);
    if (this.ended !== undefined) throw this.ended;
    if (this.waiting.lets(channel, this.privileged) && this.load.hasSpace(this.privileged)) {
      this.flushDue = true;
      this.load.numberedEvents++;
      return this.builder.append(channel, tag, body, extras);
    }
    // The caller may write to its bytes again after `send`.
    return this.wait(new WaitingSend(channel, tag, isBytes ? Buffer.from(body) : body, extras));
  }

  private wait(send: WaitingSend): WaitingSend {
    if (!this.waiting.push(send)) this.refusedEvents++;
    return send;
  }

  /** Lets those that wait into the outbox, as far as there is room. */
  private admit(): void {
    while (this.waiting.count > 0 && this.load.hasSpace(false)) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.load.numberedEvents++;
      const record = this.builder.append(next.channel, next.tag, next.body, next.extras);
      next.admit(record, record.count - 1);
    }
    this.waiting.pass();
  }

  private closed(record: RunRecord): void {
    this.load.bytes += record.bytes;
    this.flow.push(record);
  }

  private done(record: RunRecord, news: number): void {
    this.load.doneEvents += news;
    if (news === 0 || !record.isDone) return;
    this.load.bytes -= record.bytes;
    this.kept.add(record);
  }

  private unheard(first: number, last: number, error: MeshError): void {
    this.waiters.remember(error);
    this.host.unheard(first, last, error);
  }

  /** Moves up to the first event that was not answered, and tells those who wait for it. */
  private advance(): void {
    this.answeredBelow = this.runs.answeredBelow(this.answeredBelow, this.builder.nextSeq);
    this.waiters.answered(this.answeredBelow);
  }
}
