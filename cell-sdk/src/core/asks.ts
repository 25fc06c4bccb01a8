import { decodeBody, type FieldMap, MeshError, ownField } from "@thynapse/protocol";
import type { EventSource } from "./caught-event.js";
import type { ConfirmWatcher, Destination } from "./run-record.js";
import { readError, readSource } from "./wire.js";

/** Who waits for the answer to an ask. After `ended` or `failed` nothing more is told. */
export interface AskWatcher {
  /** A result: the only one, or of a gather that of one cell. */
  result(data: unknown, from: EventSource | undefined): void;
  part(data: unknown): void;
  /** Another attempt began: the parts come again from the first. */
  restarted(): void;
  /** The cells that a gather asked. */
  expected(cells: readonly EventSource[]): void;
  /** A cell that was asked has left. */
  gone(cell: EventSource): void;
  /** The handler of one cell of a gather failed. */
  cellFailed(error: MeshError, from: EventSource): void;
  /** All of the answer has come; without a `result` before, there is none. */
  ended(): void;
  failed(error: MeshError): void;
}

/** Hears nothing of an answer. */
export class DeafWatcher implements AskWatcher {
  result(_data: unknown, _from: EventSource | undefined): void {}
  part(_data: unknown): void {}
  restarted(): void {}
  expected(_cells: readonly EventSource[]): void {}
  gone(_cell: EventSource): void {}
  cellFailed(_error: MeshError, _from: EventSource): void {}
  ended(): void {}
  failed(_error: MeshError): void {}
}

/** How an ask is answered. */
export interface AskTermsKept {
  readonly timeoutMs: number;
  readonly gather: boolean;
  readonly parts: boolean;
  /** Whether to go on when another attempt begins. */
  readonly restart: boolean;
  /** Called when the wait has ended, in whatever way. */
  readonly onEnd?: (() => void) | undefined;
}

/** Where the event of an ask lies. */
interface Asked {
  readonly destination: Destination;
  readonly index: number;
}

/** An ask that is not answered yet. It waits for the confirm too: a refusal ends it. */
export class PendingAsk implements ConfirmWatcher {
  readonly until = "accepted";
  readonly destination: Destination;
  readonly index: number;
  readonly terms: AskTermsKept;
  readonly watcher: AskWatcher;
  readonly deadlineMs: number;
  attempt = 0;
  nextPart = 0;
  private readonly asks: Asks;

  constructor(asks: Asks, sent: Asked, terms: AskTermsKept, watcher: AskWatcher, nowMs: number) {
    this.asks = asks;
    this.destination = sent.destination;
    this.index = sent.index;
    this.terms = terms;
    this.watcher = watcher;
    this.deadlineMs = nowMs + terms.timeoutMs;
  }

  confirmed(): void {}

  refused(error: MeshError): void {
    this.asks.fail(this, error);
  }
}

/** An event that asks; `extras` say so. */
export interface AskEvent {
  readonly channel: string;
  readonly data: unknown;
  readonly extras: Uint8Array | undefined;
}

/**
 * Asks that wait for their answers. Each ends: by a result, by an error, by its time-out, or with
 * the cell.
 *
 * @see PROTOCOL.md §12
 */
export class Asks {
  private readonly bySeq = new Map<number, PendingAsk>();
  /** Asks whose events wait for room in the outbox; the first of them get their numbers first. */
  private readonly unnumbered = new Set<PendingAsk>();
  /** No ask ends before it. */
  private earliestMs = Number.POSITIVE_INFINITY;

  get count(): number {
    return this.bySeq.size + this.unnumbered.size;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.earliestMs;
  }

  /** Begins to wait for the answer to an event. */
  add(sent: Asked, terms: AskTermsKept, watcher: AskWatcher, nowMs: number): PendingAsk {
    const ask = new PendingAsk(this, sent, terms, watcher, nowMs);
    this.earliestMs = Math.min(this.earliestMs, ask.deadlineMs);
    this.note(ask);
    sent.destination.watch(sent.index, ask);
    return ask;
  }

  /** Stops waiting: nothing more is told. */
  forget(ask: PendingAsk): void {
    ask.terms.onEnd?.();
    ask.destination.unwatch(ask);
    this.bySeq.delete(ask.destination.seqAt(ask.index));
    this.unnumbered.delete(ask);
  }

  /** Ends an ask by an error. */
  fail(ask: PendingAsk, error: MeshError): void {
    this.forget(ask);
    ask.watcher.failed(error);
  }

  /** `ANSR` */
  answer(map: FieldMap): void {
    const ask = this.find(ownField(map, "seq"));
    if (ask === undefined) return;
    switch (ownField(map, "state")) {
      case "result":
        this.result(ask, map);
        break;
      case "part":
        this.part(ask, map);
        break;
      case "error":
        this.error(ask, map);
        break;
      case "expect":
        ask.watcher.expected(sources(map));
        break;
      case "gone":
        for (const cell of sources(map)) ask.watcher.gone(cell);
        break;
      case "end":
        this.forget(ask);
        ask.watcher.ended();
        break;
      default:
    }
  }

  tick(nowMs: number): void {
    if (nowMs < this.earliestMs) return;
    this.earliestMs = Number.POSITIVE_INFINITY;
    for (const ask of [...this.bySeq.values(), ...this.unnumbered]) {
      if (ask.deadlineMs <= nowMs) this.timeOut(ask);
      else this.earliestMs = Math.min(this.earliestMs, ask.deadlineMs);
    }
  }

  /** Fails all of them. */
  end(error: MeshError): void {
    for (const ask of [...this.bySeq.values(), ...this.unnumbered]) this.fail(ask, error);
  }

  private note(ask: PendingAsk): void {
    const seq = ask.destination.seqAt(ask.index);
    if (seq === 0) this.unnumbered.add(ask);
    else this.bySeq.set(seq, ask);
  }

  private find(seq: unknown): PendingAsk | undefined {
    if (typeof seq !== "number") return undefined;
    for (const ask of this.unnumbered) {
      if (ask.destination.seqAt(ask.index) === 0) break;
      this.unnumbered.delete(ask);
      this.note(ask);
    }
    return this.bySeq.get(seq);
  }

  private result(ask: PendingAsk, map: FieldMap): void {
    const { watcher, terms } = ask;
    const from = ownField(map, "from");
    const source = from === undefined ? undefined : readSource(from);
    if (!terms.gather) this.forget(ask);
    try {
      watcher.result(bodyOf(map), source);
    } catch (thrown) {
      this.badBody(ask, thrown, source);
      return;
    }
    if (!terms.gather) watcher.ended();
  }

  private part(ask: PendingAsk, map: FieldMap): void {
    const { attempt, index } = { attempt: ownField(map, "attempt"), index: ownField(map, "index") };
    if (!ask.terms.parts || typeof attempt !== "number" || typeof index !== "number") return;
    if (ask.attempt !== 0 && attempt > ask.attempt && ask.nextPart > 0) {
      if (!ask.terms.restart) {
        this.fail(ask, new MeshError("RESTARTED", `the answer began again, attempt ${attempt}`));
        return;
      }
      ask.nextPart = 0;
      ask.watcher.restarted();
    }
    ask.attempt = Math.max(ask.attempt, attempt);
    if (attempt < ask.attempt || index !== ask.nextPart) return;
    ask.nextPart++;
    try {
      ask.watcher.part(bodyOf(map));
    } catch (thrown) {
      this.badBody(ask, thrown, undefined);
    }
  }

  private error(ask: PendingAsk, map: FieldMap): void {
    const error = readError(map);
    const from = ownField(map, "from");
    if (ask.terms.gather && from !== undefined) ask.watcher.cellFailed(error, readSource(from));
    else if (ask.terms.gather && error.code === "TIMEOUT") this.timeOut(ask);
    else this.fail(ask, error);
  }

  private badBody(ask: PendingAsk, thrown: unknown, from: EventSource | undefined): void {
    if (!(thrown instanceof MeshError)) throw thrown;
    if (ask.terms.gather && from !== undefined) ask.watcher.cellFailed(thrown, from);
    else this.fail(ask, thrown);
  }

  /** A gather that runs out of time has ended: it knows who is missing. */
  private timeOut(ask: PendingAsk): void {
    if (!ask.terms.gather) {
      const { timeoutMs } = ask.terms;
      this.fail(ask, new MeshError("TIMEOUT", `no answer within ${timeoutMs} ms`));
      return;
    }
    this.forget(ask);
    ask.watcher.ended();
  }
}

function sources(map: FieldMap): EventSource[] {
  const cells = ownField(map, "cells");
  return Array.isArray(cells) ? cells.map(readSource) : [];
}

/** @throws {MeshError} as `decodeBody`. */
function bodyOf(map: FieldMap): unknown {
  const body = ownField(map, "body");
  if (!Array.isArray(body) || !(body[1] instanceof Uint8Array)) return undefined;
  return decodeBody(Number(body[0]), body[1]);
}
