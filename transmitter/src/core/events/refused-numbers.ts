import { type ErrorCode, errorCodes, RangeSet } from "@thynapse/protocol";

/** Why an event was refused. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Messages that are remembered; of others only the code is, and told by what that means. */
const messagesMax = 64;

/**
 * The events of a sender that were refused for good, and why: whoever repeats one is told so again.
 *
 * They are ranges for each reason, of which there are few, whatever a sender does.
 */
export class RefusedNumbers {
  private readonly byMessage = new Map<string, Refusal & { readonly seqs: RangeSet }>();

  /** What they cost to keep. */
  get rangeCount(): number {
    let count = 0;
    for (const { seqs } of this.byMessage.values()) count += seqs.rangeCount;
    return count;
  }

  add(first: number, last: number, { code, message }: Refusal): void {
    const known = this.byMessage.get(message) ?? this.open(code, message);
    known.seqs.add(first, last);
  }

  /** Why an event was refused; `undefined` if it was not. */
  find(seq: number): Refusal | undefined {
    for (const reason of this.byMessage.values()) if (reason.seqs.has(seq)) return reason;
    return undefined;
  }

  /** Forgets every number below `floor`. */
  dropBelow(floor: number): void {
    for (const [message, { seqs }] of this.byMessage) {
      seqs.dropBelow(floor);
      if (seqs.rangeCount === 0) this.byMessage.delete(message);
    }
  }

  private open(code: ErrorCode, message: string): { readonly seqs: RangeSet } {
    const told = this.byMessage.size < messagesMax ? message : errorCodes[code].meaning;
    const reason = this.byMessage.get(told) ?? { code, message: told, seqs: new RangeSet() };
    this.byMessage.set(told, reason);
    return reason;
  }
}
