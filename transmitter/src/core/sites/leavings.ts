import { RangeSet, sliceRun } from "@thynapse/protocol";
import type { Entry } from "../events/entry.js";
import type { Sender } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Span } from "../groups/ledger.js";
import { unassigned } from "../groups/unassigned.js";
import { groupFields, successionStep, writeSiteWord } from "./site-words.js";

/** Events of one sender that are in the same groups in the same way. */
export interface Leaving {
  readonly entry: Entry;
  readonly seqs: readonly number[];
  /** Those that have not settled them. */
  readonly groups: readonly Group[];
  /** Those that have not got them, because they were full. */
  readonly full: readonly Group[];
  /** What their sender was told of that, and may not have read. */
  readonly refused: string | undefined;
}

/** What decides about what is left. */
export interface LeavingsParts {
  readonly groups: Iterable<Group>;
  /** Whether an event of a group is not left, or was before. */
  readonly isKept: (entry: Entry, seq: number, group: Group) => boolean;
}

/** Events in one word, and about how many bytes of them. */
const [eventsMax, bytesMax] = [4096, 256 * 1024];

/**
 * What this transmitter is the origin of and that is not settled, in pieces for one word each: of
 * each sender in the order of its numbers, as it would repeat it.
 */
export function leavings({ groups, isKept }: LeavingsParts): Leaving[] {
  const open = new Map<Entry, OpenSeqs>();
  for (const group of groups) {
    for (const span of spansOf(group)) {
      const { entry } = span.lot;
      if (entry === undefined) continue;
      const seqs: OpenSeqs = open.get(entry) ?? new Map();
      open.set(entry, seqs);
      for (const seq of seqsOf(span)) {
        if (!isKept(entry, seq, group)) seqs.set(seq, [...(seqs.get(seq) ?? []), group]);
      }
    }
  }
  const all = [...groups];
  const pieces = [...open].flatMap(([entry, seqs]) => piecesOf(entry, seqs, all));
  return pieces.sort(inOrder);
}

function inOrder({ entry: a, seqs: [first = 0] }: Leaving, { entry: b, seqs }: Leaving): number {
  if (a.sender === b.sender) return first - (seqs[0] ?? 0);
  return a.sender.id < b.sender.id ? -1 : 1;
}

/** The groups that have not settled an event of a run, by its number. */
type OpenSeqs = Map<number, readonly Group[]>;

function* seqsOf({ lot, from, to }: Span): Generator<number> {
  for (let number = from; number < to; number++) yield lot.run.seqAt(number - lot.firstNumber);
}

function* spansOf(group: Group): Generator<Span> {
  yield* unassigned(group);
  for (const holder of group.allHolders()) yield* holder.held;
}

function namesOf(groups: readonly Group[]): string {
  return groups.map(({ number }) => number).join(" ");
}

interface Piece {
  readonly seqs: number[];
  bytes: number;
}

/** Parts the events of a run by the groups that have not settled them, and by what a word holds. */
function piecesOf(entry: Entry, open: OpenSeqs, all: readonly Group[]): Leaving[] {
  const pieces: Leaving[] = [];
  const filling = new Map<string, Piece>();
  let latest: Piece | undefined;
  const { run, sender } = entry;
  const refusing = all.filter(({ number }) => sender.missedBy(number) !== undefined);
  for (const [seq, groups] of [...open].sort(([a], [b]) => a - b)) {
    const full = refusing.filter(({ number }) => sender.missedBy(number)?.has(seq) === true);
    const refused = sender.refusalOf(seq)?.message;
    const key = `${namesOf(groups)}, ${namesOf(full)}: ${refused}`;
    let piece = filling.get(key);
    // Where keys have owners, nothing may come before what was sent before it.
    if (groups.some(({ terms }) => terms.affinity) && piece !== latest) piece = undefined;
    if (piece === undefined || piece.bytes > bytesMax || piece.seqs.length === eventsMax) {
      piece = { seqs: [], bytes: 0 };
      filling.set(key, piece);
      pieces.push({ entry, seqs: piece.seqs, groups, full, refused });
    }
    latest = piece;
    const index = run.indexOf(seq);
    piece.seqs.push(seq);
    piece.bytes += run.bytesOf(index, index + 1);
  }
  return pieces;
}

/** The word that leaves events to a successor. */
export function writeLeaving({ entry, seqs, groups, full, refused }: Leaving): Buffer {
  const { run, sender } = entry;
  const session = successionOf(sender);
  const [open, missed] = [groups, full].map((them) => them.map(groupFields));
  const head = writeSiteWord("HEIR", { session, groups: open, full: missed, refused });
  const indexes = seqs.map((seq) => run.indexOf(seq));
  return sliceRun(run, indexes, head);
}

/** The session in which a successor asks: after the last one here, and before any other. */
export function successionOf({ session }: Sender): number {
  return session + successionStep;
}

/** What was said of each run. */
export class Said {
  private readonly seqs = new Map<Entry, RangeSet>();

  has(entry: Entry, seq: number): boolean {
    return this.seqs.get(entry)?.has(seq) === true;
  }

  add({ entry, seqs }: Leaving): void {
    const said = this.seqs.get(entry) ?? new RangeSet();
    this.seqs.set(entry, said);
    for (const seq of seqs) said.add(seq);
  }

  remove({ entry, seqs }: Leaving): void {
    for (const seq of seqs) this.seqs.get(entry)?.remove(seq);
  }
}
