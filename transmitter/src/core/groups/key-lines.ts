import type { Thid } from "@thynapse/protocol";
import { highest, type KeyOwners, type Owner } from "./affinity.js";
import { rankOf, type Span } from "./ledger.js";
import { RankHeap, type Ranked } from "./rank-heap.js";
import { Fifo } from "../fifo.js";

/** The events of one key that wait, one span each, in order. */
export interface KeyLine extends Ranked {
  readonly key: string;
  readonly spans: Fifo<Span>;
  /** Whom the key belongs to; `undefined` until that is worked out, and where there is nobody. */
  owner: Owner | undefined;
  /** Where it stands while its first event may go out. */
  heap: RankHeap<KeyLine> | undefined;
}

/**
 * What waits by key: a line for each key, and for each member the lines of which it could get
 * something now, those first that came first. A turn costs what it gives out and what has changed
 * since the last one, however many keys wait.
 *
 * @see PROTOCOL.md §10.10
 */
export class KeyLines {
  /** Events that wait. */
  events = 0;
  private readonly owners: KeyOwners;
  private readonly lines = new Map<string, KeyLine>();
  /** Lines with another first event than before, or with a key that became busy or free. */
  private readonly changed = new Set<KeyLine>();
  private readonly ready = new Map<Thid, RankHeap<KeyLine>>();
  /** Among whom the owners were chosen, and when. */
  private members: ReadonlySet<Thid> = new Set();
  private generation = 0;

  constructor(owners: KeyOwners) {
    this.owners = owners;
    owners.onChange = (key) => {
      const line = this.lines.get(key);
      if (line !== undefined) this.changed.add(line);
    };
  }

  push(key: string, span: Span): void {
    const line = this.lines.get(key) ?? this.open(key);
    const { spans } = line;
    this.events++;
    // What comes back has a lower number than most that waits, and goes before that again.
    let at = spans.length;
    while (at > 0 && (spans.at(at - 1) as Span).from > span.from) at--;
    if (at === 0) {
      spans.unshift(span);
      this.changed.add(line);
    } else if (at === spans.length) spans.push(span);
    else spans.splice(at, 0, span);
  }

  private open(key: string): KeyLine {
    const line = {
      key,
      spans: new Fifo<Span>(),
      owner: undefined,
      heap: undefined,
      rank: 0,
      at: -1,
    };
    this.lines.set(key, line);
    return line;
  }

  /** Takes the first event of a line; there must be one. */
  take(line: KeyLine): Span {
    this.events--;
    this.changed.add(line);
    return line.spans.shift() as Span;
  }

  clear(): void {
    this.events = 0;
    this.lines.clear();
    this.changed.clear();
    this.ready.clear();
  }

  /** The lines of which a member could get something, as of the last `update`. */
  readyFor(member: Thid): RankHeap<KeyLine> | undefined {
    return this.ready.get(member);
  }

  /** Works out what could go to whom, where that has changed. */
  update(holders: () => Iterable<{ readonly id: Thid }>): void {
    if (this.generation !== this.owners.generation) {
      this.generation = this.owners.generation;
      this.chooseAnew(new Set(Array.from(holders(), ({ id }) => id)));
    }
    for (const line of this.changed) {
      this.changed.delete(line);
      this.place(line);
    }
  }

  *[Symbol.iterator](): IterableIterator<KeyLine> {
    yield* this.lines.values();
  }

  /** Only who came can take a key from a member that stays. */
  private chooseAnew(members: ReadonlySet<Thid>): void {
    const came = [...members].filter((id) => !this.members.has(id));
    this.members = members;
    for (const line of this.lines.values()) {
      const { owner } = line;
      const isHere = owner !== undefined && members.has(owner.id);
      line.owner = isHere ? highest(line.key, came, owner) : undefined;
      if (line.owner === undefined || line.owner !== owner) this.changed.add(line);
    }
    for (const id of this.ready.keys()) if (!members.has(id)) this.ready.delete(id);
  }

  private place(line: KeyLine): void {
    const { key, spans } = line;
    const { first } = spans;
    if (first === undefined) this.lines.delete(key);
    line.owner ??= this.owners.ownerOf(key, this.members);
    const isReady = first !== undefined && !this.owners.isBusy(key, first);
    const heap = isReady && line.owner !== undefined ? this.heapOf(line.owner) : undefined;
    if (line.heap !== heap) line.heap?.remove(line);
    if (heap !== undefined) heap.put(line, rankOf(first as Span));
    line.heap = heap;
  }

  private heapOf({ id }: Owner): RankHeap<KeyLine> {
    const heap = this.ready.get(id) ?? new RankHeap();
    this.ready.set(id, heap);
    return heap;
  }
}
