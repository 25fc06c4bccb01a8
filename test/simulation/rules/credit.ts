import type { LogRecord } from "../log.js";
import type { Rule, RuleParts } from "./rule.js";

interface Account {
  /** The highest credit granted on this attachment: a lower one takes its time to be heard. */
  creditMax: number;
  readonly held: Set<string>;
}

/**
 * Nobody is given more than it asked for: of each anycatch a cell holds at most its credit. Log
 * `given` and `settled` where deliveries come in and settlements go out, or neither: then what has
 * begun and not ended is counted.
 */
export class CreditRule implements Rule {
  private readonly parts: RuleParts;
  private readonly accounts = new Map<string, Map<string, Account>>();
  private isGivenLogged = false;

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(record: LogRecord): void {
    switch (record.action) {
      case "credit":
        this.granted(record);
        break;
      case "given":
        this.isGivenLogged = true;
        this.given(record);
        break;
      case "begun":
        if (!this.isGivenLogged) this.given(record);
        break;
      case "settled":
      case "taken":
        this.accountOf(record)?.held.delete(nameOf(record));
        break;
      case "acked":
      case "nacked":
      case "returned":
      case "rejected":
        if (!this.isGivenLogged) this.accountOf(record)?.held.delete(nameOf(record));
        break;
      case "detached":
      case "died":
        // What it holds is nothing to the next transmitter until it has claimed it.
        this.accounts.delete(record.cell);
        break;
      default:
    }
  }

  finish(): void {}

  private granted({ cell, mode, pattern = "", count = 0 }: LogRecord): void {
    let accounts = this.accounts.get(cell);
    if (accounts === undefined) {
      accounts = new Map();
      this.accounts.set(cell, accounts);
    }
    const account = accounts.get(pattern);
    if (account === undefined || mode === "any")
      accounts.set(pattern, { creditMax: count, held: new Set() });
    else account.creditMax = Math.max(account.creditMax, count);
  }

  private given(record: LogRecord): void {
    const account = this.accountOf(record);
    if (account === undefined) return;
    account.held.add(nameOf(record));
    if (account.held.size <= account.creditMax) return;
    const what = `${record.cell.slice(0, 6)} on ${record.pattern ?? ""} holds ${account.held.size}`;
    this.parts.broken("credit", `${what} of ${account.creditMax}`, record.timeMs);
  }

  private accountOf({ cell, pattern = "" }: LogRecord): Account | undefined {
    return this.accounts.get(cell)?.get(pattern);
  }
}

function nameOf({ id, attempt = 1 }: LogRecord): string {
  return `${id} ${attempt}`;
}
