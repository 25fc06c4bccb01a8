import { RangeSet, type Run, type SeqRange, type Thid } from "@thynapse/protocol";
import { rangesOf } from "../events/numbers.js";
import type { Group } from "../groups/group.js";

/** What a sender repeats, all of one sender. */
export interface Repeated {
  /** Its attachment here. */
  readonly session: number;
  /** The attachment in which it sent them first, if that is known. */
  readonly since?: number;
  readonly ranges: readonly SeqRange[];
}

interface Collected {
  readonly sender: Thid;
  readonly session: number;
  readonly since: number;
  readonly seqs: RangeSet;
}

/**
 * What senders repeat in one turn: all others are asked once for all of it, not once for each run,
 * since a sender repeats what it keeps in thousands of runs.
 */
export class Seeks {
  private readonly groups = new Map<Group, Map<string, Collected>>();

  /**
   * Notes that a run is repeated by a sender in this attachment.
   *
   * @returns whether it makes one question more.
   */
  add(group: Group, { run, session }: { readonly run: Run; readonly session: number }): boolean {
    const { sender, session: since } = run.header;
    const all = this.groups.get(group) ?? new Map<string, Collected>();
    this.groups.set(group, all);
    const key = `${sender} ${session} ${since}`;
    const known = all.get(key);
    const collected = known ?? { sender, session, since, seqs: new RangeSet() };
    if (known === undefined) all.set(key, collected);
    for (const { first, last } of rangesOfRun(run)) collected.seqs.add(first, last);
    return known === undefined;
  }

  /** Takes all that was collected. */
  take(): (readonly [Group, Repeated])[] {
    const taken = [...this.groups].flatMap(([group, all]) => {
      return [...all.values()].map(({ sender, session, since, seqs }) => {
        return [group, { session, since, ranges: rangesOf([[sender, seqs]]) }] as const;
      });
    });
    this.groups.clear();
    return taken;
  }
}

/** The numbers of a run, as ranges. */
export function rangesOfRun(run: Run): SeqRange[] {
  const { sender, first } = run.header;
  if (run.seqs === undefined) return [{ sender, first, last: run.last }];
  const seqs = new RangeSet();
  for (const seq of run.seqs) seqs.add(seq);
  return rangesOf([[sender, seqs]]);
}
