import { RangeSet, type Thid } from "@thynapse/protocol";
import type { Rest } from "../effects.js";
import type { Asks } from "../events/asks.js";
import type { Entry } from "../events/entry.js";
import { bequeath, type BequestParts } from "./bequest.js";
import { type Leaving, leavings, Said, writeLeaving } from "./leavings.js";
import type { Rounds } from "./rounds.js";

/** What a succession needs of the transmitter around it. */
export interface SuccessionParts extends BequestParts {
  readonly asks: Asks;
  readonly rounds: Rounds;
  /** Whether another transmitter drains itself. */
  readonly isDraining: (id: Thid) => boolean;
}

/**
 * - `saying`: words are on their way to the successor.
 * - `asking`: it has taken them all; what it asks about them may be on its way.
 * - `answering`: the answers are.
 * - `done`
 */
type Stage = "saying" | "asking" | "answering" | "done";

/**
 * How long others may take to hear the last words: one that is frozen for longer is found dead in
 * that time.
 */
const hearMs = 2000;

/**
 * The last words of a transmitter that ends: to all others what it knows to be settled, and to one
 * of them, its successor, the events that are not, but for those about which others have asked.
 *
 * @see PROTOCOL.md §18.7, §18.11
 */
export class Succession {
  /** The one that takes over; `undefined` while there is none. */
  successor: Thid | undefined;
  private readonly parts: SuccessionParts;
  private readonly said = new Said();
  private queue: Leaving[] = [];
  private stage: Stage = "saying";
  /** Events that the successor was told, and has taken. */
  private told = 0;
  private taken = 0;
  private untilMs = 0;

  constructor(parts: SuccessionParts) {
    this.parts = parts;
  }

  /** Where cells are to attach that are still here. */
  get command(): string | undefined {
    const { successor } = this;
    return successor === undefined ? undefined : this.parts.links().commandOf(successor);
  }

  /** Begins to say the last words. */
  begin(nowMs: number): void {
    this.untilMs = nowMs + hearMs;
    this.parts.senders.end();
    bequeath(this.parts, this.parts.links().linkedPeers(), nowMs);
    this.successor = this.choose();
    this.queue = this.leavings();
    this.say(nowMs);
  }

  /** The link to another one begins anew: it may have lost what it was told to be settled. */
  anew(peer: Thid, nowMs: number): void {
    if (this.untilMs > 0) bequeath(this.parts, [peer], nowMs);
  }

  /** Goes on. @returns whether nothing is left to say, or nobody hears it. */
  goOn(nowMs: number): boolean {
    this.step(nowMs);
    const untilMs = Math.max(this.untilMs, this.parts.pacing.sentMs + hearMs);
    return this.stage === "done" || nowMs >= untilMs;
  }

  /** What became of what was not settled. */
  rest(): Rest {
    const { told, successor } = this;
    const isThere = successor !== undefined && this.parts.links().isLinked(successor);
    const left = isThere ? this.taken : 0;
    const open = this.leavings(true).reduce((sum, { seqs }) => sum + seqs.length, 0);
    return { unconfirmed: open + told - left, left, successor: isThere ? successor : undefined };
  }

  /** Events that nobody has taken over, by the cells that sent them and know their numbers. */
  unconfirmed(): Map<Thid, RangeSet> {
    const open = new Map<Thid, RangeSet>();
    for (const { entry, seqs } of this.leavings(true)) {
      const { sender, cell = sender } = entry.run.header;
      const known = open.get(cell) ?? new RangeSet();
      open.set(cell, known);
      for (const seq of seqs) known.add(seq);
    }
    return open;
  }

  private step(nowMs: number): void {
    if (this.stage === "saying") {
      this.say(nowMs);
      if (this.queue.length > 0 || this.isUnheard) return;
      if (this.told === 0) this.stage = "done";
      else this.ask(nowMs);
    } else if (this.stage === "answering" && !this.isUnheard) {
      // What was settled meanwhile may have had outputs.
      this.queue = this.leavings();
      this.stage = this.queue.length > 0 ? "saying" : "done";
    }
  }

  /** Links keep their order: what it asks has come when it has answered this. */
  private ask(nowMs: number): void {
    this.stage = "asking";
    this.parts.rounds.begin(() => (this.stage = "answering"), nowMs);
  }

  private say(nowMs: number): void {
    const { successor } = this;
    const links = this.parts.links();
    if (successor === undefined || !links.isLinked(successor)) {
      this.queue = [];
      return;
    }
    while (this.queue.length > 0 && this.parts.pacing.hasRoom(successor)) {
      const leaving = this.queue.shift() as Leaving;
      const count = leaving.seqs.length;
      this.untilMs = nowMs + hearMs;
      this.said.add(leaving);
      this.told += count;
      links.send(successor, writeLeaving(leaving), nowMs, (isTaken) => {
        if (isTaken) this.taken += count;
        else this.unsaid(leaving);
      });
    }
  }

  private unsaid(leaving: Leaving): void {
    this.said.remove(leaving);
    this.told -= leaving.seqs.length;
  }

  /** Whether another transmitter that is linked has still to take what it was told. */
  private get isUnheard(): boolean {
    const { links, pacing } = this.parts;
    const isBehind = (id: Thid): boolean => pacing.isBehind(id) || links().unackedBytes(id) > 0;
    return links().linkedPeers().some(isBehind);
  }

  /** Who has cells for most of what is not settled; the lowest id where that is the same. */
  private choose(): Thid | undefined {
    const { links, groups, isDraining } = this.parts;
    const unsettled = [...groups().all].filter((group) => group.unsettled > 0);
    const chances = links()
      .linkedPeers()
      .filter((id) => !isDraining(id))
      .map((id) => {
        const served = unsettled.filter(({ sites }) => (sites.partOf(id)?.members ?? 0) > 0);
        return { id, count: served.reduce((sum, group) => sum + group.unsettled, 0) };
      });
    chances.sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
    return chances[0]?.id;
  }

  /** What was not left and is to be; or all of that, with what is not to be left. */
  private leavings(isAll = false): Leaving[] {
    const links = this.parts.links();
    return leavings({
      groups: this.parts.groups().all,
      isKept: (entry, seq, { number }) => {
        // The new home of its sender has asked, and waits for what becomes of it.
        const { askers, sender } = entry;
        const isTold = askers.toldOf(number, seq).some(({ peer, session }) => {
          return session > sender.session && links.isLinked(peer);
        });
        return isTold || this.said.has(entry, seq) || (!isAll && this.isHeldFast(entry, seq));
      },
    });
  }

  /**
   * What is not left to anybody: a request whose asker is here, since it asks again at its next
   * home, and waits there for the answer; and what was given up before, and is not the sender's any
   * more.
   */
  private isHeldFast({ run, sender }: Entry, seq: number): boolean {
    const { asks, senders } = this.parts;
    const known = senders.find(sender.id);
    if (known !== undefined && known !== sender) return true;
    return run.extras !== undefined && asks.isOpen(sender.id, seq);
  }
}
