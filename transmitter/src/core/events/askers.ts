import { RangeSet, type SeqRange, type Thid } from "@thynapse/protocol";

/** Who is told that events are not settled yet. */
export interface Asking {
  readonly peer: Thid;
  readonly session: number;
  readonly ranges: readonly SeqRange[];
}

/** Events of one group that another transmitter asked about. */
interface Asker {
  readonly group: number;
  readonly peer: Thid;
  /** The attachment of the sender there; that of a successor is none. */
  session: number;
  readonly seqs: RangeSet;
}

/**
 * Transmitters to which a sender has repeated what is not settled here: they wait to hear of it.
 *
 * @see PROTOCOL.md §18.7
 */
export class Askers {
  private all: Asker[] = [];

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** Notes that a transmitter was told that events are not settled yet. */
  add(group: number, { peer, session, ranges }: Asking): void {
    if (ranges.length === 0) return;
    let asker = this.all.find((it) => it.group === group && it.peer === peer);
    if (asker === undefined) {
      asker = { group, peer, session, seqs: new RangeSet() };
      this.all.push(asker);
    }
    asker.session = Math.max(asker.session, session);
    for (const { first, last } of ranges) asker.seqs.add(first, last);
  }

  /** Those that were told of this event, and in which attachment they asked. */
  toldOf(group: number, seq: number): readonly Pick<Asker, "peer" | "session">[] {
    return this.all.filter((it) => it.group === group && it.seqs.has(seq));
  }

  /** These are settled now: who waits for which of them. Each hears of one once. */
  take(group: number, ranges: readonly SeqRange[]): (readonly [peer: Thid, SeqRange[]])[] {
    const told = this.all
      .filter((it) => it.group === group)
      .map(({ peer, seqs }) => [peer, ranges.flatMap((range) => takeOut(seqs, range))] as const);
    this.all = this.all.filter(({ seqs }) => seqs.rangeCount > 0);
    return told.filter(([, settled]) => settled.length > 0);
  }
}

/** Takes out of a set what it has of a range. */
function takeOut(seqs: RangeSet, { sender, first, last }: SeqRange): SeqRange[] {
  const taken = seqs.within(first, last);
  seqs.remove(first, last);
  return taken.map(([low, high]) => ({ sender, first: low, last: high }));
}
