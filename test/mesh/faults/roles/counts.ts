import type { EventCounts } from "../instructions.js";

/** What is known of one event. */
export const countMarks = { begun: 1, again: 2, acked: 4 } as const;

/** How often handlers began and ended with each event, where a log of all of them would cost more than they do. */
export class Counts {
  readonly bySender: EventCounts = new Map();

  begun(sender: string, seq: number): void {
    const own = this.of(sender, seq);
    own[seq]! |= (own[seq]! & countMarks.begun) === 0 ? countMarks.begun : countMarks.again;
  }

  acked(sender: string, seq: number): void {
    this.of(sender, seq)[seq]! |= countMarks.acked;
  }

  /** Takes in what another cell has counted: what both have begun was begun again. */
  add(others: EventCounts): void {
    for (const [sender, marks] of others) {
      const own = this.of(sender, marks.length - 1);
      for (let seq = 0; seq < marks.length; seq++) {
        const isAgain = (own[seq]! & marks[seq]! & countMarks.begun) !== 0;
        own[seq]! |= marks[seq]! | (isAgain ? countMarks.again : 0);
      }
    }
  }

  /** The marks of a sender, with room for this number. */
  private of(sender: string, seq: number): Uint8Array {
    const own = this.bySender.get(sender) ?? new Uint8Array(65_536);
    if (seq < own.length) {
      this.bySender.set(sender, own);
      return own;
    }
    const grown = new Uint8Array(2 * seq);
    grown.set(own);
    this.bySender.set(sender, grown);
    return grown;
  }
}
