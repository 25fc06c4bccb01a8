import type { SeqRange, Thid } from "@thynapse/protocol";
import type { Claims } from "../groups/claims.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Senders } from "../events/senders.js";
import { takeBack } from "./home-answer.js";
import type { Repeated } from "./seeks.js";

/** What it needs of the transmitter around it. */
export interface ReturningParts {
  readonly groups: () => Groups;
  readonly senders: Senders;
  readonly self: Thid;
}

/**
 * Senders that come back, and bring what they had taken along to another home: this transmitter is
 * their former home, too, and answers itself. @see PROTOCOL.md §18.7
 */
export class Returning {
  private readonly parts: ReturningParts;
  /** Groups that have settled what senders had brought back. */
  private readonly settledIn = new Map<Group, Set<Thid>>();

  constructor(parts: ReturningParts) {
    this.parts = parts;
  }

  /** Says what is settled here of what a sender repeats, and what is out. */
  answer(group: Group, claims: Claims, { session, ranges }: Repeated): void {
    const { senders, self } = this.parts;
    const sender = senders.find(ranges[0]?.sender ?? "");
    if (sender === undefined) return;
    const { held, settled } = takeBack(group, sender, ranges);
    claims.addSettled(settled);
    claims.addOrigin(self, { held, free: [] });
    sender.askers.add(group.number, { peer: self, session, ranges: held });
  }

  /** What was out is settled. */
  settled(group: Group, ranges: readonly SeqRange[]): void {
    group.claims?.addSettled(ranges);
    const senders = this.settledIn.get(group) ?? new Set();
    for (const { sender } of ranges) senders.add(sender);
    this.settledIn.set(group, senders);
  }

  /** Ends the turn: settles what a sender has brought back of that. */
  flush(nowMs: number): void {
    for (const [group, senders] of this.settledIn) {
      this.parts.groups().claiming.apply(group, nowMs, senders);
    }
    this.settledIn.clear();
  }
}
