import {
  type Body,
  booleanField,
  checkExtras,
  checkMessagePack,
  checkService,
  checkChannel,
  decodeMessagePack,
  encodeMessagePack,
  type FieldMap,
  intField,
  listField,
  type LooseEvent,
  mapValue,
  MeshError,
  outcomes,
  ownField,
  type Outcome,
  parsePattern,
  type Pattern,
  readPackedBody,
  readThid,
  type SeqRange,
  stringField,
  type Thid,
} from "@thynapse/protocol";
import { numbersOf, rangesOf } from "../events/numbers.js";

/**
 * What transmitters say to each other of events, over their links: `M`, four capitals, a map, and
 * with `DLVR` and `HEIR` a run behind it.
 *
 * @see PROTOCOL.md §18.2, which has the same rows.
 */
export const siteCommands = Object.freeze({
  EVNT: "a run for your streams",
  DLVR: "deliveries for your cells",
  SETL: "what became of your deliveries",
  STLD: "settlements with outputs: taken and handled, or stale",
  NEED: "how much credit of your cells I want in all, and have got",
  LEAS: "you may deliver so many more; 0: give back what you do not need",
  RTRN: "so much of what you leased to me I do not need",
  SEEK: "a sender repeats these events here: what do you know of them?",
  CLAM: "what I, or one of my cells, know of events of a group",
  HEIR: "I end: these events are yours",
  RPLY: "a part of a streamed reply, or a reply to a gather",
  EXPC: "the cells that a gather reached here, or that are gone",
  SLOW: "readers of your events lag behind: wait so long; 0: go on",
  LOST: "so many events of these channels did not come through",
  SYNC: "answer this behind all that you have sent me",
  SYND: "all that I had sent before is on its way before this",
} satisfies Record<string, string>);

/** A word of this table. */
export type SiteCommand = keyof typeof siteCommands;

/**
 * How a delivery of another origin ended at a site. Besides what a cell can say:
 *
 * - `moved`: its cell is gone or has dropped the catch, and had not begun it.
 * - `crashed`: its cell died and may have been working on it.
 * - `overdue`: its cell did not settle it in time.
 * - `away`: its cell is attached anew and may claim it.
 * - `unplaced`: no cell could take it: it was no attempt.
 */
export type PassedOutcome = Outcome | (typeof moreOutcomes)[number];

const moreOutcomes = ["moved", "crashed", "overdue", "away", "unplaced"] as const;
const passedOutcomes: readonly PassedOutcome[] = [...outcomes, ...moreOutcomes];

/** One row of `SETL` between transmitters. */
export interface PassedSettlement {
  readonly outcome: PassedOutcome;
  readonly first: number;
  readonly count: number;
  readonly attempt: number;
  readonly reason?: string | undefined;
  readonly result?: Body | undefined;
  readonly outputs?: readonly LooseEvent[] | undefined;
  /** With outputs: what `STLD` names. */
  readonly ref?: number | undefined;
}

/** A group as words name it. */
export interface GroupName {
  readonly service: string;
  readonly pattern: Pattern;
}

/** A word, with what stands behind its map. */
export interface SiteWord {
  readonly command: string;
  readonly map: FieldMap;
  readonly part: Buffer;
  /** Where the map ends in `part`. */
  readonly end: number;
}

const payloadAt = 7;
const rowsMax = 65_536;
const reasonCharsMax = 1024;

/** Writes a word; the map is followed by `tail`, if there is one. */
export function writeSiteWord(command: string, map: object): Buffer {
  return Buffer.concat([Buffer.from(`M ${command} `, "latin1"), encodeMessagePack(map)]);
}

/** Whether a part of a link is a word of this kind, and none of the mesh itself. */
export function isSiteWord(part: Buffer): boolean {
  return part[0] === 0x4d && part[1] === 0x20;
}

/** The four capitals of a word. */
export function commandOf(part: Buffer): string {
  return part.toString("latin1", 2, 6);
}

/** Reads a word other than `EVNT`. @throws {MeshError} `BAD_PAYLOAD`, as `decodeMessagePack` */
export function readSiteWord(part: Buffer): SiteWord {
  const end = checkMessagePack(part, payloadAt, part.length);
  const map = mapValue(decodeMessagePack(part, payloadAt, end), "a word");
  return { command: commandOf(part), map, part, end };
}

/** The fields that name a group. */
export function groupFields(group: { readonly service: string; readonly pattern: Pattern }): {
  service: string;
  pattern: string;
} {
  return { service: group.service, pattern: group.pattern.text };
}

/** @throws {MeshError} `BAD_SERVICE`, `BAD_PATTERN`, `BAD_PAYLOAD` */
export function readGroupName(map: FieldMap): GroupName {
  return {
    service: checkService(ownField(map, "service")),
    pattern: parsePattern(ownField(map, "pattern")),
  };
}

/** How much a successor asks after whom it follows: many may follow one another. @see §18.11 */
export const successionStep = 1 / 1024;

/**
 * The attachment of a sender for which somebody speaks: an integer to 2^53 − 1, and some steps of a
 * successor more. @throws {MeshError} `BAD_PAYLOAD` @see §18.11
 */
export function readSession(map: FieldMap): number {
  const value = ownField(map, "session");
  if (typeof value === "number" && value >= 0) {
    if (Number.isSafeInteger(value) || Number.isSafeInteger(value / successionStep)) return value;
  }
  throw bad("a session is a number of 1024ths");
}

/** @throws {MeshError} `BAD_ID` */
export function readCell(map: FieldMap, field = "cell"): Thid | undefined {
  const value = ownField(map, field);
  return value === undefined || value === null ? undefined : readThid(value);
}

/** How a settlement stands on the wire: [outcome, first, count, attempt, detail?]. */
export function settlementRow(row: PassedSettlement): unknown[] {
  const { outcome, first, count, attempt, reason, result, outputs, ref } = row;
  const plain = [passedOutcomes.indexOf(outcome), first, count, attempt];
  if (reason === undefined && result === undefined && outputs === undefined) return plain;
  // A key counts (§3.6) even if nothing is in it.
  const detail: Record<string, unknown> = {};
  if (reason !== undefined) detail["reason"] = reason;
  if (result !== undefined) detail["result"] = [result.tag, result.bytes];
  if (ref !== undefined) detail["ref"] = ref;
  if (outputs !== undefined) {
    detail["outputs"] = outputs.map(({ channel, body, extras }) => {
      return [channel, body.tag, body.bytes, extras];
    });
  }
  return [...plain, detail];
}

/** @throws {MeshError} `BAD_PAYLOAD`, and as `checkChannel` and `checkExtras` */
export function readSettlementRows(map: FieldMap): PassedSettlement[] {
  return listField(map, "settled", rowsMax).map((row) => {
    const outcome = passedOutcomes[numberIn(row, 0)];
    const [first, count, attempt] = [numberIn(row, 1), numberIn(row, 2), numberIn(row, 3)];
    if (outcome === undefined || count < 1) throw bad("a settlement is [outcome, first, count, …]");
    const detail = (row as unknown[])[4];
    const more = detail === undefined || detail === null ? {} : readDetail(detail);
    const { reason, result, outputs, ref } = more;
    return { outcome, first, count, attempt, reason, result, outputs, ref };
  });
}

function readDetail(detail: unknown): Partial<PassedSettlement> {
  const map = mapValue(detail, "a detail");
  const result = ownField(map, "result");
  const outputs = listField(map, "outputs", rowsMax);
  const hasReason = ownField(map, "reason") !== undefined;
  return {
    reason: hasReason ? stringField(map, "reason", reasonCharsMax) : undefined,
    result: result === undefined ? undefined : readPackedBody(result),
    outputs: outputs.length === 0 ? undefined : outputs.map(readOutput),
    ref: ownField(map, "ref") === undefined ? undefined : intField(map, "ref", { min: 1 }),
  };
}

function readOutput(row: unknown): LooseEvent {
  if (!Array.isArray(row)) throw bad("an output is [channel, tag, bin, extras]");
  return {
    channel: checkChannel(row[0]),
    body: readPackedBody([row[1], row[2]]),
    extras: checkExtras(mapValue(row[3] ?? {}, "extras")),
  };
}

/** Ranges as they stand on the wire: [sender, first, last]. */
export function rangeRows(ranges: readonly SeqRange[]): unknown[] {
  return ranges.map(({ sender, first, last }) => [sender, first, last]);
}

/**
 * Reads ranges; those that overlap are one, and of each sender they ascend. What is in them may be
 * any number of events: nobody may count it out.
 *
 * @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, `TOO_LARGE`
 */
export function readRangeRows(map: FieldMap, field: string): SeqRange[] {
  const ranges = listField(map, field, rowsMax).map((row) => {
    const sender = readThid(Array.isArray(row) ? (row as unknown[])[0] : undefined);
    const [first, last] = [numberIn(row, 1), numberIn(row, 2)];
    if (first < 1 || last < first) throw bad("a range is [sender, first, last]");
    return { sender, first, last };
  });
  return rangesOf(numbersOf(ranges));
}

/** What stands before the run of a `DLVR`. */
export interface DeliveryHead extends GroupName {
  readonly number: number;
  readonly attempt: number;
  readonly repeat: boolean;
  /** The one cell that is meant, by its key or its claim. */
  readonly cell: Thid | undefined;
  /** The cell that has just given it back. */
  readonly avoid: string | undefined;
  /** Whether the cell holds it already. */
  readonly claimed: boolean;
}

/**
 * Reads what stands before a run of `count` events: all of them have numbers.
 *
 * @throws {MeshError} `BAD_PAYLOAD`, `BAD_SERVICE`, `BAD_PATTERN`, `BAD_ID`
 */
export function readDeliveryHead(map: FieldMap, count: number): DeliveryHead {
  const { service, pattern } = readGroupName(map);
  return {
    service,
    pattern,
    number: intField(map, "number", { min: 1, max: Number.MAX_SAFE_INTEGER - count }),
    attempt: intField(map, "attempt", { min: 1 }),
    repeat: booleanField(map, "repeat", false),
    cell: readCell(map),
    avoid: readCell(map, "avoid"),
    claimed: booleanField(map, "claimed", false),
  };
}

function numberIn(row: unknown, at: number): number {
  const value: unknown = Array.isArray(row) ? row[at] : undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad("a row lacks a number");
  return value as number;
}

function bad(what: string): MeshError {
  return new MeshError("BAD_PAYLOAD", what);
}
