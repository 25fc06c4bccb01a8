import type { CatchMode, Claim, Encoding, Hello, Pattern, Thid } from "@thynapse/protocol";
import type { Confirms } from "../events/confirms.js";
import type { Group } from "../groups/group.js";
import type { Member } from "../groups/member.js";
import type { Pacer } from "../streams/pace.js";
import type { Sender } from "../events/senders.js";
import type { Stream } from "../streams/streams.js";

/**
 * What is known of a cell's life.
 *
 * - `alive`: it was heard within `suspectMs`.
 * - `suspect`: it was not; it gets no new deliveries and keeps those that it has. Ends when it is
 *   heard or dead.
 */
export type CellState = "alive" | "suspect";

/**
 * The cell's subscription to its presence topic.
 *
 * - `awaited`: never seen; a cell need not subscribe.
 * - `present`: subscribed: the connection of its SUB stands.
 * - `ended`: it was there and is gone.
 */
export type Presence = "awaited" | "present" | "ended";

/** One standing wish of a cell. */
export type CellCatch = {
  readonly number: number;
  readonly mode: CatchMode;
  readonly pattern: Pattern;
} & (
  | { readonly mode: "multi"; readonly stream: Stream }
  | { readonly mode: "any"; readonly member: Member }
);

/** What an operator asks about a cell, counted since its welcome. */
export interface CellStats {
  sent: number;
  delivered: number;
  missed: number;
  repaired: number;
  gone: number;
  errors: number;
}

/** A cell that was welcomed and has not left. */
export interface CellRecord {
  readonly id: Thid;
  readonly service: string;
  readonly encoding: Encoding;
  readonly session: number;
  /** The resume secret: never logged. */
  readonly secret: string;
  readonly presenceTopic: string;
  readonly connection: string;
  readonly welcomedMs: number;
  readonly sender: Sender;
  readonly confirms: Confirms;
  readonly catches: Map<number, CellCatch>;
  readonly stats: CellStats;
  /** What it has claimed of groups that it has not caught yet, by their patterns. */
  readonly claims: Map<string, Claim>;
  /** How many ranges it has claimed in this attachment. */
  claimedRanges: number;
  /** Until when what it has left is kept: streams without cells, groups that it has claimed. */
  readonly kept: Map<Stream | Group, number>;
  state: CellState;
  presence: Presence;
  heardMs: number;
  /** When it counts as dead; `Infinity` while nothing speaks for that. */
  doomedMs: number;
  /** Whether another transmitter says that it is attached there by now. */
  isElsewhere: boolean;
  /** Whether the command socket has lost its connection. */
  unreachable: boolean;
  /** When others were told last that it is slow. */
  slowToldMs: number;
  nextCatch: number;
  /** The command addresses of transmitters that a beat has named last; none since its welcome. */
  told: readonly string[] | undefined;
  /**
   * Who reads more slowly than this cell sends, and until when its confirms may wait for that.
   */
  pace: { readonly reader: Pacer; readonly untilMs: number } | undefined;
  /** The first event refused as busy and not sent again, and how long what follows waits for it. */
  refused: { readonly first: number; readonly untilMs: number } | undefined;
}

/** The catch of a cell with this pattern and mode, if there is one. */
export function findCatch(
  cell: CellRecord,
  mode: CatchMode,
  pattern: string,
): CellCatch | undefined {
  for (const held of cell.catches.values()) {
    if (held.mode === mode && held.pattern.text === pattern) return held;
  }
  return undefined;
}

/** Whether a cell holds deliveries that it has not settled. */
export function isAtWork({ catches }: CellRecord): boolean {
  for (const held of catches.values()) {
    if (held.mode === "any" && held.member.heldCount > 0) return true;
  }
  return false;
}

/** What a cell gets with its welcome. */
export interface NewCell
  extends Pick<CellRecord, "encoding" | "connection" | "sender" | "confirms"> {
  readonly secrets: Pick<CellRecord, "secret" | "presenceTopic">;
  readonly nowMs: number;
}

/**
 * The record of a cell that has said hello. Field by field: spreading takes thirty times as long.
 */
export function newCell(hello: Hello, given: NewCell): CellRecord {
  const { nowMs } = given;
  return {
    id: hello.id,
    service: hello.service,
    session: hello.session,
    encoding: given.encoding,
    connection: given.connection,
    sender: given.sender,
    confirms: given.confirms,
    secret: given.secrets.secret,
    presenceTopic: given.secrets.presenceTopic,
    welcomedMs: nowMs,
    catches: new Map(),
    claims: new Map(),
    claimedRanges: 0,
    kept: new Map(),
    stats: { sent: 0, delivered: 0, missed: 0, repaired: 0, gone: 0, errors: 0 },
    state: "alive",
    presence: "awaited",
    heardMs: nowMs,
    doomedMs: Number.POSITIVE_INFINITY,
    isElsewhere: false,
    unreachable: false,
    slowToldMs: Number.NEGATIVE_INFINITY,
    nextCatch: 1,
    told: undefined,
    pace: undefined,
    refused: undefined,
  };
}
