import {
  type AskTerms,
  type Body,
  bodyToJson,
  type ErrorCode,
  type Ref,
  type Run,
  type Thid,
  toMeshError,
} from "@thynapse/protocol";
import { Answers, partsOf } from "./answers.js";
import { type Ask, AskBook, answersMax, type Replier } from "./ask-book.js";
import type { CellRecord } from "../cells/cells.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Effect } from "../effects.js";
import { type Span, spanCount } from "../groups/ledger.js";
import { TimeOuts } from "./time-outs.js";

export type { Replier } from "./ask-book.js";

/** What asks need of the transmitter around them. */
export interface AsksParts {
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly cellOf: (id: Thid) => CellRecord | undefined;
  readonly effects: () => Effect[];
}

/** Requests under way, and who is to be told what. @see PROTOCOL.md §12 */
export class Asks {
  private readonly book = new AskBook();
  private readonly timeOuts: TimeOuts<Ask>;
  private readonly parts: AsksParts;
  private readonly answers: Answers;

  constructor(parts: AsksParts) {
    this.parts = parts;
    this.answers = new Answers(parts.effects);
    this.timeOuts = new TimeOuts(parts.deadlines, (ask) => this.timeOut(ask));
  }

  get count(): number {
    return this.book.count;
  }

  /** Whether somebody here still waits for the answer to this event. */
  isOpen(sender: Thid, seq: number): boolean {
    return this.book.find(sender, seq) !== undefined;
  }

  /** Tells the askers what the turn has brought. */
  flush(): void {
    this.answers.flush();
  }

  /**
   * Takes a request; it ends by an answer or by its time-out. Tells whether it was taken: at once
   * it is answered `BUSY` where its cell waits for as many answers as it may.
   */
  open(asker: CellRecord, run: Run, index: number, { nowMs, ref }: Opening): boolean {
    const { sender } = run.header;
    const seq = run.seqAt(index);
    const terms = run.extrasAt(index)?.ask as AskTerms;
    const dueMs = this.timeOuts.dueMs(nowMs, terms.timeoutMs);
    const expected = terms.gather === true ? new Map<Thid, Replier>() : undefined;
    const awaited = new Set<Thid>();
    const ask = { asker: asker.id, sender, seq, ref, terms, dueMs, expected, awaited };
    this.parts.counters.add("asks");
    if (this.book.isFull(asker.id)) {
      this.parts.counters.add("asksRefused");
      const message = `a cell waits for ${answersMax} answers at most`;
      this.reply(ask, "error", { code: "BUSY", message });
      return false;
    }
    this.book.add(ask);
    this.timeOuts.add(ask);
    return true;
  }

  private timeOut(ask: Ask): void {
    this.parts.counters.add("asksTimedOut");
    this.error(ask, "TIMEOUT", `no answer within ${ask.terms.timeoutMs} ms`);
  }

  /** The request has ended, one way or another. */
  private close(ask: Ask): void {
    this.book.delete(ask);
    this.timeOuts.delete(ask);
  }

  /** Nobody will be asked. */
  unheard(sender: Thid, seq: number): void {
    const ask = this.book.find(sender, seq);
    if (ask !== undefined) this.error(ask, "NO_LISTENER", "nobody catches this channel");
  }

  /** Answers a request by value, at once: a system request. */
  answer(sender: Thid, seq: number, body: Body, from: Replier): void {
    const ask = this.book.find(sender, seq);
    if (ask === undefined) return;
    this.close(ask);
    this.reply(ask, "result", { from }, body);
  }

  /** Answers a request by an error. */
  refuse(sender: Thid, seq: number, code: ErrorCode, message: string): void {
    const ask = this.book.find(sender, seq);
    if (ask !== undefined) this.error(ask, code, message);
  }

  /** A group has acked these deliveries: the first result answers. */
  acked(span: Span, cell: Replier, result: Body | undefined): void {
    const { run, firstNumber } = span.lot;
    for (let index = span.from - firstNumber; index < span.to - firstNumber; index++) {
      const ask = this.of(run, index);
      if (ask === undefined) {
        if (run.extrasAt(index)?.ask !== undefined) this.parts.counters.add("repliesSurplus");
        continue;
      }
      this.close(ask);
      const from = { id: cell.id, service: cell.service };
      this.reply(ask, result === undefined ? "end" : "result", { from }, result);
    }
  }

  /**
   * A handler has failed. Tells whether that settles the event: for a request it does, unless the
   * asker said `retry`.
   */
  failed(span: Span, cell: Replier, failure: Failure): boolean {
    const { run, firstNumber } = span.lot;
    const terms = run.extrasAt(span.from - firstNumber)?.ask;
    if (terms === undefined) return false;
    if (terms.retry === true && failure.code === "HANDLER_FAILED") return false;
    const ask = this.of(run, span.from - firstNumber);
    const from = { id: cell.id, service: cell.service };
    if (ask !== undefined) this.error(ask, failure.code, failure.reason, { from });
    return true;
  }

  /** A request became a dead letter. */
  dead(span: Span, reason: string): void {
    if (span.lot.run.extras === undefined) return;
    for (let at = 0; at < spanCount(span); at++) {
      const ask = this.of(span.lot.run, span.from - span.lot.firstNumber + at);
      if (ask !== undefined) this.error(ask, "HANDLER_FAILED", reason);
    }
  }

  /** One part of a streamed reply, of a delivery that is current. */
  part(span: Span, index: number, body: Body, cell: Replier): void {
    const ask = this.of(span.lot.run, span.from - span.lot.firstNumber);
    if (ask === undefined) return;
    const from = { id: cell.id, service: cell.service };
    this.reply(ask, "part", { from, attempt: span.attempt, index }, body);
  }

  /**
   * Tells the asker of a gather whom it may expect, when these transmitters have said which of
   * their cells it reached.
   */
  expect(sender: Thid, seq: number, cells: Iterable<Replier>, sites: readonly Thid[]): void {
    const ask = this.book.find(sender, seq);
    if (ask?.expected === undefined) return;
    for (const cell of cells) this.book.expect(ask, cell);
    for (const site of sites) ask.awaited.add(site);
    this.tellExpected(ask);
  }

  /** A transmitter says which of its cells a gather reached. */
  expectAt(site: Thid, { sender, seq, cells, more }: Reached): void {
    const ask = this.book.find(sender, seq);
    if (ask?.expected === undefined || !ask.awaited.has(site)) return;
    for (const cell of cells) this.book.expect(ask, cell);
    if (more) return;
    ask.awaited.delete(site);
    this.tellExpected(ask);
  }

  /** A transmitter is gone, or its link has begun anew: whom it reached nobody will say. */
  siteLost(site: Thid): void {
    for (const ask of [...this.book.all]) {
      if (ask.awaited.delete(site)) this.tellExpected(ask);
    }
  }

  private tellExpected(ask: Ask): void {
    if (ask.expected === undefined || ask.awaited.size > 0) return;
    for (const cells of partsOf([...ask.expected.values()])) this.reply(ask, "expect", { cells });
    this.endGather(ask);
  }

  /** A cell's reply to a gather; its second one is only counted. */
  gathered(to: Thid, seq: number, cell: Replier, reply: GatherReply): void {
    const ask = this.book.find(to, seq);
    if (ask === undefined || !this.book.unexpect(ask, cell.id)) {
      this.parts.counters.add("repliesSurplus");
      return;
    }
    const from = { id: cell.id, service: cell.service };
    if (reply.body !== undefined) this.reply(ask, "result", { from }, reply.body);
    else this.reply(ask, "error", { from, code: reply.code, message: reply.message });
    this.endGather(ask);
  }

  /** A cell is gone: nobody waits for it, and it waits for nobody. */
  left(cell: CellRecord): void {
    for (const ask of this.book.asksOf(cell.id)) this.close(ask);
    for (const ask of this.book.expectedOf(cell.id)) this.goneFrom(ask, cell);
  }

  /** A cell of another transmitter that a gather reached is gone. */
  gone(sender: Thid, seq: number, cell: Replier): void {
    const ask = this.book.find(sender, seq);
    if (ask !== undefined) this.goneFrom(ask, cell);
  }

  private goneFrom(ask: Ask, { id, service }: Replier): void {
    if (!this.book.unexpect(ask, id)) return;
    this.reply(ask, "gone", { cells: [{ id, service }] });
    this.endGather(ask);
  }

  private endGather(ask: Ask): void {
    if (ask.expected === undefined || ask.expected.size > 0 || ask.awaited.size > 0) return;
    this.close(ask);
    this.reply(ask, "end", {});
  }

  private of(run: Run, index: number): Ask | undefined {
    return this.book.find(run.header.sender, run.seqAt(index));
  }

  private error(ask: Ask, code: ErrorCode, message: string, more: object = {}): void {
    this.close(ask);
    this.reply(ask, "error", { code, message, ...more });
  }

  private reply(ask: Ask, state: string, fields: object, body?: Body): void {
    const cell = this.parts.cellOf(ask.asker);
    if (cell === undefined) return;
    const map: Record<string, unknown> = { seq: ask.seq };
    if (ask.ref !== undefined) map["ref"] = ask.ref;
    map["state"] = state;
    Object.assign(map, fields);
    if (body !== undefined) Object.assign(map, bodyFields(cell, body));
    this.answers.add(cell, map, body?.bytes.length ?? 0);
  }
}

/** What a request comes with. */
export interface Opening {
  readonly nowMs: number;
  readonly ref?: Ref | undefined;
}

/** What a gather reached at another transmitter. */
export interface Reached {
  readonly sender: Thid;
  readonly seq: number;
  readonly cells: readonly Replier[];
  /** Whether it says more of them. */
  readonly more: boolean;
}

/** How a handler failed. */
export interface Failure {
  readonly code: "HANDLER_FAILED" | "REJECTED";
  readonly reason: string;
}

/** A reply to a gather: a body, or how the handler failed. */
export type GatherReply =
  | { readonly body: Body }
  | { readonly body?: undefined; readonly code: string; readonly message: string };

function bodyFields(cell: CellRecord, { tag, bytes }: Body): object {
  if (cell.encoding === "M") return { body: [tag, bytes] };
  try {
    return bodyToJson(tag, bytes);
  } catch (thrown) {
    return { state: "error", code: "BAD_PAYLOAD", message: toMeshError(thrown).message };
  }
}
