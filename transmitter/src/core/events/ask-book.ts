import { type AskTerms, type Ref, SeqMap, type Thid } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Timed } from "./time-outs.js";

/** Who replied, as the asker is told. */
export type Replier = Pick<CellRecord, "id" | "service">;

/** A request that its asker still waits for. */
export interface Ask extends Timed {
  readonly asker: Thid;
  readonly sender: Thid;
  readonly seq: number;
  readonly ref: Ref | undefined;
  readonly terms: AskTerms;
  /** Gather: the cells that have not replied. */
  readonly expected: Map<Thid, Replier> | undefined;
  /** Gather: the transmitters that have not said which of their cells it reached. */
  readonly awaited: Set<Thid>;
}

/**
 * Answers that one cell may wait for: one for a request, and one for each cell that a gather
 * expects. 64 gathers of 1000 cells, in some 10 MB.
 */
export const answersMax = 65_536;

/** Requests under way: by event, by who asks, and by who is to reply to a gather. */
export class AskBook {
  private readonly byEvent = new SeqMap<Ask>();
  private readonly byAsker = new Map<Thid, Asker>();
  private readonly byReplier = new Map<Thid, Set<Ask>>();

  get count(): number {
    return this.byEvent.size;
  }

  get all(): Iterable<Ask> {
    return this.byEvent.values();
  }

  find(sender: Thid, seq: number): Ask | undefined {
    return this.byEvent.get(sender, seq);
  }

  /** Whether this cell waits for as many answers as it may. */
  isFull(asker: Thid): boolean {
    return (this.byAsker.get(asker)?.answers ?? 0) >= answersMax;
  }

  add(ask: Ask): void {
    const { asker: id, sender, seq } = ask;
    this.byEvent.set(sender, seq, ask);
    let asker = this.byAsker.get(id);
    if (asker === undefined) {
      asker = { asks: new Set(), answers: 0 };
      this.byAsker.set(id, asker);
    }
    asker.asks.add(ask);
    asker.answers++;
  }

  delete(ask: Ask): void {
    for (const id of ask.expected?.keys() ?? []) this.unexpect(ask, id);
    this.byEvent.delete(ask.sender, ask.seq);
    const asker = this.byAsker.get(ask.asker);
    if (asker?.asks.delete(ask) !== true) return;
    asker.answers--;
    if (asker.asks.size === 0) this.byAsker.delete(ask.asker);
  }

  /** A gather expects a cell to reply. */
  expect(ask: Ask, { id, service }: Replier): void {
    if (ask.expected === undefined || ask.expected.has(id)) return;
    ask.expected.set(id, { id, service });
    const asker = this.byAsker.get(ask.asker);
    if (asker !== undefined) asker.answers++;
    const known = this.byReplier.get(id);
    if (known === undefined) this.byReplier.set(id, new Set([ask]));
    else known.add(ask);
  }

  /** It expects it no more. @returns whether it did */
  unexpect(ask: Ask, id: Thid): boolean {
    if (ask.expected?.delete(id) !== true) return false;
    const asker = this.byAsker.get(ask.asker);
    if (asker !== undefined) asker.answers--;
    const known = this.byReplier.get(id);
    known?.delete(ask);
    if (known?.size === 0) this.byReplier.delete(id);
    return true;
  }

  /** What a cell asks. */
  asksOf(id: Thid): Ask[] {
    return [...(this.byAsker.get(id)?.asks ?? [])];
  }

  /** What a cell is expected to reply to. */
  expectedOf(id: Thid): Ask[] {
    return [...(this.byReplier.get(id) ?? [])];
  }
}

interface Asker {
  readonly asks: Set<Ask>;
  /** How many answers it waits for. */
  answers: number;
}
