import { type Encoding, type ErrorCode, RangeSet, type Ref } from "@thynapse/protocol";
import { writeReply } from "../cells/reply.js";

/** Where the fate of an accepted run is told. */
export interface ConfirmSink {
  accepted(first: number, last: number, matched: number, repeat: boolean): void;
  handled(first: number, last: number): void;
  refused(first: number, last: number, code: ErrorCode, message: string): void;
  /** The event is a request: its answer tells the sender enough, its confirms may come later. */
  quiet?(seq: number): void;
}

type Accepted = [first: number, last: number, matched: number, repeat: boolean];
type Span = [first: number, last: number];
type Refused = [first: number, last: number, code: ErrorCode, message: string];

/** What one turn has gathered, or a part of it. */
interface Gathered {
  readonly accepted: Accepted[];
  readonly handled: Span[];
  readonly refused: Refused[];
  readonly settled: Span[];
}

/**
 * Ranges in one command: half of `payloadBytesMax` where each of them names the longest reason that
 * there is.
 */
const rangesMax = 512;

/**
 * What one cell is still to be told of its events and settlements: gathered for a turn, then one
 * command in `M`, or one for each event in `J`.
 *
 * @see PROTOCOL.md §5.5, CNFM
 */
export class Confirms implements ConfirmSink {
  private gathered = nothing();
  /** By number; below zero those of events that this transmitter numbers. */
  private readonly refs = new Map<number, Ref>();
  private readonly encoding: Encoding;
  /** Requests whose confirms nobody waits for. */
  private readonly quietSeqs = new RangeSet();
  private readonly wake: (isUrgent: boolean) => void;

  /**
   * @param wake called when something to tell is gathered, for the end of this turn or, if not
   * urgent, a later one.
   */
  constructor(encoding: Encoding, wake: (isUrgent: boolean) => void) {
    this.encoding = encoding;
    this.wake = wake;
  }

  /** Remembers the reference of an event in `J`, until it is handled or refused. */
  remember(seq: number, ref: Ref): void {
    this.refs.set(seq, ref);
  }

  /**
   * Where the fate of one event is told that this transmitter numbers for the cell, in `J`. It is
   * kept under `-seq`, as the cell may have given that number itself.
   *
   * @see PROTOCOL.md §7.6
   */
  unnumbered(seq: number, ref: Ref | undefined): ConfirmSink {
    if (ref !== undefined) this.remember(-seq, ref);
    return {
      accepted: (_first, _last, matched, repeat) => this.accepted(-seq, -seq, matched, repeat),
      handled: () => this.handled(-seq, -seq),
      refused: (_first, _last, code, message) => this.refused(-seq, -seq, code, message),
    };
  }

  quiet(seq: number): void {
    if (this.encoding === "M") this.quietSeqs.add(seq);
  }

  accepted(first: number, last: number, matched: number, repeat: boolean): void {
    const { accepted } = this.gathered;
    const latest = accepted[accepted.length - 1];
    if (latest?.[1] === first - 1 && latest[2] === matched && latest[3] === repeat) {
      latest[1] = last;
      this.wake(first !== last || !this.quietSeqs.has(first));
      return;
    }
    this.wake(first !== last || !this.quietSeqs.has(first));
    accepted.push([first, last, matched, repeat]);
  }

  handled(first: number, last: number): void {
    this.wake(first !== last || !this.quietSeqs.has(first));
    this.quietSeqs.remove(first, last);
    extend(this.gathered.handled, first, last);
  }

  refused(first: number, last: number, code: ErrorCode, message: string): void {
    this.wake(true);
    this.quietSeqs.remove(first, last);
    const { refused } = this.gathered;
    const latest = refused[refused.length - 1];
    if (latest?.[1] === first - 1 && latest[2] === code && latest[3] === message) latest[1] = last;
    else refused.push([first, last, code, message]);
  }

  settled(ref: number): void {
    // Nobody waits for it: it only lets the cell forget.
    this.wake(this.encoding === "J");
    extend(this.gathered.settled, ref, ref);
  }

  /** The commands that tell all that was gathered, which is forgotten whatever becomes of it. */
  flush(): Buffer[] {
    const { gathered } = this;
    this.gathered = nothing();
    return this.encoding === "M" ? packed(gathered) : this.json(gathered);
  }

  private json({ accepted, handled, refused, settled }: Gathered): Buffer[] {
    const parts: Buffer[] = [];
    const tell = (seq: number, fields: object, last: boolean): void => {
      const ref = this.refs.get(seq);
      if (last) this.refs.delete(seq);
      const map = { seq: Math.abs(seq), ...(ref !== undefined && { ref }), ...fields };
      parts.push(writeReply("J", "CNFM", map));
    };
    for (const [first, last, matched, repeat] of accepted) {
      const fields = { state: "accepted", matched, ...(repeat && { repeat }) };
      for (let seq = first; seq <= last; seq++) tell(seq, fields, false);
    }
    for (const [first, last, code, message] of refused) {
      for (let seq = first; seq <= last; seq++)
        tell(seq, { state: "refused", code, message }, true);
    }
    for (const [first, last] of handled) {
      for (let seq = first; seq <= last; seq++) tell(seq, { state: "handled" }, true);
    }
    for (const [first, last] of settled) {
      for (let ref = first; ref <= last; ref++)
        parts.push(writeReply("J", "CNFM", { settled: ref }));
    }
    return parts;
  }
}

function nothing(): Gathered {
  return { accepted: [], handled: [], refused: [], settled: [] };
}

/**
 * One command, or several where there is much to tell: first all that is accepted, so that nothing
 * is said to be handled before that.
 */
function packed(gathered: Gathered): Buffer[] {
  const parts: Buffer[] = [];
  let map: Record<string, unknown> = {};
  let room = rangesMax;
  const close = (): void => {
    if (room < rangesMax) parts.push(writeReply("M", "CNFM", map));
    map = {};
    room = rangesMax;
  };
  for (const [kind, ranges] of Object.entries(gathered) as [string, unknown[]][]) {
    for (let at = 0; at < ranges.length; ) {
      const piece = ranges.slice(at, at + room);
      map[kind] = piece;
      at += piece.length;
      room -= piece.length;
      if (room === 0) close();
    }
  }
  close();
  return parts;
}

/** Adds a range to a list, joined to the latest one where it follows it. */
function extend(ranges: Span[], first: number, last: number): void {
  const latest = ranges[ranges.length - 1];
  if (latest !== undefined && latest[1] === first - 1) latest[1] = last;
  else ranges.push([first, last]);
}

/** Calls `done` when `count` events are handled or refused. */
export function whenHandled(count: number, done: () => void): ConfirmSink {
  let open = count;
  const less = (first: number, last: number): void => {
    open -= last - first + 1;
    if (open === 0) done();
  };
  return { accepted: () => {}, handled: less, refused: less };
}
