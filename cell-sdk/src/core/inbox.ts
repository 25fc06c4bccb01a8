import {
  type FieldMap,
  intField,
  mapValue,
  MeshError,
  ownField,
  readRun,
  stringField,
} from "@thynapse/protocol";
import type { Asks } from "./asks.js";
import type { CatchTable } from "./catch-table.js";
import type { Outbox } from "./outbox.js";
import type { Session } from "./session.js";
import type { Settlements } from "./settlements.js";
import {
  type Incoming,
  makeError,
  readAddresses,
  readSuccessor,
  readCommand,
  readErrorReport,
  readGrant,
  readRanges,
  readRows,
} from "./wire.js";

/** Who hears what became of events. */
export type ConfirmSink = Pick<
  Outbox,
  "heard" | "accepted" | "handled" | "refused" | "responded" | "refusedOldest" | "confirmed"
>;

/** Where commands go. */
export interface InboxHost {
  readonly session: Session;
  /** Who hears what became of events. */
  readonly outbox: ConfirmSink;
  readonly catches: CatchTable;
  readonly asks: Asks;
  readonly settlements: Settlements;
  /** Somebody else is this cell now. */
  fenced(): void;
  /** The transmitter takes no more events and ends. */
  draining(nowMs: number): void;
  /** An error that belongs to nothing that waits. */
  stray(error: MeshError): void;
}

const space = 0x20;

/**
 * Reads what comes from the transmitter and hands it to whom it concerns.
 *
 * A command or message that cannot be read changes nothing: it throws before anything is done.
 * Commands that this version does not know are ignored.
 *
 * @see PROTOCOL.md §5
 */
export class Inbox {
  private readonly host: InboxHost;

  constructor(host: InboxHost) {
    this.host = host;
  }

  /** One part of the command connection. @throws {MeshError} if it cannot be read. */
  command(part: Buffer, nowMs: number): void {
    const incoming = readCommand(part);
    const { map } = incoming;
    const { session, catches, outbox } = this.host;
    outbox.heard(nowMs);
    switch (incoming.command) {
      case "CNFM":
        return this.confirm(map, nowMs);
      case "DLVR":
        // What has crossed a farewell was given back by it (§9.5).
        if (session.isWelcome) this.delivery(incoming);
        return;
      case "ANSR":
        for (const answer of answersOf(map)) this.answer(answer);
        return;
      case "BEAT":
        return this.beat(map, nowMs);
      case "RPAR":
        return this.repair(incoming, nowMs);
      case "BACK":
        return this.back(map);
      case "CGHT":
        return catches.granted(ownField(map, "ref"), readGrant(map), nowMs);
      case "DRPD":
        return catches.dropped(ownField(map, "catch"));
      case "WLCM":
        return session.welcome(map, nowMs);
      case "GBYE":
        return this.farewell(map, nowMs);
      case "ERRO":
        return this.error(map, nowMs);
      default:
    }
  }

  /**
   * One message of the event connection: `<topic> <first> <count>`, and a part. @throws {MeshError}
   */
  events(head: Buffer, part: Buffer, nowMs: number): void {
    const topicEnd = head.indexOf(space);
    const firstEnd = head.indexOf(space, topicEnd + 1);
    if (topicEnd < 0 || firstEnd < 0) throw new MeshError("BAD_FRAME", "the head of a message");
    const multicatch = this.host.catches.multicatchOn(head.toString("latin1", 0, topicEnd));
    if (multicatch === undefined) return;
    const first = readDecimal(head, topicEnd + 1, firstEnd);
    const count = readDecimal(head, firstEnd + 1, head.length);
    if (count === 0) multicatch.mark(first, nowMs);
    else if (isRun(part)) multicatch.live(first, readRun(part, 7), nowMs);
    // What is no event, as an error in its place: its number counts as read.
    else multicatch.empty(first, count, nowMs);
  }

  private answer(map: FieldMap): void {
    this.host.outbox.responded(ownField(map, "seq"));
    this.host.asks.answer(map);
  }

  private confirm(map: FieldMap, nowMs: number): void {
    const { outbox, settlements } = this.host;
    for (const [first, last, matched, repeat] of readRanges(map, "accepted")) {
      outbox.accepted(span(first, last), Number(matched ?? 0), repeat === true);
    }
    for (const [first, last] of readRanges(map, "handled")) outbox.handled(span(first, last));
    for (const { first, last, error } of refusals(map)) {
      outbox.refused({ first, last }, error, nowMs);
    }
    for (const [first, last] of readRanges(map, "settled")) {
      settlements.confirmed(first as number, last as number);
    }
    outbox.confirmed();
  }

  private delivery({ map, bytes, runAt }: Incoming): void {
    const batch = {
      origin: stringField(map, "origin", 255),
      number: intField(map, "number"),
      attempt: intField(map, "attempt", { min: 1 }),
      repeat: ownField(map, "repeat") === true,
      session: this.host.session.number,
    };
    const run = readRun(bytes, runAt);
    const isClaimed = ownField(map, "claimed") === true;
    this.host.catches.anycatchOf(ownField(map, "catch"))?.deliver(batch, run, isClaimed);
  }

  private repair({ map, bytes, runAt }: Incoming, nowMs: number): void {
    const multicatch = this.host.catches.multicatchOf(ownField(map, "catch"));
    const first = intField(map, "first");
    const count = intField(map, "count");
    const isDone = ownField(map, "done") === true;
    const isGone = ownField(map, "gone") === true || count === 0;
    const isCounted = ownField(map, "uncounted") !== true;
    if (isGone) multicatch?.lost({ first, count, isCounted }, isDone, nowMs);
    else multicatch?.repaired(first, readRun(bytes, runAt), isDone, nowMs);
  }

  private back(map: FieldMap): void {
    const name = {
      origin: stringField(map, "origin", 255),
      attempt: intField(map, "attempt", { min: 1 }),
    };
    const first = intField(map, "number");
    const count = intField(map, "count", { fallback: 1 });
    this.host.catches.anycatchOf(ownField(map, "catch"))?.back(name, first, count);
  }

  private beat(map: FieldMap, nowMs: number): void {
    for (const [catchNumber, last] of readRows(map, "streams")) {
      this.host.catches.multicatchOf(catchNumber)?.beat(last as number, nowMs);
    }
    this.host.session.beaten(map, nowMs);
  }

  private farewell(map: FieldMap, nowMs: number): void {
    const { session } = this.host;
    const reason = ownField(map, "reason");
    if (reason === "fenced") this.host.fenced();
    else if (session.state.name === "leaving") session.close();
    else if (reason === "draining") {
      session.drains(readAddresses(map), readSuccessor(map));
      this.host.draining(nowMs);
    }
  }

  private error(map: FieldMap, nowMs: number): void {
    const { session, catches, settlements, outbox } = this.host;
    const { error, command, ref, catchNumber } = readErrorReport(map);
    if (command === "HELO" || error.code === "NOT_WELCOME") session.refused(error, nowMs);
    else if (command === "CTCH" && catches.refused(ref, error)) return;
    else if (command === "SETL") settlements.refused(ref);
    else if (command === "DROP") catches.dropped(catchNumber);
    else if (command === "EVNT" && error.code === "DRAINING") {
      session.drains([]);
      this.host.draining(nowMs);
    } else {
      if (command === "EVNT") outbox.refusedOldest(error, nowMs);
      this.host.stray(error);
      if (error.code === "MUTED") session.muted(error, nowMs);
    }
  }
}

interface Refusal {
  readonly first: number;
  last: number;
  readonly error: MeshError;
}

/** What was refused, neighbours with the same reason as one. */
function refusals(map: FieldMap): Refusal[] {
  const refusals: Refusal[] = [];
  let before: readonly unknown[] = [];
  for (const row of readRanges(map, "refused")) {
    const [first, last, code, message] = row;
    const latest = refusals[refusals.length - 1];
    const isNext = latest?.last === (first as number) - 1;
    if (latest !== undefined && isNext && before[2] === code && before[3] === message) {
      latest.last = last as number;
    } else {
      const error = makeError(code, message);
      refusals.push({ first: first as number, last: last as number, error });
    }
    before = row;
  }
  return refusals;
}

function span(first: unknown, last: unknown): { first: number; last: number } {
  return { first: first as number, last: last as number };
}

/** Tells whether a part begins with `M EVNT `. */
function isRun(part: Buffer): boolean {
  return part.length > 7 && part.toString("latin1", 0, 7) === "M EVNT ";
}

function readDecimal(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9)
      throw new MeshError("BAD_FRAME", "a number in the head of a message");
    value = value * 10 + digit;
  }
  return value;
}

/** One answer, or several in one command. @throws {MeshError} */
function answersOf(map: FieldMap): readonly FieldMap[] {
  const answers = ownField(map, "answers");
  if (answers === undefined) return [map];
  if (!Array.isArray(answers)) throw new MeshError("BAD_PAYLOAD", "answers is a list");
  return answers.map((answer) => mapValue(answer, "an answer"));
}
