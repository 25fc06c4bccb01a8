import { type FieldMap, intField, type Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Links } from "./links.js";
import type { Pacing } from "./pacing.js";
import { writeSiteWord } from "./site-words.js";

/** What rounds need of the transmitter around them. */
export interface RoundsParts {
  readonly links: () => Links;
  readonly pacing: Pacing;
  readonly counters: Counters;
  readonly deadlines: Deadlines;
}

/** One asking of all others. */
interface Round {
  readonly unanswered: Set<Thid>;
  /** Whether one died that had not answered. */
  isBroken: boolean;
  readonly then: (isWhole: boolean) => void;
}

/** How long others may take to answer. */
const roundMs = 2000;

/**
 * Asks every linked transmitter for an answer behind all that it has sent. Links keep their order:
 * when all have answered, everything has come that was sent here before they were asked.
 *
 * @see PROTOCOL.md §8.12, §18.10
 */
export class Rounds {
  private readonly parts: RoundsParts;
  private readonly rounds = new Map<number, Round>();
  private lastRef = 0;

  constructor(parts: RoundsParts) {
    this.parts = parts;
  }

  /**
   * Begins one. `then` is told once: with true when all have answered or have left, with false when
   * one did not within 2 s, or has died meanwhile: who knows what it has sent since it was heard.
   */
  begin(then: (isWhole: boolean) => void, nowMs: number): void {
    const links = this.parts.links();
    const peers = links.linkedPeers();
    const ref = ++this.lastRef;
    this.rounds.set(ref, { unanswered: new Set(peers), isBroken: false, then });
    // One that is not taken, because a link began anew, gets no answer.
    for (const peer of peers) links.send(peer, writeSiteWord("SYNC", { ref }), nowMs);
    this.check(ref);
    this.parts.deadlines.at(nowMs + roundMs, () => this.end(ref, false));
  }

  /** `SYNC`: another one asks. */
  asked(peer: Thid, map: FieldMap, nowMs: number): void {
    const ref = intField(map, "ref", { min: 1 });
    this.parts.pacing.say(peer, writeSiteWord("SYND", { ref }), nowMs);
  }

  /** `SYND`: another one has answered. */
  answered(peer: Thid, map: FieldMap): void {
    const ref = intField(map, "ref", { min: 1 });
    if (this.rounds.get(ref)?.unanswered.delete(peer) === true) this.check(ref);
    else this.parts.counters.add("answersUnasked");
  }

  /** A transmitter is dead or has left: nothing comes of it any more. */
  lost(peer: Thid, hasLeft: boolean): void {
    for (const [ref, round] of [...this.rounds]) {
      if (!round.unanswered.delete(peer)) continue;
      round.isBroken ||= !hasLeft;
      this.check(ref);
    }
  }

  private check(ref: number): void {
    if (this.rounds.get(ref)?.unanswered.size === 0) this.end(ref, true);
  }

  private end(ref: number, isWhole: boolean): void {
    const round = this.rounds.get(ref);
    this.rounds.delete(ref);
    round?.then(isWhole && !round.isBroken);
  }
}
