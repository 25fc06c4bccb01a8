import type { ErrorCode, Run } from "@thynapse/protocol";
import type { Askers } from "./askers.js";
import type { Group } from "../groups/group.js";
import type { ConfirmSink } from "./confirms.js";
import type { Sender } from "./senders.js";

/**
 * A run that was accepted: knows for each event how many groups have still to settle it, and tells
 * sender and sink when none has.
 */
export class Entry {
  readonly run: Run;
  readonly sender: Sender;
  private readonly sink: ConfirmSink;
  /** Groups that have not settled, per event; `undefined` where each event has exactly one. */
  private waits: Uint16Array | undefined;
  /** Events that a full group refused: the sender is told that, and nothing else of them. */
  private refusedSeqs: Set<number> | undefined;
  /** The groups that were full, by the events that they refused. */
  private full: Map<number, Group[]> | undefined;
  private readonly onHandled: (count: number) => void;

  constructor(run: Run, parts: EntryParts) {
    this.run = run;
    this.sender = parts.sender;
    this.sink = parts.sink;
    this.onHandled = parts.onHandled;
  }

  /** Others that wait to hear what becomes of events of this sender; mostly nobody. */
  get askers(): Askers {
    return this.sender.askers;
  }

  /** Forgets events that the new home of the sender takes care of: nobody is told of them here. */
  forget(seqs: Iterable<number>): void {
    for (const seq of seqs) this.sender.cede(seq);
  }

  /** Says how many groups and links each event goes to, where that is not one for all. */
  expect(groupCounts: Uint16Array): void {
    this.waits = groupCounts;
  }

  /** A full group has not got this event, and others may have: its sender is told so. */
  missed(group: Group, seq: number, repeat: boolean): void {
    this.full ??= new Map();
    this.full.set(seq, [...this.fullFor(seq), group]);
    this.sender.miss(group.number, seq, repeat);
    const message = `the backlog of ${group.service} ${group.pattern.text} is full`;
    this.refused(seq, "GROUP_FULL", message);
  }

  /** The groups that were full for this event. */
  fullFor(seq: number): readonly Group[] {
    return this.full?.get(seq) ?? [];
  }

  refused(seq: number, code: ErrorCode, message: string): void {
    this.refusedSeqs ??= new Set();
    if (this.refusedSeqs.has(seq)) return;
    this.refusedSeqs.add(seq);
    this.sink.refused(seq, seq, code, message);
  }

  /** Says how much each event matched; call it when every group has said whether it has room. */
  accepted(first: number, last: number, matched: number): void {
    if (this.refusedSeqs === undefined) {
      this.sink.accepted(first, last, matched, false);
      return;
    }
    for (let seq = first; seq <= last; seq++) {
      if (!this.refusedSeqs.has(seq)) this.sink.accepted(seq, seq, matched, false);
    }
  }

  /** The event is a request: its confirms may come after its answer, unless it was refused. */
  quiet(seq: number): void {
    if (this.refusedSeqs?.has(seq) !== true) this.sink.quiet?.(seq);
  }

  /** The event was known already, by its idempotency key. */
  repeated(seq: number): void {
    this.sink.accepted(seq, seq, 0, true);
  }

  /**
   * One group is done with the events `from … to - 1` of `part`, which is this run or a slice of
   * it.
   */
  settled(part: Run, from: number, to: number): void {
    if (part.seqs === undefined && this.waits === undefined && this.refusedSeqs === undefined) {
      this.handled(part.seqAt(from), part.seqAt(to - 1));
      return;
    }
    for (let index = from; index < to; index++) {
      const seq = part.seqAt(index);
      if (this.waits !== undefined) {
        const at = this.run.indexOf(seq);
        this.waits[at] = (this.waits[at] as number) - 1;
        if (this.waits[at] !== 0) continue;
      }
      this.handled(seq, seq);
    }
  }

  /** What says, once, that an event is handled: it keeps nothing of the run. */
  later(seq: number): () => void {
    const { sender, sink, onHandled } = this;
    return () => {
      sender.finish(seq, seq);
      sink.handled(seq, seq);
      onHandled(1);
    };
  }

  /** All events `first … last` are handled. */
  handled(first: number, last: number): void {
    this.sender.finish(first, last);
    if (this.refusedSeqs?.has(first) === true) return;
    this.sink.handled(first, last);
    this.onHandled(last - first + 1);
  }
}

/** What an entry is made of. */
export interface EntryParts {
  readonly sender: Sender;
  readonly sink: ConfirmSink;
  readonly onHandled: (count: number) => void;
}
