import type { Choice } from "./group.js";
import type { Span } from "./ledger.js";

/** How many of the chosen events come before the first whose time has passed. */
export function freshCount(span: Span, { count }: Choice, nowMs: number): number {
  let fresh = 1;
  while (fresh < count && !isExpired(span, nowMs, fresh)) fresh++;
  return fresh;
}

/** Whether the time of an event of a span has passed: its own, or that of its asker. */
export function isExpired(span: Span, nowMs: number, at = 0): boolean {
  const extras = span.lot.run.extrasAt(span.from + at - span.lot.firstNumber);
  if (extras === undefined) return false;
  const ttlMs = extras.ttlMs ?? Number.POSITIVE_INFINITY;
  const askMs = extras.ask?.timeoutMs ?? Number.POSITIVE_INFINITY;
  return span.lot.receivedMs + Math.min(ttlMs, askMs) <= nowMs;
}
