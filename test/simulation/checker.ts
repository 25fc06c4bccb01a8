import type { LogRecord } from "./log.js";
import { Books } from "./rules/books.js";
import { ConfirmRule } from "./rules/confirms.js";
import { CreditRule } from "./rules/credit.js";
import { HandlingRule } from "./rules/handling.js";
import { KeyOrderRule } from "./rules/key-order.js";
import { Membership } from "./rules/membership.js";
import { OutputRule } from "./rules/outputs.js";
import type { Rule, RuleName } from "./rules/rule.js";
import { StreamRule } from "./rules/streams.js";

/** One broken promise. */
export interface Violation {
  readonly rule: RuleName;
  readonly what: string;
  readonly timeMs: number;
}

/**
 * Holds the log of a run against what the mesh promises. It goes by the identity of events, never
 * by totals, and knows nothing but the records: those of a simulation and those of real processes
 * alike. `log.ts` says what to write.
 *
 * Give it each record in the order of the times; a broken promise stands in `violations` at once.
 * When the run has drained call `finish`, which looks for what never came.
 * Transmitters are many or one: a group stands in the whole mesh, and each transmitter that was in
 * touch when a member was armed must know of it.
 *
 * What the log leaves in doubt is not held against the mesh: a group counts as standing only from
 * when a member was armed until one lost its transmitter or left, and events may come twice after a
 * `fault`, `detached`, `died` or `crashed` of who had them. So log every fault, and log it when it
 * begins; `count` is its length in ms.
 */
export class Checker {
  readonly violations: Violation[] = [];
  private readonly books = new Books();
  private readonly membership = new Membership(this.books);
  private readonly rules: readonly Rule[];
  private lastMs = 0;

  constructor() {
    const { books, membership, violations } = this;
    const broken = (rule: RuleName, what: string, timeMs: number): void => {
      violations.push({ rule, what, timeMs });
    };
    const parts = { books, membership, broken };
    // In this order: streams use what the confirms have noted of the same record.
    this.rules = [
      new ConfirmRule(parts),
      new HandlingRule(parts),
      new OutputRule(parts),
      new StreamRule(parts),
      new CreditRule(parts),
      new KeyOrderRule(parts),
    ];
  }

  take(record: LogRecord): void {
    this.lastMs = record.timeMs;
    this.note(record);
    this.membership.take(record);
    for (const rule of this.rules) rule.take(record);
  }

  /** Says that nothing more will come. */
  finish(): readonly Violation[] {
    for (const rule of this.rules) rule.finish(this.lastMs);
    return this.violations;
  }

  private note({ action, cell, home = "", peer, timeMs, count = 0 }: LogRecord): void {
    const { homes } = this.books;
    switch (action) {
      case "started":
        homes.started(home, timeMs);
        break;
      case "crashed":
        homes.crashed(home, timeMs);
        break;
      case "drained":
        homes.drained.set(home, peer);
        break;
      case "attached":
        homes.welcomed(home, timeMs);
        break;
      case "fault":
        if (peer !== undefined) homes.linkFault(home, peer, timeMs + count);
        else if (cell === "") homes.homeFault(home, timeMs + count);
        else homes.fault(cell, timeMs + count);
        break;
      case "detached":
      case "died":
        homes.fault(cell, timeMs);
        break;
      default:
    }
  }
}

/** The violations of a whole log. */
export function check(records: Iterable<LogRecord>): readonly Violation[] {
  const checker = new Checker();
  for (const record of records) checker.take(record);
  return checker.finish();
}
