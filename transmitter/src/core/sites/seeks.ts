import { RangeSet, type Run, type SeqRange, type Thid } from "@thynapse/protocol";
import type { Group } from "../groups/group.js";

/** What a sender repeats, all of one sender. */
export interface Repeated {
  readonly session: number;
  readonly ranges: readonly SeqRange[];
}

interface Collected {
  readonly session: number;
  readonly seqs: RangeSet;
}

/**
 * What senders repeat in one turn: all others are asked once for all of it, not once for each run,
 * since a sender repeats what it keeps in thousands of runs.
 */
export class Seeks {
  private readonly groups = new Map<Group, Map<Thid, Collected>>();

  /** @returns whether these are the first of their sender in this turn. */
  add(group: Group, session: number, ranges: readonly SeqRange[]): boolean {
    const isFirst = this.groups.get(group)?.has(ranges[0]?.sender ?? "") !== true;
    const senders = this.groups.get(group) ?? new Map<Thid, Collected>();
    this.groups.set(group, senders);
    for (const { sender, first, last } of ranges) {
      const known = senders.get(sender);
      const collected = known?.session === session ? known : { session, seqs: new RangeSet() };
      senders.set(sender, collected);
      collected.seqs.add(first, last);
    }
    return isFirst;
  }

  /** Takes all that was collected. */
  *take(): Generator<readonly [Group, Repeated]> {
    for (const [group, senders] of this.groups) {
      for (const [sender, { session, seqs }] of senders) {
        const ranges = seqs.ranges().map(([first, last]) => ({ sender, first, last }));
        yield [group, { session, ranges }];
      }
    }
    this.groups.clear();
  }
}

/** The numbers of a run, as ranges. */
export function rangesOfRun(run: Run): SeqRange[] {
  const { sender, first } = run.header;
  if (run.seqs === undefined) return [{ sender, first, last: run.last }];
  return Array.from(run.seqs, (seq) => ({ sender, first: seq, last: seq }));
}
