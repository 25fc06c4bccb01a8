import { type MeshError, RangeSet } from "@thynapse/protocol";

/** Which confirm somebody waits for. */
export type ConfirmStage = "accepted" | "handled";

/** What an accepted event is answered with. */
export interface Acceptance {
  readonly seq: number;
  readonly matched: number;
  readonly repeat: boolean;
  /** The run that the event was sent in, as a part; `undefined` once it is no longer kept. */
  readonly part: Buffer | undefined;
  readonly index: number;
}

/** Who waits for the confirm of one event. */
export interface ConfirmWatcher {
  readonly until: ConfirmStage;
  confirmed(acceptance: Acceptance): void;
  refused(error: MeshError): void;
}

/** Where a sent event lies: in a run, or among those that wait for room. */
export interface Destination {
  /** Calls the watcher once, now or later. */
  watch(index: number, watcher: ConfirmWatcher): void;
  unwatch(watcher: ConfirmWatcher): void;
  /** The sequence number; 0 while there is none. */
  seqAt(index: number): number;
}

interface AcceptedRange {
  readonly first: number;
  readonly last: number;
  readonly matched: number;
  readonly repeat: boolean;
}

interface RefusedRange {
  readonly first: number;
  readonly last: number;
  readonly error: MeshError;
}

interface Watch {
  readonly seq: number;
  readonly watcher: ConfirmWatcher;
}

/**
 * One run of this cell: its bytes for as long as they may be sent again, and what is known of each
 * of its events.
 *
 * What is known stays readable after the bytes are gone, because a receipt may be asked for at any
 * time.
 */
export class RunRecord implements Destination {
  readonly first: number;
  /** Events in the run; grows while the run is open. */
  count = 0;
  /** The command with the run; `undefined` while it is open, and after it was dropped. */
  part: Buffer | undefined;
  /** The bytes of `part`, also after it was dropped. */
  bytes = 0;
  /** The attachment on which the run was sent last; 0 if it never was. */
  sentOn = 0;
  /** The attachment that there was when it was closed: the one that its header names. */
  closedOn = 0;
  /** Whether a part of it was refused as busy and is to be sent again. */
  again = false;
  /** No longer kept: never sent again. */
  dropped = false;
  /** Events that were sent on that attachment and not confirmed there. */
  unconfirmed = 0;
  private readonly confirmed = new RangeSet();
  private readonly answered = new RangeSet();
  private answeredEvents = 0;
  private readonly done = new RangeSet();
  private doneEvents = 0;
  /** How often it went out, but for what was refused as busy. */
  private sendings = 0;
  /** Not sent again once they are done: refused events, and repeats of others by their keys. */
  private readonly spent = new RangeSet();
  private readonly acceptances: AcceptedRange[] = [];
  private readonly refusals: RefusedRange[] = [];
  private readonly watches: Watch[] = [];
  private ended: MeshError | undefined;

  constructor(first: number) {
    this.first = first;
  }

  get last(): number {
    return this.first + this.count - 1;
  }

  /** Whether every event is handled or refused. */
  get isDone(): boolean {
    return this.doneEvents === this.count && this.part !== undefined;
  }

  /** Whether every event was accepted, handled or refused, on whatever attachment. */
  get isAnswered(): boolean {
    return this.answeredEvents === this.count && this.part !== undefined;
  }

  /** Numbers that need no handler any more; `undefined`: none. */
  get handledRanges(): RangeSet | undefined {
    return this.doneEvents === 0 ? undefined : this.done;
  }

  /**
   * Indexes of what is to be sent again; `undefined`: all of it. A duplicate that is handled went
   * nowhere: by another home, which does not know its key, it would come behind newer events.
   *
   * @see PROTOCOL.md §11.3, §11.5
   */
  get repeated(): readonly number[] | undefined {
    if (this.spent.rangeCount === 0) return undefined;
    const { spent, done, first } = this;
    const indexes = Array.from({ length: this.count }, (_, index) => index);
    return indexes.filter((at) => !spent.has(first + at) || !done.has(first + at));
  }

  seqAt(index: number): number {
    return this.first + index;
  }

  /** The run goes out on an attachment: what was confirmed on an earlier one counts no more. */
  sent(attachment: number): void {
    if (!this.again || attachment !== this.sentOn) this.sendings++;
    this.sentOn = attachment;
    this.again = false;
    this.unconfirmed = this.count;
    this.confirmed.clear();
  }

  /** An answer on the present attachment. @returns whether it was the last one due there. */
  confirm(first: number, last: number): boolean {
    if (this.unconfirmed === 0) return false;
    this.unconfirmed -= addNew(this.confirmed, first, last);
    return this.unconfirmed === 0;
  }

  accept(first: number, last: number, matched: number, repeat: boolean): void {
    if (!repeat) this.spent.remove(first, last);
    else if (this.sendings === 1) {
      for (const range of this.answered.missing(first, last)) this.spent.add(...range);
    }
    this.know(first, last, matched, repeat);
  }

  /** @returns how many events are done that were not before. */
  handle(first: number, last: number): number {
    // A transmitter that knows the event may say no more than that it was handled.
    for (const [from, to] of this.answered.missing(first, last)) this.know(from, to, 0, true);
    const news = addNew(this.done, first, last);
    this.doneEvents += news;
    this.tell(first, last, "handled");
    return news;
  }

  /**
   * @returns how many events are done that were not before, and whether someone was told for each.
   */
  refuse(first: number, last: number, error: MeshError): { news: number; heard: boolean } {
    for (const [from, to] of this.done.missing(first, last)) {
      this.refusals.push({ first: from, last: to, error });
      this.spent.add(from, to);
    }
    this.answer(first, last);
    const news = addNew(this.done, first, last);
    this.doneEvents += news;
    const told = this.take((watch) => watch.seq >= first && watch.seq <= last);
    for (const { watcher } of told) watcher.refused(error);
    return { news, heard: new Set(told.map((watch) => watch.seq)).size >= news };
  }

  /** Nothing more will be heard: whoever waits is told so. */
  end(error: MeshError): void {
    this.ended = error;
    for (const { watcher } of this.take(() => true)) watcher.refused(error);
  }

  watch(index: number, watcher: ConfirmWatcher): void {
    const seq = this.first + index;
    const refusal = this.refusals.find((range) => range.first <= seq && range.last >= seq);
    if (refusal !== undefined) watcher.refused(refusal.error);
    else if ((watcher.until === "handled" ? this.done : this.answered).has(seq)) {
      watcher.confirmed(this.acceptanceOf(seq));
    } else if (this.ended !== undefined) watcher.refused(this.ended);
    else this.watches.push({ seq, watcher });
  }

  unwatch(watcher: ConfirmWatcher): void {
    const at = this.watches.findIndex((watch) => watch.watcher === watcher);
    if (at >= 0) this.watches.splice(at, 1);
  }

  private know(first: number, last: number, matched: number, repeat: boolean): void {
    for (const [from, to] of this.answered.missing(first, last)) {
      this.acceptances.push({ first: from, last: to, matched, repeat });
    }
    this.answer(first, last);
    this.tell(first, last, "accepted");
  }

  private tell(first: number, last: number, until: ConfirmStage): void {
    if (this.watches.length === 0) return;
    const told = this.take(
      (watch) => watch.seq >= first && watch.seq <= last && watch.watcher.until === until,
    );
    for (const { seq, watcher } of told) watcher.confirmed(this.acceptanceOf(seq));
  }

  private take(isMeant: (watch: Watch) => boolean): Watch[] {
    const { watches } = this;
    const taken: Watch[] = [];
    let left = 0;
    for (const watch of watches) {
      if (isMeant(watch)) taken.push(watch);
      else watches[left++] = watch;
    }
    watches.length = left;
    return taken;
  }

  private answer(first: number, last: number): void {
    this.answeredEvents += addNew(this.answered, first, last);
  }

  private acceptanceOf(seq: number): Acceptance {
    const range = this.acceptances.find(({ first, last }) => first <= seq && last >= seq);
    const { matched = 0, repeat = false } = range ?? {};
    return { seq, matched, repeat, part: this.part, index: seq - this.first };
  }
}

/** Adds a range to a set. @returns how many integers were new. */
function addNew(set: RangeSet, first: number, last: number): number {
  let news = 0;
  for (const [from, to] of set.missing(first, last)) news += to - from + 1;
  if (news > 0) set.add(first, last);
  return news;
}
