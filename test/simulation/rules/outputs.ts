import type { LogRecord } from "../log.js";
import type { EventBook } from "./books.js";
import type { Rule, RuleParts } from "./rule.js";

/**
 * Fenced outputs: what a handler sends through its settlement goes out once while the transmitter
 * lives, and only if that attempt was acked. Also: nothing comes that nobody sent.
 */
export class OutputRule implements Rule {
  private readonly parts: RuleParts;
  /** The event that an output became, by its cause without the attempt and by the transmitter. */
  private readonly committed = new Map<string, string>();

  constructor(parts: RuleParts) {
    this.parts = parts;
  }

  take(record: LogRecord): void {
    if (record.action === "acked") this.parts.books.outputsAcked += record.count ?? 0;
    if (record.action !== "caught" && record.action !== "begun") return;
    const { id, cause, timeMs } = record;
    const event = this.parts.books.event(id);
    if (cause === undefined) {
      if (event.sentMs > timeMs) this.parts.broken("invented", id, timeMs);
      return;
    }
    if (event.cause === undefined) this.commit(event, cause, timeMs);
    event.cause = cause;
  }

  finish(): void {}

  private commit(event: EventBook, cause: string, timeMs: number): void {
    const { books, broken } = this.parts;
    books.outputsSeen.add(cause);
    const [id = "", service = "", pattern = "", attempt = "", index = ""] = cause.split(" ");
    const what = `${event.id}, output ${index} of ${id} in ${service} ${pattern}`;
    // The numbers of an output stand under a name that its transmitter drew at its start.
    const name = `${event.sender} ${id} ${service} ${pattern} ${index}`;
    const before = this.committed.get(name);
    if (before !== undefined) broken("committed", `${what}, after ${before}`, timeMs);
    this.committed.set(name, event.id);
    const handlings = books.event(id).handlingsIn(books.group(service, pattern));
    const wasAcked = handlings.some(
      (it) => it.attempt === Number(attempt) && it.end === "acked" && it.endMs <= timeMs,
    );
    if (!wasAcked) broken("committed", `${what}: attempt ${attempt} was not acked`, timeMs);
  }
}
