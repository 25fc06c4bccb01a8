import { encodeMessagePack, indexRange, type Run, sliceRun } from "@thynapse/protocol";
import { jsonEventOf } from "../events/json-event.js";
import type { Span } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import { writeReply } from "../cells/reply.js";
import { runBytes } from "./streams.js";

const head = Buffer.from("M DLVR ");

/**
 * Encodes deliveries for a cell in `M`: one command for the whole span. Hot path: guarded by
 * `bench/micro/core`.
 *
 * @see PROTOCOL.md §5.5, DLVR
 */
export function packDelivery(member: Member, span: Span, claimed: boolean): Buffer {
  const { run, firstNumber } = span.lot;
  const name = encodeMessagePack({ ...nameOf(member, span), ...(claimed && { claimed }) });
  const prefix = Buffer.concat([head, name]);
  const from = span.from - firstNumber;
  const to = span.to - firstNumber;
  if (from === 0 && to === run.count) return Buffer.concat([prefix, runBytes(run)]);
  return sliceRun(run, indexRange(from, to), prefix);
}

/** Encodes one delivery for a cell in `J`; a text is why JSON cannot say it. */
export function jsonDelivery(member: Member, span: Span, claimed: boolean): Buffer | string {
  const event = jsonEventOf(span.lot.run as Run, span.from - span.lot.firstNumber);
  if (!event.sayable) return event.reason;
  const name = { ...nameOf(member, span), ...(claimed && { claimed }) };
  return writeReply("J", "DLVR", { ...name, ...event.fields });
}

function nameOf(member: Member, span: Span): Record<string, unknown> {
  const { from: number, attempt, repeat, lot } = span;
  return { catch: member.catchNumber, origin: lot.origin, number, attempt, repeat };
}
