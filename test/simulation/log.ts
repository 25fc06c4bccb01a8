import type { CatchMode } from "@thynapse/protocol";

/**
 * What a record says. Who writes it stands in brackets: a cell writes about itself, the harness
 * about what it does to processes. Records of one run come in the order of their times.
 *
 * Cells:
 * - `attached` (the cell was welcomed; `home`), `detached` (it lost its transmitter, or knows that
 *   it did; `home`).
 * - `armed` (`mode`, `pattern`, `service`, `home`, `terms`): the catch misses nothing from now on.
 * - `dropped` (`mode`, `pattern`): its release begins. `left`: farewell begins; all its catches
 *   end.
 *
 * Senders, about the event `id`:
 * - `sent` (`channel`, and `key`, `wish` where it has them).
 * - `accepted` (`home`, `repeat`), `handled` (`home`), `refused`: what it is told; each as often as
 *   it is told.
 *
 * Handlers of an anycatch, about the event `id` (all: `service`, `pattern`, `attempt`):
 * - `given` (came in), `begun` (`channel`, `repeat`, `home` of the origin, `key`, `cause`).
 * - `acked`, `nacked`, `returned` (released), `rejected`: its own word. `taken`: it was taken back.
 *   `settled`: the cell said so to the transmitter. `count` of `acked` is how many outputs go with
 *   it.
 *
 * Handlers of a multicatch (`pattern`):
 * - `caught` (`id`, `channel`, `cause`), `gap` (`count`; none where nobody knows how many; `peer`:
 *   the transmitter that the cell leaves, where it is a gap of the stream there).
 *
 * The harness:
 * - `started`, `crashed` (`home`): a transmitter. `drained` (`home`): one that ends by its own will
 *   has said its last, and is no more soon; `peer` has taken over whatever it had not settled.
 * - `died` (a cell was killed or has ended), `fault` (something else was done to it: `cell`, a
 *   transmitter's `home`, or the link between two, `home` and `peer`; or a cell says farewell while
 *   its handlers run).
 * - `dead` (`id`, `service`, `pattern`): the group gave the event up; from the dead letters.
 * - `credit` (`pattern`, `count`): what the cell grants from now on; with `mode` and `service` where
 *   it asks for a catch.
 */
export type Action =
  | "attached"
  | "detached"
  | "armed"
  | "dropped"
  | "left"
  | "sent"
  | "accepted"
  | "handled"
  | "refused"
  | "given"
  | "begun"
  | "acked"
  | "nacked"
  | "returned"
  | "rejected"
  | "taken"
  | "settled"
  | "caught"
  | "gap"
  | "started"
  | "crashed"
  | "drained"
  | "died"
  | "fault"
  | "dead"
  | "credit";

/** What a catch asks for, as far as promises depend on it. */
export interface CatchTerms {
  readonly redeliver: boolean;
  readonly affinity: boolean;
  readonly ackTimeoutMs: number;
}

/** What a sender says of an event that lets it end in other ways than by being handled. */
export interface SendWish {
  /** Time to live, and the time-out of an ask: it may vanish unhandled after that. */
  readonly ttlMs?: number | undefined;
  /** Idempotency key: of those with the same key one is enough. */
  readonly same?: string | undefined;
  /** An ask: a failure of its handler settles it. */
  readonly isAsk?: boolean | undefined;
  /** It waits for no more than to be accepted. */
  readonly isAcceptedEnough?: boolean | undefined;
  /** A gather goes to streams only. */
  readonly isGather?: boolean | undefined;
}

/**
 * One line of the log of a run, simulated or real. The checker reads nothing else.
 *
 * The first six fields are always meant; of the others those that the action has. `id` is
 * `<sender>:<number>`, where the numbers of one sender rise; it is empty in records that are about
 * no event. `home` names one start of one transmitter: the `origin` of its welcome. `cause` of an
 * output is `<id> <service> <pattern> <attempt> <index>` of the delivery whose handler sent it.
 * `attempt` is always that under which the handler began.
 */
export interface LogRecord {
  readonly id: string;
  /** Who it is about: a cell, by its id. Empty for a transmitter, which `home` names. */
  readonly cell: string;
  readonly action: Action;
  readonly attempt?: number | undefined;
  readonly repeat?: boolean | undefined;
  /** A clock that all writers share. */
  readonly timeMs: number;
  readonly home?: string | undefined;
  readonly peer?: string | undefined;
  readonly service?: string | undefined;
  readonly pattern?: string | undefined;
  readonly mode?: CatchMode | undefined;
  readonly channel?: string | undefined;
  readonly key?: string | undefined;
  readonly cause?: string | undefined;
  readonly count?: number | undefined;
  readonly terms?: CatchTerms | undefined;
  readonly wish?: SendWish | undefined;
}

/** The fields of a record besides its time and writer. */
export type LogEntry = Omit<LogRecord, "timeMs" | "cell">;

/**
 * Makes a record of an entry. All have the same fields in the same order, so that whoever reads many
 * reads them fast.
 */
export function recordOf(entry: LogEntry, cell: string, timeMs: number): LogRecord {
  return {
    id: entry.id,
    cell,
    action: entry.action,
    attempt: entry.attempt,
    repeat: entry.repeat,
    timeMs,
    home: entry.home,
    peer: entry.peer,
    service: entry.service,
    pattern: entry.pattern,
    mode: entry.mode,
    channel: entry.channel,
    key: entry.key,
    cause: entry.cause,
    count: entry.count,
    terms: entry.terms,
    wish: entry.wish,
  };
}
