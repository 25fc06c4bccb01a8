import type { Run, Thid } from "@thynapse/protocol";
import type { Deadlines } from "../deadlines.js";
import { type Span, spanCount } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import type { Stream } from "../streams/streams.js";

/** What traces need of the transmitter around them. */
export interface TracesParts {
  readonly by: Thid;
  readonly deadlines: Deadlines;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  /** Sends a system event to whoever catches it. */
  readonly tell: (channel: string, data: Record<string, unknown>, nowMs: number) => void;
}

/** The header of an event that asks for it: its value is the last segment of the channel. */
const header = "thynapse-trace";
const tokenGrammar = /^[A-Za-z0-9_:@-]{1,64}$/;

/**
 * Tells, of events that ask for it by a header, where they come by: `$mesh.trace.<value>`.
 *
 * Whoever does not ask pays for one comparison. What is told goes out in the next turn, so that
 * nothing is sent in the midst of something else.
 *
 * @see PROTOCOL.md §13
 */
export class Traces {
  private readonly parts: TracesParts;

  constructor(parts: TracesParts) {
    this.parts = parts;
  }

  /** A run of a cell was taken: this transmitter is the origin. */
  accepted(run: Run): void {
    if (run.extras === undefined) return;
    for (let at = 0; at < run.count; at++) this.note(run, at, "accepted", {});
  }

  /** A run went out to a stream. */
  published(run: Run, { pattern, encoding, listeners }: Stream): void {
    if (run.extras === undefined) return;
    const fields = { pattern: pattern.text, encoding, cells: listeners.size };
    for (let at = 0; at < run.count; at++) this.note(run, at, "published", fields);
  }

  /** Deliveries went out to a cell. */
  delivered(span: Span, member: Member): void {
    if (span.lot.run.extras !== undefined) this.noteSpan(span, "delivered", member, {});
  }

  /** A cell has settled deliveries. */
  settled(span: Span, member: Member, outcome: string): void {
    if (span.lot.run.extras !== undefined) this.noteSpan(span, "settled", member, { outcome });
  }

  private noteSpan(span: Span, hop: string, { cell, group }: Member, more: object): void {
    const { run, firstNumber } = span.lot;
    const { attempt, repeat } = span;
    const pattern = group.pattern.text;
    const fields = { pattern, cell: cell.id, service: cell.service, attempt, repeat, ...more };
    for (let at = 0; at < spanCount(span); at++) {
      this.note(run, span.from - firstNumber + at, hop, fields);
    }
  }

  private note(run: Run, index: number, hop: string, fields: object): void {
    const headers = run.extrasAt(index)?.headers;
    const token = headers !== undefined && Object.hasOwn(headers, header) ? headers[header] : "";
    if (token === undefined || !tokenGrammar.test(token)) return;
    const { by, deadlines, wallMs, tell } = this.parts;
    const data = { by, hop, seq: run.seqAt(index), atMs: wallMs(), ...fields };
    deadlines.at(this.parts.nowMs(), (nowMs) => tell(`$mesh.trace.${token}`, data, nowMs));
  }
}
