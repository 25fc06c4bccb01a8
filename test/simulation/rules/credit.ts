import type { LogRecord } from "../log.js";
import { Nested } from "./nested.js";
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
  /** By cell and transmitter, where the log says at which one; then by pattern. */
  private readonly accounts = new Nested<Map<string, Account>>();
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
        // What it holds is nothing to the next transmitter until it has claimed it.
        this.accounts.delete(record.cell, record.home ?? "");
        this.accounts.delete(record.cell, "");
        break;
      default:
    }
  }

  finish(): void {}

  private granted(record: LogRecord): void {
    const { cell, home = "", mode, pattern = "", count = 0 } = record;
    let accounts = this.accounts.get(cell, home);
    if (accounts === undefined) {
      accounts = new Map();
      this.accounts.set(cell, home, accounts);
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

  private accountOf(record: LogRecord): Account | undefined {
    const { cell, home = "", pattern = "" } = record;
    const accounts = this.accounts.get(cell, home) ?? this.accounts.get(cell, "");
    return accounts?.get(pattern);
  }
}

/** Nearly all are first attempts: those go by the id alone. */
function nameOf({ id, attempt = 1 }: LogRecord): string {
  return attempt === 1 ? id : `${id} ${attempt}`;
}
